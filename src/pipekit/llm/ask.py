"""The service `LLM`: prompt → models in turn → one validated answer."""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from attrs import evolve, field, frozen

from pipekit.errors import StepError
from pipekit.interfaces.llm_providers import LLM, ModelOptions
from pipekit.llm.asked import Asked
from pipekit.llm.calling import call_model, method_of
from pipekit.llm.candidates import Candidate, Strategy, in_order
from pipekit.llm.giving_up import given_up
from pipekit.llm.prompts import Rendered, find_prompt, read_prompt, render_prompt
from pipekit.llm.replies import CallError, Reply
from pipekit.llm.retrying import STOPPING, Clock, RetryPolicy, SystemClock, with_retries
from pipekit.llm.schema import schema_of
from pipekit.llm.structured import parse_answer
from pipekit.llm.tokens import RESERVED, fits, tokens_of
from pipekit.secrecy import without_secrets
from pipekit.serde import JSON, MisfitError, encode, structure, unstructure
from pipekit.state.record import Usage
from pipekit.workers import in_thread

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable

__all__ = ["Answering", "Archive", "Asking", "ModelService", "Replies", "Teller"]

T = TypeVar("T")

#: Shorter answers are read in no time.
_QUICK = 20_000
#: Longer answers are shown to a model in part when they are sent back.
_SHOWN = 20_000


class Replies(Protocol):
    """Where the replies of models are kept, by the key of what was asked."""

    def find_reply(self, key: str, /) -> JSON:
        """The kept reply, or None."""
        ...

    async def keep_reply(self, key: str, value: JSON, /) -> None:
        """Keep a reply; durable on return."""
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

    def prompted(self, task: str, digest: str, /) -> None:
        """A prompt was used."""
        ...


@frozen(kw_only=True)
class Asking:
    """How questions are asked: all that is the same for the steps of a run.

    ``candidate_of`` finds the model of a reference; ``archives`` are asked before any model, in order; ``repairs`` says
    how often an answer of the wrong shape is sent back to the model that gave it.
    """

    candidate_of: Callable[[str], Candidate]
    strategy: Strategy = "cascade"
    policy: RetryPolicy = RetryPolicy()
    repairs: int = 1
    clock: Clock = field(factory=SystemClock)
    chance: random.Random = field(factory=random.Random)
    archives: Sequence[Archive] = ()


@frozen(kw_only=True)
class _Question:
    """One question as it is asked of every model."""

    task: str
    prompt: Rendered
    schema: JSON | None
    shape: str
    about: Sequence[JSON]
    deadline: float


