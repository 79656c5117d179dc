"""What a model says to one turn of a question: kept from before, from an archive, or asked for now, with retries."""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from attrs import evolve, field, frozen

from pipekit.errors import PipekitError
from pipekit.interfaces.llm_providers import ModelOptions
from pipekit.llm.asked import Asked
from pipekit.llm.budget import Budget
from pipekit.llm.calling import call_model
from pipekit.llm.candidates import Candidate, Strategy
from pipekit.llm.metering import LONGEST_ANSWER, Bound, Metered
from pipekit.llm.prompts import Rendered
from pipekit.llm.replies import CallError, Reply
from pipekit.llm.retrying import Clock, RetryPolicy, SystemClock, with_retries
from pipekit.llm.tokens import RESERVED, fits, tokens_of
from pipekit.llm.windows import find_window
from pipekit.secrecy import without_secrets
from pipekit.serde import JSON, MisfitError, structure, unstructure
from pipekit.state.ledger import Charge
from pipekit.state.record import Usage
from pipekit.workers import in_thread

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["Answering", "Archive", "Asking", "Fetching", "Question", "Replies", "Teller"]


class Replies(Protocol):
    """Where the replies of models are kept, by the key of what was asked."""

    def find_reply(self, key: str, /) -> JSON:
        """The kept reply, or None."""
        ...

    async def keep_reply(
        self, key: str, value: JSON, /, charges: Sequence[Charge] = ..., kept: Callable[[], None] = ...
    ) -> None:
        """Keep a reply, and with it what it took: both or neither; durable on return, and when it calls ``kept``."""
        ...

    async def keep_charge(self, charge: Charge, /) -> None:
        """Keep what an attempt took that gave no reply; durable on return."""
        ...


class Archive(Protocol):
    """Where replies are kept beyond a run: a cache that answers, a recording that only listens."""

    def find(self, asked: Asked, /) -> Reply | None:
        """The reply to the same question, where one is kept."""
        ...

    def keep(self, asked: Asked, reply: Reply, /) -> None:
        """Keep the reply that a model just gave."""
        ...


class Answering(Protocol):
    """A provider that answers questions itself, where others hand over a model."""

    def answer(self, asked: Asked, /) -> Reply:
        """The reply to a question."""
        ...


class Teller(Protocol):
    """Who is told of every attempt."""

    def started(self, model: str, task: str, /) -> None:
        """A model is asked."""
        ...

    def retried(self, model: str, reason: str, wait: float, /) -> None:
        """The same model will be asked again, in ``wait`` seconds."""
        ...

    def failed(self, model: str, reason: str, /) -> None:
        """A model was asked for the last time, and gave nothing of use."""
        ...

    def finished(self, model: str, usage: Usage, /) -> None:
        """A model answered."""
        ...

    def counted(self, usage: Usage, /) -> None:
        """What a reply took, also one that was kept from an earlier attempt."""
        ...

    def answered(self, model: str, /) -> None:
        """A model's answer is what the question came to, also one that was kept from an earlier attempt."""
        ...

    def prompted(self, task: str, digest: str, /) -> None:
        """A prompt was used."""
        ...


@frozen(kw_only=True)
class Asking:
    """How questions are asked: all that is the same for the steps of a run.

    ``candidate_of`` finds the model of a reference; ``archives`` are asked before any model, in order; ``repairs`` says
    how often an answer of the wrong shape is sent back to the model that gave it; ``budget`` is what may be spent.
    """

    candidate_of: Callable[[str], Candidate]
    strategy: Strategy = "cascade"
    policy: RetryPolicy = RetryPolicy()
    repairs: int = 1
    clock: Clock = field(factory=SystemClock)
    chance: random.Random = field(factory=random.Random)
    archives: Sequence[Archive] = ()
    budget: Budget | None = None


@frozen(kw_only=True)
class Question:
    """One question as it is asked of every model."""

    task: str
    prompt: Rendered
    schema: JSON | None
    shape: str
    about: Sequence[JSON]
    deadline: float


