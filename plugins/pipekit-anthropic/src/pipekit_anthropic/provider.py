"""The provider `anthropic`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipekit import settings as pipekit_settings
from pipekit.errors import ProviderError
from pipekit.interfaces import ModelInfo, ModelOptions, ProviderFailure
from pipekit.interfaces.http_guard import (
    client_options,
    hidden,
    http_cause,
    misread,
    model_names,
    reading,
    status_failure,
)
from pipekit.interfaces.list_prices import priced
from pipekit.interfaces.llm_providers import Method
from pipekit_anthropic.known_models import known_model

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["AnthropicProvider", "AnthropicSettings"]

_ANTHROPIC = "https://api.anthropic.com"
_PATIENCE = 600.0
#: How long an answer may be where nobody says; the protocol insists on a number.
_MOST_TOKENS = 16_000
#: A list of models comes in pages of up to a thousand; no service has more of them than this.
_MOST_PAGES = 20


@pipekit_settings
class AnthropicSettings:
    """``base_url`` is the server's address without ``/v1``; ``api_key_variable`` names an environment variable."""

    base_url: str | None = None
    api_key_variable: str = "ANTHROPIC_API_KEY"
    methods: tuple[Method, ...] | None = None
    window: int | None = None


class AnthropicProvider:
    """Hands over ``ChatAnthropic`` with its retries off, redirects off and the size of an answer bounded."""

    redirects: Sequence[str] = ("base_url", "api_key_variable")

    def __init__(self, settings: AnthropicSettings) -> None:
        self._settings = settings
        self._windows: dict[str, int] = {}

    @property
    def secrets(self) -> Sequence[str]:
        """The variable with the key."""
        return (self._settings.api_key_variable,)

    @property
    def server(self) -> str:
        """The address that is asked."""
        return self._base_url(None)

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        """``ChatAnthropic``; a temperature is left out for models that take none."""
        from pipekit_anthropic.chat_models import GuardedChatAnthropic

        known = known_model(model)
        arguments: dict[str, Any] = {
            "model": model,
            "base_url": self._base_url(options.base_url),
            "api_key": self._key(),
            "max_retries": 0,
            "timeout": options.timeout or _PATIENCE,
            "max_tokens": options.max_tokens or min(_MOST_TOKENS, known.most if known else _MOST_TOKENS),
        }
        if options.temperature is not None and (known is None or known.temperature):
            arguments["temperature"] = options.temperature
        made: BaseChatModel = GuardedChatAnthropic(**arguments)
        return made

    def describe(self, model: str) -> ModelInfo:
        """What the settings say, else what the service said in `models`, else what is known."""
        known = known_model(model)
        methods: tuple[Method, ...] = ("function_calling", "text")
        if known is not None and known.schema:
            methods = ("json_schema", *methods)
        window = self._settings.window or self._windows.get(model) or (known.window if known else None)
        info = ModelInfo(name=model, window=window, methods=self._settings.methods or methods)
        return priced(info, "anthropic") if urlsplit(self._base_url(None)).hostname == "api.anthropic.com" else info

    def models(self) -> Sequence[ModelInfo]:
        """What the service lists, the newest first."""
        import anthropic

        with (
            reading("the list of models"),
            anthropic.Anthropic(
                base_url=self._base_url(None),
                api_key=self._key(),
                max_retries=0,
                timeout=30.0,
                http_client=anthropic.DefaultHttpxClient(
                    **client_options(anthropic.DefaultHttpxClient, asynchronous=False)
                ),
            ) as client,
        ):
            found = {model.id: model for model in _listed(client)}
            names = model_names(found)
        for name in names:
            window = getattr(found[name], "max_input_tokens", None)
            if type(window) is int and window > 0:
                self._windows[name] = window
        return [self.describe(name) for name in names]

    def failure(self, error: Exception) -> ProviderFailure | None:
        """An error of the anthropic package, of its connection, or of reading what came."""
        import anthropic

        key = os.environ.get(self._settings.api_key_variable, "")
        if isinstance(error, anthropic.APIStatusError):
            response = error.response
            return status_failure(error.status_code, response.headers, response.text, key)
        found = http_cause(error)
        if found is not None:
            return found
        if isinstance(error, anthropic.APIConnectionError):
            return ProviderFailure(kind="connection", message="the connection to the server broke off")
        if isinstance(error, anthropic.AnthropicError):
            return ProviderFailure(kind="server", message=hidden(f"the client reported an error: {error}", key))
        return misread(error, "langchain_anthropic")

    def _base_url(self, asked: str | None) -> str:
        return asked or self._settings.base_url or os.environ.get("ANTHROPIC_BASE_URL") or _ANTHROPIC

    def _key(self) -> str:
        variable = self._settings.api_key_variable
        key = os.environ.get(variable, "").strip()
        if not key:
            raise ProviderError(
                f"the environment variable {variable} with the key for anthropic is not set",
                kind="auth",
                provider="anthropic",
                variable=variable,
                hint=f"set {variable}, or run with --model offline",
            )
        return key


def _listed(client: Any) -> Iterator[Any]:
    """The models on all pages of a list, as far as it may go."""
    page = client.models.list(limit=1000)
    for _ in range(_MOST_PAGES - 1):
        yield from page.data
        if not page.has_next_page():
            return
        page = page.get_next_page()
    yield from page.data
