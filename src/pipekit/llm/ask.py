"""The service `LLM`: prompt → call → one validated answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pipekit.errors import PluginError, ProviderError, StepError
from pipekit.interfaces.llm_providers import LLM, LLMProvider, ModelOptions
from pipekit.llm.prompts import find_prompt, prompt_digest, read_prompt, render_prompt
from pipekit.llm.structured import parse_answer
from pipekit.serde import JSON, MisfitError, camel_case, encode, structure, unstructure
from pipekit.state.record import Usage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable

__all__ = ["ModelService"]

T = TypeVar("T")

_STOPPED = {
    "length": "was cut off",
    "max_tokens": "was cut off",
    "content_filter": "was filtered",
    "refusal": "was refused",
}


class Replies(Protocol):
    """Where the replies of models are kept, by the key of what was asked."""

    def find_reply(self, key: str, /) -> JSON:
        """The kept reply, or None."""
        ...

    async def keep_reply(self, key: str, value: JSON, /) -> None:
        """Keep a reply; durable on return."""
        ...


class ModelService:
    """Asks one model of one provider. An answer that doesn't fit is sent back once, with what is wrong with it."""

    def __init__(
        self,
        provider: LLMProvider,
        model: str,
        options: ModelOptions,
        *,
        prompt_folders: Sequence[Path],
        on_call: Callable[[Usage], None],
        on_prompt: Callable[[str, str], None] = lambda _, __: None,
        replies: Replies | None = None,
    ) -> None:
        self._provider = provider
        self._model = model
        self._options = options
        self._prompt_folders = tuple(prompt_folders)
        self._on_call = on_call
        self._on_prompt = on_prompt
        self._replies = replies

    def using(self, *, model: str | None = None, temperature: float | None = None) -> LLM:
        """The same service with another model of the provider, or another temperature."""
        from attrs import evolve

        options = self._options if temperature is None else evolve(self._options, temperature=temperature)
        return ModelService(
            self._provider,
            model or self._model,
            options,
            prompt_folders=self._prompt_folders,
            on_call=self._on_call,
            on_prompt=self._on_prompt,
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
        """One validated answer; `StepError` when none came, `ProviderError` when the model can't be asked."""
        del merge  # one call is one question here; splitting comes with the windows of models
        from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

        template = prompt_digest(task, self._prompt_folders) or ""
        rendered = render_prompt(read_prompt(find_prompt(task, self._prompt_folders)), inputs)
        prompt = rendered.user
        self._on_prompt(task, template)
        question = [self._provider_model(), unstructure(self._options), task, template, key, unstructure(inputs)]
        if returns is not str:
            prompt += _shape_of(returns)
        messages: list[BaseMessage] = [
            *([SystemMessage(rendered.system)] if rendered.system else ()),
            HumanMessage(prompt),
        ]
        problems: tuple[str, ...] = ()
        keys = [hashlib.sha256(encode([*question, turn])).hexdigest()[:24] for turn in range(2)]
        for reply_key in keys:
            text = await self._reply(reply_key, messages)
            try:
                return parse_answer(text, returns)
            except MisfitError as error:
                problems = error.problems
                complaint = "That answer doesn't fit. Give the whole answer again, with this mended:\n- "
                messages += [AIMessage(text), HumanMessage(complaint + "\n- ".join(problems))]
        await self._set_aside(keys)
        raise StepError(
            f"the model {self._model} gave no valid answer to {task}: {problems[0]}",
            kind="schema",
            attempts=2,
            hint="try again with pipekit resume, or with another model",
        )

    def as_runnable(self, task: str, /, *, returns: type[T]) -> Runnable[dict[str, Any], T]:
        """The same question as a Runnable that takes the inputs as a dict."""
        from langchain_core.runnables import RunnableLambda

        async def ask(inputs: dict[str, Any]) -> T:
            return await self.ask(task, returns=returns, **inputs)

        def refuse(_: dict[str, Any]) -> T:
            raise StepError("a step's model is asked asynchronously: use ainvoke", kind="sync")

        return RunnableLambda(refuse, afunc=ask, name=task)

    def _provider_model(self) -> str:
        return f"{type(self._provider).__name__}/{self._model}"

    async def _reply(self, key: str, messages: Sequence[BaseMessage]) -> str:
        """The model's words, kept as they came before anybody reads them; those that are kept already cost nothing."""
        kept = self._replies.find_reply(key) if self._replies is not None else None
        if kept is None or kept.get("isSetAside"):
            kept = await self._call(messages)
            if self._replies is not None:
                await self._replies.keep_reply(key, kept)
        self._on_call(structure(kept["usage"], Usage))
        if kept["finish"] in _STOPPED:
            await self._set_aside([key])
            raise StepError(f"the answer of {self._model} {_STOPPED[kept['finish']]}", kind=kept["finish"])
        return str(kept["text"])

    async def _set_aside(self, keys: Sequence[str]) -> None:
        """Mark replies that were of no use: they stay on record, and the next attempt asks anew."""
        for key in keys if self._replies is not None else ():
            assert self._replies is not None
            if (kept := self._replies.find_reply(key)) is not None:
                await self._replies.keep_reply(key, {**kept, "isSetAside": True})

    async def _call(self, messages: Sequence[BaseMessage]) -> JSON:
        model = self._provider.chat_model(self._model, self._options)
        try:
            reply = await model.ainvoke(list(messages))
        except Exception as error:
            raise self._translated(error) from error
        about = reply.response_metadata or {}
        return {
            "text": str(reply.text),
            "finish": str(about.get("finish_reason") or about.get("stop_reason") or ""),
            "usage": unstructure(_usage(getattr(reply, "usage_metadata", None))),
        }

    def _translated(self, error: Exception) -> Exception:
        failure = self._provider.failure(error)
        if failure is None:
            return PluginError(
                f"the model {self._model} raised {type(error).__name__}: {error}", kind="provider", hook="provider"
            )
        return ProviderError(failure.message, kind=failure.kind, provider=self._model, hint="resume when it is back")


def _usage(metadata: Mapping[str, Any] | None) -> Usage:
    """Tokens of one call; the cost isn't known here, and unknown is not zero."""
    found = metadata or {}
    return Usage(
        calls=1,
        input_tokens=int(found.get("input_tokens", 0)),
        output_tokens=int(found.get("output_tokens", 0)),
        cost=None,
    )


def _shape_of(returns: type[Any]) -> str:
    """What the answer must look like, for models without a native way to say so."""
    import msgspec

    schema = _camel_cased(msgspec.json.schema(returns))
    text = msgspec.json.encode(schema).decode()
    return f"\n\nAnswer with one JSON value and nothing else. It must fit this JSON schema:\n{text}\n"


def _camel_cased(schema: Any) -> Any:
    """The schema with the names that are used in JSON."""
    if isinstance(schema, list):
        return [_camel_cased(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _camel_cased(value) for key, value in schema.items()}
    if isinstance(result.get("properties"), dict):
        result["properties"] = {camel_case(name): value for name, value in result["properties"].items()}
        result["required"] = [camel_case(name) for name in result.get("required", [])]
        result["additionalProperties"] = False
    return result
