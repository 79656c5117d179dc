"""The service `LLM`: prompt → models in turn → one validated answer."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve

from pipekit.errors import PipekitError, StepError
from pipekit.interfaces.llm_providers import LLM, ModelOptions
from pipekit.llm.calling import method_of
from pipekit.llm.candidates import Candidate, in_order
from pipekit.llm.fetching import Archive, Asking, Fetching, Question, Replies, Teller
from pipekit.llm.giving_up import given_up, tell_those_before
from pipekit.llm.prompts import find_prompt, read_prompt, render_prompt
from pipekit.llm.replies import CallError
from pipekit.llm.retrying import STOPPING
from pipekit.llm.schema import schema_of
from pipekit.llm.structured import parse_answer
from pipekit.serde import JSON, MisfitError, encode, unstructure
from pipekit.workers import in_thread

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable

__all__ = ["Archive", "Asking", "ModelService"]

T = TypeVar("T")

#: Shorter answers are read in no time.
_QUICK = 20_000
#: Longer answers are shown to a model in part when they are sent back.
_SHOWN = 20_000


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
        self._fetching = Fetching(asking, options, tell, replies)

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
                answer = await self._converse(candidate, question, returns)
            except CallError as error:
                failures.append((candidate, error))
                self._tell.failed(candidate.reference, f"{error.kind}: {error.message}")
                if error.kind in STOPPING or self._asking.clock.now() >= question.deadline:
                    break
            except PipekitError as error:  # a mistake in this model's settings or in its provider
                tell_those_before(error, failures)
                raise
            else:
                self._tell.answered(candidate.reference)
                return answer
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

    def _question(self, task: str, returns: type[Any], key: str, inputs: Mapping[str, object]) -> Question:
        prompt = read_prompt(find_prompt(task, self._prompt_folders))
        self._tell.prompted(task, prompt.digest)
        schema, shape = (None, "") if returns is str else _described(returns)  # type: ignore[arg-type]
        # What decides how long or where to ask is no part of the question: it may change, and the reply still holds.
        about = [task, prompt.digest, key, unstructure(inputs), shape, self._models[0], self._options.temperature]
        return Question(
            task=task,
            prompt=render_prompt(prompt, inputs),
            schema=schema,
            shape=shape,
            about=about,
            deadline=self._asking.clock.now() + self._asking.policy.total,
        )

    async def _converse(self, candidate: Candidate, question: Question, returns: type[T]) -> T:
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
            reply = await self._fetching.reply(keys[-1], candidate, question, messages)
            try:
                if len(reply.text) < _QUICK:
                    return parse_answer(reply.text, returns)
                return await in_thread(functools.partial(parse_answer, reply.text, returns))
            except MisfitError as error:
                if error.problems == problems:
                    break  # told what is wrong, it said the same again
                problems = error.problems
                messages += [AIMessage(reply.text[:_SHOWN]), HumanMessage(_complaint(problems))]
        await self._fetching.set_aside(keys)
        raise CallError("schema", f"its answer doesn't fit: {problems[0]}")


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