class ModelService:
    """Asks models in turn until one gives an answer that fits. An answer that doesn't is sent back, saying why."""

    def __init__(
        self,
        asking: Asking,
        models: Sequence[str],
        options: ModelOptions,
        *,
        prompt_folders: Sequence[Path],
        tell: Teller,
        replies: Replies | None = None,
    ) -> None:
        self._asking = asking
        self._models = tuple(models)
        self._options = options
        self._prompt_folders = tuple(prompt_folders)
        self._tell = tell
        self._replies = replies

    def using(self, *, model: str | None = None, temperature: float | None = None) -> LLM:
        """The same service with another model before the fallbacks, or another temperature."""
        models = self._models
        if model is not None:
            named = model if "/" in model else f"{self._models[0].partition('/')[0]}/{model}"
            models = (named, *self._models[1:])
        return ModelService(
            self._asking,
            models,
            self._options if temperature is None else evolve(self._options, temperature=temperature),
            prompt_folders=self._prompt_folders,
            tell=self._tell,
            replies=self._replies,
        )

    async def ask(
        self,
        task: str,
        /,
        *,
        returns: type[T],
        key: str = "",
        merge: Callable[[Sequence[T]], T] | None = None,
        **inputs: object,
    ) -> T:
        """One validated answer; `StepError` when none came, `ProviderError` when no model can be asked."""
        del merge  # one question is one call here; splitting what is too long is not there yet
        question = self._question(task, returns, key, inputs)
        failures: list[tuple[Candidate, CallError]] = []
        candidates = [self._asking.candidate_of(reference) for reference in self._models]
        for candidate in in_order(candidates, self._asking.strategy):
            try:
                return await self._converse(candidate, question, returns)
            except CallError as error:
                failures.append((candidate, error))
                self._tell.failed(candidate.reference, f"{error.kind}: {error.message}")
                if error.kind in STOPPING or self._asking.clock.now() >= question.deadline:
                    break
        raise given_up(task, failures)

    def as_runnable(self, task: str, /, *, returns: type[T]) -> Runnable[dict[str, Any], T]:
        """The same question as a Runnable that takes the inputs as a dict."""
        from langchain_core.runnables import RunnableLambda

        async def ask(inputs: dict[str, Any]) -> T:
            return await self.ask(task, returns=returns, **inputs)

        def refuse(_: dict[str, Any]) -> T:
            raise StepError("a step's model is asked asynchronously: use ainvoke", kind="sync")

        return RunnableLambda(refuse, afunc=ask, name=task)

    # --- one question ------------------------------------------------------------------------------------------------

    def _question(self, task: str, returns: type[Any], key: str, inputs: Mapping[str, object]) -> _Question:
        prompt = read_prompt(find_prompt(task, self._prompt_folders))
        self._tell.prompted(task, prompt.digest)
        schema, shape = (None, "") if returns is str else _described(returns)  # type: ignore[arg-type]
        # What decides how long or where to ask is no part of the question: it may change, and the reply still holds.
        about = [task, prompt.digest, key, unstructure(inputs), shape, self._models[0], self._options.temperature]
        return _Question(
            task=task,
            prompt=render_prompt(prompt, inputs),
            schema=schema,
            shape=shape,
            about=about,
            deadline=self._asking.clock.now() + self._asking.policy.total,
        )

    async def _converse(self, candidate: Candidate, question: _Question, returns: type[T]) -> T:
        """The answer of one model: asked, and asked again with what was wrong; `CallError` when none fits."""
        from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

        prompt = question.prompt
        shape = question.shape if method_of(candidate, question.schema) == "text" else ""
        messages: list[BaseMessage] = [SystemMessage(prompt.system)] if prompt.system else []
        messages.append(HumanMessage(prompt.user + shape))
        problems: tuple[str, ...] = ()
        keys: list[str] = []
        for turn in range(1 + self._asking.repairs):
            if turn and self._asking.clock.now() >= question.deadline:
                break
            keys.append(_digest([*question.about, candidate.reference, turn]))
            reply = await self._reply(keys[-1], candidate, question, messages)
            try:
                if len(reply.text) < _QUICK:
                    return parse_answer(reply.text, returns)
                return await in_thread(functools.partial(parse_answer, reply.text, returns))
            except MisfitError as error:
                if error.problems == problems:
                    break  # told what is wrong, it said the same again
                problems = error.problems
                messages += [AIMessage(reply.text[:_SHOWN]), HumanMessage(_complaint(problems))]
        await self._set_aside(keys)
        raise CallError("schema", f"its answer doesn't fit: {problems[0]}")

    async def _reply(
        self, key: str, candidate: Candidate, question: _Question, messages: Sequence[BaseMessage]
    ) -> Reply:
        """The model's words, kept as they came before anybody reads them; those that are kept already cost nothing."""
        reply = self._kept(key)
        if reply is None:
            asked, reply = await self._archived_or_asked(candidate, question, messages)
            # A server knows the key that it was sent. What is read is what was kept, so that a replay reads the same.
            told = (*(str(message.text) for message in messages), question.shape)
            reply = evolve(reply, text=without_secrets(reply.text, told=told))
            if self._replies is not None:
                await self._replies.keep_reply(key, unstructure(reply))
            # The run's own journal comes first: a recording that can't be written loses nothing that was paid for.
            if asked is not None:
                for archive in self._asking.archives:
                    await in_thread(functools.partial(archive.keep, asked, reply))
        self._tell.counted(reply.usage)
        if reply.problem is not None:
            await self._set_aside([key])
            raise CallError(reply.problem, _WORDS[reply.problem])
        return reply

    async def _archived_or_asked(
        self, candidate: Candidate, question: _Question, messages: Sequence[BaseMessage]
    ) -> tuple[Asked | None, Reply]:
        """The reply, and for archives the question where a model gave it just now."""
        archives = self._asking.archives
        answering = _answering(candidate.provider)
        if not archives and answering is None:
            return None, await self._asked(candidate, question, messages)
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
            return None, evolve(answering.answer(asked), usage=Usage())
        for archive in archives:
            found = await in_thread(functools.partial(archive.find, asked))
            if found is not None:
                return None, evolve(found, usage=Usage())  # it was paid for when it was asked
        return asked, await self._asked(candidate, question, messages)

    async def _asked(self, candidate: Candidate, question: _Question, messages: Sequence[BaseMessage]) -> Reply:
        """Ask, with retries; a prompt that can't fit is not sent, for servers cut it in silence."""
        prompt = tokens_of([*(str(message.text) for message in messages), question.shape])
        options = _with_room(self._options, prompt + (self._options.max_tokens or RESERVED))
        if not fits(prompt, candidate.info.window, self._options.max_tokens):
            told = f"about {prompt:,} tokens and the answer don't fit its window of {candidate.info.window:,}"
            raise CallError("too-long", told)

        async def once() -> Reply:
            reply = await call_model(
                candidate,
                messages,
                question.schema,
                options,
                until=question.deadline,
                begun=lambda: self._tell.started(candidate.reference, question.task),
            )
            self._tell.finished(candidate.reference, reply.usage)
            if reply.problem == "empty":
                self._tell.counted(reply.usage)
                raise CallError("empty", _WORDS["empty"])
            return reply

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

    # --- replies that are kept ---------------------------------------------------------------------------------------

    def _kept(self, key: str) -> Reply | None:
        kept = self._replies.find_reply(key) if self._replies is not None else None
        if kept is None or kept.get("isSetAside"):
            return None
        try:
            return structure(kept, Reply)
        except MisfitError:
            return None  # kept by a version that wrote replies otherwise

    async def _set_aside(self, keys: Sequence[str]) -> None:
        """Mark replies that were of no use: they stay on record, and the next attempt asks anew."""
        for key in keys if self._replies is not None else ():
            assert self._replies is not None
            if (kept := self._replies.find_reply(key)) is not None:
                await self._replies.keep_reply(key, {**kept, "isSetAside": True})


