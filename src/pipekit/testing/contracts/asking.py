"""Asking a provider's model the way the model service does, so that a contract sees what a run would see."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from attrs import evolve, frozen

from pipekit.errors import PluginError
from pipekit.interfaces import LLMProvider, ModelOptions, Usage
from pipekit.interfaces.llm_providers import Method
from pipekit.llm.calling import call_model
from pipekit.llm.candidates import Candidate
from pipekit.llm.limits import Account, Limits
from pipekit.llm.replies import CallError

__all__ = ["SCHEMA", "Outcome", "ask", "ask_now", "candidate_of"]


SCHEMA: Any = {
    "title": "Estimate",
    "description": "An estimate.",
    "type": "object",
    "properties": {"title": {"type": "string"}, "points": {"type": "integer"}},
    "required": ["title", "points"],
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Outcome:
    """What came of a question: words with their usage, or why there is no success (``problem``, a kind of failure)."""

    text: str = ""
    problem: str | None = None
    message: str = ""
    retry_after: float | None = None
    usage: Usage | None = None


def candidate_of(provider: LLMProvider, model: str, method: Method | None = None) -> Candidate:
    """A model to ask, with limits of its own: what one question does to them is nothing to the next."""
    info = provider.describe(model)
    return Candidate(
        reference=f"contract/{model}",
        provider_name="contract",
        name=model,
        provider=provider,
        info=info if method is None else evolve(info, methods=(method,)),
        account=Account(Limits()),
    )


async def ask(candidate: Candidate, question: str, options: ModelOptions) -> Outcome:
    """Put one question; an error that the provider's ``failure`` doesn't know fails the test."""
    from langchain_core.messages import HumanMessage

    try:
        reply = await call_model(candidate, [HumanMessage(question)], SCHEMA, options)
    except CallError as error:
        return Outcome(problem=error.kind, message=error.message, retry_after=error.retry_after)
    except PluginError as error:
        if error.__cause__ is None:
            raise
        pytest.fail(f"failure() gives None for an error that asking the model raised: {error.__cause__!r}")
    return Outcome(text=reply.text, problem=reply.problem, usage=reply.usage)


def ask_now(candidate: Candidate, question: str = "Estimate: book an entry time.", **options: Any) -> Outcome:
    """`ask` in an event loop of its own."""
    return asyncio.run(ask(candidate, question, ModelOptions(**{"timeout": 30.0, **options})))
