"""One call of one model: its place in the account, its time limit, and every way to fail in one family of errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from pipekit.errors import PipekitError, PluginError
from pipekit.interfaces.llm_providers import Method, ModelOptions
from pipekit.llm.candidates import Candidate
from pipekit.llm.near_names import near_names
from pipekit.llm.replies import CallError, Reply, read_message
from pipekit.serde import JSON

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["call_model", "method_of"]


def method_of(candidate: Candidate, schema: JSON | None) -> Method:
    """How the shape of an answer is asked for; plain text needs no shape."""
    return "text" if schema is None or not candidate.info.methods else candidate.info.methods[0]


async def call_model(
    candidate: Candidate,
    messages: Sequence[BaseMessage],
    schema: JSON | None,
    options: ModelOptions,
    *,
    until: float | None = None,
    begun: Callable[[], None] = lambda: None,
) -> Reply:
    """The model's reply as it came; `CallError` for whatever may be tried again or elsewhere.

    ``options.timeout`` bounds the whole call in seconds: a server that sends a letter now and then ends with it, too.
    No call begins at ``until`` or later, a time of the account's clock; ``begun`` is told of one that does.
    """
    try:
        return await _called(candidate, messages, schema, options, until, begun)
    except CallError as error:
        if error.kind == "not-found" and (near := await near_names(candidate)):
            told = f"{error.message}; it has: {', '.join(near)}"
            raise CallError(error.kind, told, retry_after=error.retry_after) from error.__cause__
        raise


async def _called(
    candidate: Candidate,
    messages: Sequence[BaseMessage],
    schema: JSON | None,
    options: ModelOptions,
    until: float | None,
    begun: Callable[[], None],
) -> Reply:
    method = method_of(candidate, schema)
    async with candidate.account.place(until):
        try:
            if not candidate.is_made(options):
                await asyncio.to_thread(candidate.model, options)
            asked = candidate.held_to(schema, method, options)
            begun()
            async with asyncio.timeout(options.timeout):
                answer = await asked.ainvoke(list(messages))
        except (CallError, PipekitError):
            raise
        except Exception as error:
            told = _translated(candidate, error, method)
            if isinstance(told, Reply):
                return told
            raise told from error
        message = answer["raw"] if isinstance(answer, dict) else answer
        return read_message(message, model=candidate.reference, method=method, info=candidate.info)


def _translated(candidate: Candidate, error: Exception, method: Method) -> Exception | Reply:
    """A client's error in our words; what nobody knows is the provider's own mistake.

    Some clients raise for an answer that is of no use: it was paid for, and is kept as any other.
    """
    failure = candidate.provider.failure(error)
    if failure is not None and failure.answer is not None:
        reply = read_message(failure.answer, model=candidate.reference, method=method, info=candidate.info)
        return evolve(reply, problem=failure.kind)
    if failure is not None:
        if failure.retry_after and failure.kind in ("rate", "server"):
            candidate.account.cool_down(min(failure.retry_after, 60.0))
        return CallError(failure.kind, failure.message, retry_after=failure.retry_after)
    if isinstance(error, TimeoutError):
        return CallError("timeout", "no answer in time")
    return PluginError(
        f"the provider {candidate.provider_name} raised {type(error).__name__}: {error}",
        kind="provider",
        plugin=candidate.provider_name,
        hook="pipekit_llm_providers",
        hint=f"check it with pipekit doctor, or use another model than {candidate.reference}",
    )
