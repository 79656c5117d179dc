"""The provider `openai`: OpenAI, Azure, and any server with the same protocol (vLLM, llama.cpp, LM Studio, …)."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import field

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
from pipekit_openai.known_models import known_model

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

__all__ = ["OpenAIProvider", "OpenAISettings"]

_OPENAI = "https://api.openai.com/v1"
_KEY = "OPENAI_API_KEY"
_PATIENCE = 600.0


@pipekit_settings
class OpenAISettings:
    """``base_url`` is the server's address with its ``/v1``; ``api_key_variable`` names a variable of the environment.

    An empty ``api_key_variable`` sends no key; left out, OPENAI_API_KEY is sent to any server but one on this machine.
    ``methods`` and ``window`` say what the server's models can do; ``api_version`` is for Azure.
    """

    base_url: str | None = None
    api_key_variable: str | None = None
    organization: str | None = None
    api_version: str | None = None
    methods: tuple[Method, ...] | None = None
    window: int | None = None
    headers: Mapping[str, str] = field(factory=dict)


class OpenAIProvider:
    """Hands over ``ChatOpenAI`` with its retries off, redirects off and the size of an answer bounded."""

    #: What decides where a key goes, and which: a header such as ``Host`` does, too.
    redirects: Sequence[str] = ("base_url", "api_key_variable", "headers")
    #: Its client sends these by itself.
    more_secrets: Sequence[str] = ("OPENAI_CUSTOM_HEADERS",)

    def __init__(self, settings: OpenAISettings) -> None:
        self._settings = settings

    @property
    def secrets(self) -> Sequence[str]:
        """The variable with the key; none for a server on this machine."""
        variable = self._key_variable(self._base_url(None))
        return (variable,) if variable else ()

    @property
    def server(self) -> str:
        """The address that is asked."""
        return self._base_url(None)

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        """``ChatOpenAI``; for a server that isn't OpenAI's with the older ``max_tokens``, which all of them know."""
        from pipekit_openai.chat_models import GuardedChatOpenAI

        base_url = self._base_url(options.base_url)
        known = known_model(model) if _is_openai(base_url) else None
        arguments: dict[str, Any] = {
            "model": model,
            "base_url": base_url,
            "api_key": self._key(base_url),
            "organization": self._settings.organization,
            "max_retries": 0,
            "timeout": options.timeout or _PATIENCE,
            "max_tokens": options.max_tokens,
            "http_socket_options": (),  # the clients are ours, and it warns of what it would do with its own
            "older_protocol": not _is_openai(base_url),
            **_clients(),
        }
        if options.temperature is not None and (known is None or known.temperature):
            arguments["temperature"] = options.temperature
        if self._settings.api_version:
            arguments["default_query"] = {"api-version": self._settings.api_version}
        if self._settings.headers:
            arguments["default_headers"] = dict(self._settings.headers)
        if not _is_openai(base_url):
            arguments["use_responses_api"] = False
        made: BaseChatModel = GuardedChatOpenAI(**arguments)
        return made

    def describe(self, model: str) -> ModelInfo:
        """What the settings say, else what is known of OpenAI's own models; prices are those of OpenAI itself."""
        known = known_model(model) if _is_openai(self._base_url(None)) else None
        methods: tuple[Method, ...] = ("json_schema", "function_calling", "json_mode", "text")
        if known is not None and not known.schema:
            methods = methods[1:]
        window = self._settings.window or (known.window if known else None)
        info = ModelInfo(name=model, window=window, methods=self._settings.methods or methods)
        return priced(info, "openai") if urlsplit(self._base_url(None)).hostname == "api.openai.com" else info

    def models(self) -> Sequence[ModelInfo]:
        """What the server lists."""
        import openai

        base_url = self._base_url(None)
        with (
            reading("the list of models"),
            openai.OpenAI(
                base_url=base_url,
                api_key=self._key(base_url),
                organization=self._settings.organization,
                default_headers=dict(self._settings.headers),
                default_query={"api-version": self._settings.api_version} if self._settings.api_version else None,
                max_retries=0,
                timeout=30.0,
                http_client=_clients()["http_client"],
            ) as client,
        ):
            names = model_names(model.id for model in client.models.list())
        return [self.describe(name) for name in sorted(names)]

    def failure(self, error: Exception) -> ProviderFailure | None:
        """An error of the openai package, of its connection, or of reading what came."""
        import openai

        key = os.environ.get(self._key_variable(self._base_url(None)) or "", "")
        if isinstance(error, openai.LengthFinishReasonError):
            told = "the answer was cut off at its largest length"
            return ProviderFailure(kind="truncated", message=told, answer=_answer(error.completion))
        if isinstance(error, openai.ContentFilterFinishReasonError):
            told = "the server's content filter stopped the answer"
            return ProviderFailure(kind="filtered", message=told, answer=_answer(error.completion))
        if isinstance(error, openai.APIStatusError):
            response = error.response
            return status_failure(error.status_code, response.headers, response.text, key)
        found = http_cause(error)
        if found is not None:
            return found
        if isinstance(error, openai.APIConnectionError):
            return ProviderFailure(kind="connection", message="the connection to the server broke off")
        if isinstance(error, openai.APIError):
            return ProviderFailure(kind="server", message=hidden(f"the server reported an error: {error.message}", key))
        return misread(error, "langchain_openai")

    def _base_url(self, asked: str | None) -> str:
        return asked or self._settings.base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI

    def _key_variable(self, base_url: str) -> str | None:
        if self._settings.api_key_variable is not None:
            return self._settings.api_key_variable or None
        return None if _is_loopback(base_url) else _KEY

    def _key(self, base_url: str) -> str:
        """The key, or a word in its place where none is needed: the client insists on one."""
        variable = self._key_variable(base_url)
        if variable is None:
            return "none"
        key = os.environ.get(variable, "").strip()
        if not key:
            raise ProviderError(
                f"the environment variable {variable} with the key for {urlsplit(base_url).hostname} is not set",
                kind="auth",
                provider="openai",
                variable=variable,
                hint=f"set {variable}, or run with --model offline",
            )
        return key


def _answer(completion: Any) -> BaseMessage | None:
    """The message in an answer that the client doesn't hand over, with what it took; None where it isn't whole."""
    from langchain_core.messages import AIMessage

    if completion is None or not completion.choices:
        return None
    took = completion.usage
    usage = None if took is None else (took.prompt_tokens or 0, took.completion_tokens or 0)
    return AIMessage(
        completion.choices[0].message.content or "",
        usage_metadata=None
        if usage is None
        else {"input_tokens": usage[0], "output_tokens": usage[1], "total_tokens": sum(usage)},
    )


def _clients() -> dict[str, Any]:
    """The HTTP clients, both guarded."""
    import openai

    return {
        "http_client": openai.DefaultHttpxClient(**client_options(openai.DefaultHttpxClient, asynchronous=False)),
        "http_async_client": openai.DefaultAsyncHttpxClient(
            **client_options(openai.DefaultAsyncHttpxClient, asynchronous=True)
        ),
    }


def _is_openai(base_url: str) -> bool:
    """Whether a server has OpenAI's own models and newest protocol."""
    host = urlsplit(base_url).hostname or ""
    return host.endswith((".openai.com", ".openai.azure.com"))


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
