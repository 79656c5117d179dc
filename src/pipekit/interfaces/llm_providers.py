"""Language models: the service a step uses, and what a provider implements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

from attrs import frozen

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

__all__ = ["LLM", "LLMProvider", "ModelInfo", "ModelOptions", "ProviderFailure"]

T = TypeVar("T")


class LLM(Protocol):
    """The model a step was planned with."""

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
        """One validated answer (an attrs class or str) to the prompt ``task`` rendered with ``inputs``.

        ``merge`` allows splitting a long input, without it too long is an error; ``key`` tells equal asks apart.
        Raises `StepError` when no valid answer came, `ProviderError` when the model can't be asked.
        """
        ...

    def using(self, *, model: str | None = None, temperature: float | None = None) -> LLM:
        """The same service with other options."""
        ...

    def as_runnable(self, task: str, /, *, returns: type[T]) -> Runnable[dict[str, Any], T]:
        """For LCEL inside a step: asked like `ask`, with the inputs as a dict."""
        ...


@frozen(kw_only=True)
class ModelOptions:
    """How to ask: ``timeout`` in seconds, ``max_tokens`` of the answer, ``base_url`` of the server."""

    temperature: float | None = None
    timeout: float | None = None
    max_tokens: int | None = None
    base_url: str | None = None


@frozen(kw_only=True)
class ModelInfo:
    """What is known of a model: ``window`` in tokens, prices in US dollars a million tokens; None is unknown."""

    name: str
    window: int | None = None
    methods: tuple[Literal["json_schema", "function_calling", "json_mode", "text"], ...] = ("text",)
    input_price: float | None = None
    output_price: float | None = None


@frozen(kw_only=True)
class ProviderFailure:
    """A client's error in our words; ``retry_after`` is in seconds."""

    kind: Literal["timeout", "rate", "auth", "server", "too-long", "refused", "not-found"]
    message: str
    retry_after: float | None = None


@runtime_checkable
class LLMProvider(Protocol):
    """Hands over chat models of one vendor or runtime."""

    @property
    def secrets(self) -> Sequence[str]:
        """Environment variables it needs; the plan checks these without importing the vendor's client."""
        ...

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        """A LangChain chat model, its client's own retries switched off."""
        ...

    def describe(self, model: str) -> ModelInfo:
        """Window, structured-output methods and price where known; asks no network."""
        ...

    def models(self) -> Sequence[ModelInfo]:
        """What can be had now; may ask the network."""
        ...

    def failure(self, error: Exception) -> ProviderFailure | None:
        """A vendor's error translated, or None when it isn't the vendor's."""
        ...