_WORDS = {
    "truncated": "its answer was cut off",
    "declined": "it declined to answer",
    "filtered": "its answer was filtered",
    "empty": "its answer is empty",
}


def _answering(provider: object) -> Answering | None:
    """The provider, where it answers itself. Every question asks; Python's own check of a protocol takes a while."""
    return cast("Answering", provider) if callable(getattr(provider, "answer", None)) else None


def _with_room(options: ModelOptions, context: int) -> ModelOptions:
    """The options with room for so many tokens, in large steps, so that few clients have to be made."""
    return evolve(options, context=max(4096, -(-context // 2048) * 2048))


def _digest(value: JSON) -> str:
    return hashlib.sha256(encode(value)).hexdigest()[:24]


@functools.lru_cache(maxsize=256)
def _described(returns: type[Any]) -> tuple[dict[str, JSON], str]:
    """The schema of an answer, and the words for it; every item of a step asks for the same one."""
    schema = schema_of(returns)
    return schema, _shape(schema)


def _shape(schema: Mapping[str, JSON]) -> str:
    """What the answer must look like, for models without a native way to say so."""
    text = encode(schema).decode()
    return f"\n\nAnswer with one JSON value and nothing else. It must fit this JSON schema:\n{text}\n"


def _complaint(problems: Sequence[str]) -> str:
    listed = "\n- ".join(problems[:20])
    return f"That answer doesn't fit. Give the whole answer again, with this mended:\n- {listed}"
