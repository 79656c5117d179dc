"""Language models: the service a step uses, and what a provider implements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

from attrs import frozen

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage  # noqa: TC004 - never evaluated
    from langchain_core.runnables import Runnable

__all__ = ["LLM", "FailureKind", "LLMProvider", "Method", "ModelInfo", "ModelOptions", "ProviderFailure"]

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


#: How an answer of a given shape is asked for, in LangChain's words; ``text`` puts the shape into the prompt.
Method = Literal["json_schema", "function_calling", "json_mode", "text"]

#: What went wrong with a call. ``truncated``, ``filtered``, ``declined`` (the model refused) and ``empty`` are answers
#: that are never a success; ``refused`` is a request that the server finds wrong, ``quota`` an account without credit.
FailureKind = Literal[
    "timeout",
    "connection",
    "rate",
    "quota",
    "server",
    "auth",
    "refused",
    "not-found",
    "too-long",
    "truncated",
    "declined",
    "filtered",
    "empty",
]


@frozen(kw_only=True)
class ModelOptions:
    """How to ask: ``timeout`` in seconds, ``max_tokens`` of the answer, ``base_url`` of the server.

    ``context`` is how many tokens the prompt and its answer need together, for servers that have to be told.
    """

    temperature: float | None = None
    timeout: float | None = None
    max_tokens: int | None = None
    base_url: str | None = None
    context: int | None = None


@frozen(kw_only=True)
class ModelInfo:
    """What is known of a model: ``window`` in tokens, prices in US dollars a million tokens; None is unknown.

    ``methods`` are the ways to get an answer of a given shape, the best first. ``cached_price`` is that of tokens that
    the vendor had kept from an earlier prompt; the prices hold for prompts of less than ``priced_up_to`` tokens.
    """

    name: str
    window: int | None = None
    methods: tuple[Method, ...] = ("text",)
    input_price: float | None = None
    output_price: float | None = None
    cached_price: float | None = None
    priced_up_to: int | None = None


@frozen(kw_only=True)
class ProviderFailure:
    """A client's error in our words; ``retry_after`` is in seconds.

    ``answer`` is the model's message where one came that the client raised an error for: it is kept and counted.
    """

    kind: FailureKind
    message: str
    retry_after: float | None = None
    answer: BaseMessage | None = None


@runtime_checkable
class LLMProvider(Protocol):
    """Hands over chat models of one vendor or runtime, to several threads at once.

    A model is asked in one event loop after another, never in two at once.
    `pipekit.testing.LLMProviderContract` tests what is said here.

    Three more attributes and a method are optional. ``redirects`` names those of its settings that decide where a key
    goes, or which one (an address, a proxy, certificates, the key's variable): from a project's file they count once
    the user trusts them; a provider that doesn't say has all its settings held back so. ``more_secrets`` names
    variables that its client sends, too, where they are set. ``server`` is the address that is asked, where that isn't
    only a matter of its settings: what one server said is never taken for another's. ``look_up(model)`` gives a
    `ModelInfo` of which the window counts; it may ask the network, and is called in a thread before the first question
    to a model whose window ``describe`` doesn't know. What it raises is passed over.
    """

    @property
    def secrets(self) -> Sequence[str]:
        """Environment variables it needs; the plan checks these without importing the vendor's client."""
        ...

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        """A LangChain chat model, its client's own retries switched off."""
        ...

    def describe(self, model: str) -> ModelInfo:
        """Window, structured-output methods and price where known, also of unknown names; asks no network."""
        ...

    def models(self) -> Sequence[ModelInfo]:
        """What can be had now; may ask the network."""
        ...

    def failure(self, error: Exception) -> ProviderFailure | None:
        """A vendor's error translated, or None when it isn't the vendor's; never raises, and repeats no key."""
        ...
