"""One call of one model: its place in the account, its time limit, and every way to fail in one family of errors."""

from __future__ import annotations

import asyncio
import functools
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, get_args

from attrs import evolve

from pipekit.errors import PipekitError, PluginError
from pipekit.interfaces.llm_providers import FailureKind, Method, ModelOptions, ProviderFailure
from pipekit.llm.budget import BudgetReachedError
from pipekit.llm.candidates import Candidate
from pipekit.llm.near_names import near_names
from pipekit.llm.replies import CallError, Reply, read_message
from pipekit.serde import JSON
from pipekit.workers import in_thread

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

__all__ = ["call_model", "method_of"]

#: Where the way to ask asynchronously is defined that models have which know none of their own.
_LANGCHAINS_OWN = "langchain_core.language_models.chat_models"


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
    begun: Callable[[], Awaitable[None]] | None = None,
) -> Reply:
    """The model's reply as it came; `CallError` for whatever may be tried again or elsewhere.

    ``options.timeout`` bounds the whole call in seconds: a server that sends a letter now and then ends with it, too.
    No call begins at ``until`` or later, a time of the account's clock; ``begun`` is awaited before one that
    does, and its `BudgetReachedError` passes.
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
    begun: Callable[[], Awaitable[None]] | None,
) -> Reply:
    method = method_of(candidate, schema)
    async with candidate.account.place(until):
        try:
            if not candidate.is_made(options):
                await in_thread(functools.partial(candidate.model, options))
            asked = candidate.held_to(schema, method, options)
            if begun is not None:
                await begun()
            async with asyncio.timeout(options.timeout):
                answer = await _answer(candidate.model(options), asked, list(messages))
            message = answer["raw"] if isinstance(answer, dict) else answer
            return read_message(message, model=candidate.reference, method=method, info=candidate.info)
        except (CallError, PipekitError, BudgetReachedError):
            raise
        except Exception as error:
            told = _translated(candidate, error, method)
            if isinstance(told, Reply):
                return told
            raise told from error


async def _answer(model: BaseChatModel, asked: Any, messages: list[BaseMessage]) -> Any:
    """What comes of asking. A client that blocks does so in a thread that is left behind when the time is over.

    LangChain would take the loop's own threads for it, which are few, and which a loop and a process wait for at their
    end: a server that sends a letter now and then would keep both for ever.
    """
    asks = getattr(type(model), "_agenerate", None)  # a provider may give a runnable around its model as well
    if asks is not None and asks.__module__ == _LANGCHAINS_OWN:
        return await in_thread(functools.partial(asked.invoke, messages), f"pipekit {type(model).__name__}")
    return await asked.ainvoke(messages)


def _translated(candidate: Candidate, error: Exception, method: Method) -> Exception | Reply:
    """A client's error in our words; what nobody knows is the provider's own mistake.

    Some clients raise for an answer that is of no use: it was paid for, and is kept as any other.
    """
    failure = _failure(candidate, error)
    if failure is not None and failure.answer is not None:
        reply = read_message(failure.answer, model=candidate.reference, method=method, info=candidate.info)
        return evolve(reply, problem=failure.kind)
    if failure is not None:
        wait = failure.retry_after
        # What is no length of time would keep the account, or its next call, for ever.
        wait = wait if wait is not None and math.isfinite(wait) and wait >= 0 else None
        if wait and failure.kind in ("rate", "server"):
            candidate.account.cool_down(min(wait, 60.0))
        return CallError(failure.kind, str(failure.message), retry_after=wait)
    if isinstance(error, TimeoutError):
        return CallError("timeout", "no answer in time")
    return _mistake(candidate, f"raised {type(error).__name__}: {error}")


def _failure(candidate: Candidate, error: Exception) -> ProviderFailure | None:
    """What the provider makes of an error; `PluginError` where that is a mistake of its own."""
    try:
        failure: object = candidate.provider.failure(error)
    except Exception as own:  # noqa: BLE001 - whatever it is, it is told as the provider's own
        raise _mistake(candidate, f"raised {type(own).__name__} over {type(error).__name__}: {own}") from error
    if failure is None:
        return None
    if isinstance(failure, ProviderFailure) and failure.kind in get_args(FailureKind):
        return failure
    raise _mistake(candidate, f"gave no failure over {type(error).__name__}: {failure!r:.80}") from error


def _mistake(candidate: Candidate, what: str) -> PluginError:
    return PluginError(
        f"the provider {candidate.provider_name} {what}",
        kind="provider",
        plugin=candidate.provider_name,
        hook="pipekit_llm_providers",
        hint=f"check it with pipekit doctor, or use another model than {candidate.reference}",
    )