class Fetching:
    """Gets the words of models for the questions of one call of a step, and keeps them before anybody reads them."""

    def __init__(self, asking: Asking, options: ModelOptions, tell: Teller, replies: Replies | None) -> None:
        self._asking = asking
        self._options = options
        self._tell = tell
        self._replies = replies

    async def reply(self, key: str, candidate: Candidate, question: Question, messages: Sequence[BaseMessage]) -> Reply:
        """The model's words, kept as they came before anybody reads them; those that are kept already cost nothing."""
        reply = self._kept(key)
        if reply is None:
            asked, reply, attempt = await self._archived_or_asked(candidate, question, messages)
            try:
                # A server knows the key that it was sent. What is read is what was kept: a replay reads the same.
                told = (*(str(message.text) for message in messages), question.shape)
                reply = evolve(reply, text=without_secrets(reply.text, told=told))
                if self._replies is not None:
                    took = () if attempt is None else ([attempt.answered(reply)], attempt.close)
                    await self._replies.keep_reply(key, unstructure(reply), *took)
            finally:
                if attempt is not None:
                    attempt.close()
            # The run's own journal comes first: a recording that can't be written loses nothing that was paid for.
            if asked is not None:
                for archive in self._asking.archives:
                    await in_thread(functools.partial(archive.keep, asked, reply))
        self._tell.counted(reply.usage)
        if reply.problem is not None:
            await self.set_aside([key])
            raise CallError(reply.problem, _WORDS[reply.problem])
        return reply

    async def _archived_or_asked(
        self, candidate: Candidate, question: Question, messages: Sequence[BaseMessage]
    ) -> tuple[Asked | None, Reply, Metered | None]:
        """The reply; for archives the question where a model gave it just now; and the attempt that gave it."""
        archives = self._asking.archives
        answering = _answering(candidate.provider)
        if not archives and answering is None:
            return None, *await self._asked(candidate, question, messages)
        asked = Asked.of(
            question.task,
            candidate.reference,
            messages,
            question.schema,
            self._options.temperature,
            server=candidate.server,
            shape=question.shape,
        )
        if answering is not None:
            return None, evolve(answering.answer(asked), usage=Usage()), None
        for archive in archives:
            found = await in_thread(functools.partial(archive.find, asked))
            if found is not None:
                return None, evolve(found, usage=Usage()), None  # it was paid for when it was asked
        return asked, *await self._asked(candidate, question, messages)

    async def _asked(
        self, candidate: Candidate, question: Question, messages: Sequence[BaseMessage]
    ) -> tuple[Reply, Metered]:
        """Ask, with retries; a prompt that can't fit is not sent, for servers cut it in silence.

        The attempt that gave the reply is still to be closed.
        """
        texts = [*(str(message.text) for message in messages), question.shape]
        prompt = tokens_of(texts)
        await find_window(candidate)
        budget, answer = self._asking.budget, self._options.max_tokens
        if budget is not None and budget.bounds_answers and answer is None:
            window = candidate.info.window
            answer = LONGEST_ANSWER if window is None else min(LONGEST_ANSWER, max(1, window // 2))
        options = _with_room(evolve(self._options, max_tokens=answer), prompt + (answer or RESERVED))
        bound = None if budget is None else Bound.of(texts, question.schema, answer or LONGEST_ANSWER)
        if not fits(prompt, candidate.info.window, answer):
            told = f"about {prompt:,} tokens and the answer don't fit its window of {candidate.info.window:,}"
            raise CallError("too-long", told)

        async def once() -> tuple[Reply, Metered]:
            attempt = Metered(candidate, question.task, bound, budget)

            async def begun() -> None:
                await attempt.reserve(_nowhere if self._replies is None else self._replies.keep_charge)
                attempt.has_begun = True
                self._tell.started(candidate.reference, question.task)

            try:
                reply = await call_model(
                    candidate, messages, question.schema, options, until=question.deadline, begun=begun
                )
            except (Exception, asyncio.CancelledError) as error:
                try:
                    await self._keep_failed(attempt, error)
                finally:
                    attempt.close()
                raise
            self._tell.finished(candidate.reference, reply.usage)
            if reply.problem == "empty":
                try:
                    if self._replies is not None:
                        await self._replies.keep_charge(attempt.answered(reply))
                finally:
                    attempt.close()
                self._tell.counted(reply.usage)
                raise CallError("empty", _WORDS["empty"])
            return reply, attempt

        def again(error: CallError, wait: float) -> None:
            self._tell.retried(candidate.reference, f"{error.kind}: {error.message}", wait)

        asking = self._asking
        return await with_retries(
            once,
            asking.policy,
            deadline=question.deadline,
            clock=asking.clock,
            chance=asking.chance,
            tell=again,
        )

    async def _keep_failed(self, attempt: Metered, error: BaseException) -> None:
        """Keep what an attempt took that gave no answer; one that never began took nothing."""
        if self._replies is None or not attempt.has_begun:
            return
        charge = attempt.failed(error.kind if isinstance(error, CallError) else _UNNAMED.get(type(error), "error"))
        try:
            await self._replies.keep_charge(charge)
        except PipekitError:
            # Where a run is stopped or given back nothing can be kept any more, and the stop is what is to be told.
            if not isinstance(error, asyncio.CancelledError):
                raise

    # --- replies that are kept ---------------------------------------------------------------------------------------

    def _kept(self, key: str) -> Reply | None:
        kept = self._replies.find_reply(key) if self._replies is not None else None
        if kept is None or kept.get("isSetAside"):
            return None
        try:
            return structure(kept, Reply)
        except MisfitError:
            return None  # kept by a version that wrote replies otherwise

    async def set_aside(self, keys: Sequence[str]) -> None:
        """Mark replies that were of no use: they stay on record, and the next attempt asks anew."""
        for key in keys if self._replies is not None else ():
            assert self._replies is not None
            if (kept := self._replies.find_reply(key)) is not None:
                await self._replies.keep_reply(key, {**kept, "isSetAside": True})


#: How an attempt ended that came to no failure of the call.
_UNNAMED: Mapping[type[BaseException], str] = {asyncio.CancelledError: "stopped"}
_WORDS = {
    "truncated": "its answer was cut off",
    "declined": "it declined to answer",
    "filtered": "its answer was filtered",
    "empty": "its answer is empty",
}


async def _nowhere(_: Charge) -> None:
    """Keep nothing."""


def _answering(provider: object) -> Answering | None:
    """The provider, where it answers itself. Every question asks; Python's own check of a protocol takes a while."""
    return cast("Answering", provider) if callable(getattr(provider, "answer", None)) else None


def _with_room(options: ModelOptions, context: int) -> ModelOptions:
    """The options with room for so many tokens, in large steps, so that few clients have to be made."""
    return evolve(options, context=max(4096, -(-context // 2048) * 2048))
