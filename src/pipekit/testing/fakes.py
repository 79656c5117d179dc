"""Models that say what a test tells them to, through the same door as real ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import PrivateAttr

from pipekit.interfaces.llm_providers import Method, ModelInfo, ModelOptions, ProviderFailure

__all__ = ["Outcome", "ScriptedError", "ScriptedModel", "ScriptedProvider"]

#: What a scripted model does next: say this, give this message, raise this, or what a function makes of the messages.
Outcome = str | AIMessage | Exception | Callable[[Sequence[BaseMessage]], "str | AIMessage"]


class ScriptedError(Exception):
    """What a client would raise; the scripted provider translates it into ``failure``."""

    def __init__(self, failure: ProviderFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class ScriptedModel(BaseChatModel):
    """Carries out a script, one outcome a call, and remembers what it was asked. After its end it repeats the last."""

    _script: list[Outcome] = PrivateAttr(default_factory=list)
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _methods: list[str] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, script: Iterable[Outcome] = ()) -> None:
        super().__init__()
        self._script = list(script)

    @property
    def script(self) -> Sequence[Outcome]:
        """What is left to be said."""
        return tuple(self._script)

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """The messages of each call."""
        return self._asked

    @property
    def methods(self) -> list[str]:
        """How each structured answer was asked for."""
        return self._methods

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - as LangChain has it
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        with self._lock:
            self._asked.append(list(messages))
            outcome = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(outcome, Exception):
            raise outcome
        said = outcome(messages) if callable(outcome) else outcome
        if isinstance(said, str):
            usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
            said = AIMessage(said, response_metadata={"finish_reason": "stop"}, usage_metadata=usage)
        return ChatResult(generations=[ChatGeneration(message=said)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, None, **kwargs)

    def with_structured_output(
        self, schema: Any, *, method: Method = "json_schema", include_raw: bool = False, **_: Any
    ) -> Runnable[Any, Any]:
        """The raw message, as the clients of vendors give it with ``include_raw``."""
        del schema

        async def ask(messages: Any) -> Any:
            self._methods.append(method)
            raw = await self.ainvoke(messages)
            return {"raw": raw, "parsed": None, "parsing_error": None} if include_raw else raw

        def ask_now(messages: Any) -> Any:
            self._methods.append(method)
            raw = self.invoke(messages)
            return {"raw": raw, "parsed": None, "parsing_error": None} if include_raw else raw

        return RunnableLambda(ask_now, afunc=ask)


class ScriptedProvider:
    """A provider of scripted models: one script for each model name, or one for all of them."""

    def __init__(
        self, *script: Outcome, info: ModelInfo | None = None, secrets: Sequence[str] = (), **scripts: Sequence[Outcome]
    ) -> None:
        self.secrets: Sequence[str] = tuple(secrets)
        self._info = info or ModelInfo(name="scripted")
        self._scripts: dict[str, Sequence[Outcome]] = dict(scripts)
        self._common: Sequence[Outcome] = script
        self._made: dict[str, ScriptedModel] = {}

    def model(self, name: str = "m") -> ScriptedModel:
        """The model of a name, the same one at every call."""
        if name not in self._made:
            self._made[name] = ScriptedModel(self._scripts.get(name, self._common))
        return self._made[name]

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        """See `LLMProvider`."""
        del options
        return self.model(model)

    def describe(self, model: str) -> ModelInfo:
        """See `LLMProvider`."""
        from attrs import evolve

        return evolve(self._info, name=model)

    def models(self) -> Sequence[ModelInfo]:
        """The models that have a script."""
        return [self.describe(name) for name in self._scripts or ("m",)]

    def failure(self, error: Exception) -> ProviderFailure | None:
        """What a `ScriptedError` stands for."""
        return error.failure if isinstance(error, ScriptedError) else None
