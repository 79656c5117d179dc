"""The provider `community`: langchain-community's chat models, each by the name of its class."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field

from pipekit import settings as pipekit_settings
from pipekit.errors import PluginError
from pipekit.interfaces import ModelInfo, ModelOptions, ProviderFailure, http_failure
from pipekit.interfaces.http_guard import misread, status_failure
from pipekit.interfaces.llm_providers import Method
from pipekit.secrecy import is_secret_variable
from pipekit_community.classes import class_named, missing, quietly

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["CommunityProvider", "CommunitySettings"]

#: What classes call an option, the likeliest first.
_NAMES = {
    "temperature": ("temperature",),
    "timeout": ("request_timeout", "timeout"),
    "max_tokens": ("max_tokens", "max_new_tokens", "num_predict"),
    "base_url": ("base_url", "api_base", "endpoint_url"),
}
#: How a class says that the server answered with an error.
_STATUS = re.compile(r"\b(?:error|status)(?: code)?:? ([45]\d\d)\b", re.IGNORECASE)
_BROKEN_OFF = (
    "ConnectionError",
    "httpx.TransportError",
    "requests.ConnectionError",
    "requests.exceptions.ChunkedEncodingError",
    "aiohttp.ClientError",
)
_TOO_LONG = ("exceed context window", "context length", "context window", "maximum context")


@pipekit_settings
class CommunitySettings:
    """``arguments`` are those of each class by its name; ``secrets`` names the environment variables it needs."""

    arguments: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    secrets: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ("text",)
    window: int | None = None


class CommunityProvider:
    """Hands over the chat model whose class a reference names: ``community/ChatLlamaCpp``."""

    redirects: Sequence[str] = ("arguments", "secrets")

    def __init__(self, settings: CommunitySettings) -> None:
        self._settings = settings

    @property
    def secrets(self) -> Sequence[str]:
        """What the settings name."""
        return self._settings.secrets

    @property
    def more_secrets(self) -> Sequence[str]:
        """Every key of the environment: each class reads those of its own, and none says which."""
        return sorted(name for name in os.environ if is_secret_variable(name))

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        """An instance of the class, with the options that it has a name for; its retries are switched off if it can."""
        cls = class_named("chat_models", model)
        given = dict(self._settings.arguments.get(model, {}))
        fields = {name for name, info in cls.model_fields.items() for name in (name, info.alias) if name}
        for option, names in _NAMES.items():
            value = getattr(options, option)
            name = next((name for name in names if name in fields), None)
            if value is not None and name is not None:
                given[name] = value
        if "max_retries" in fields:
            given["max_retries"] = 0
        try:
            with quietly():
                made: BaseChatModel = cls(**given)
        except ImportError as error:
            raise missing(model, error) from error
        except Exception as error:
            # Not its words: pydantic repeats what it was given, a key perhaps.
            raise PluginError(
                f"{model} of langchain-community can't be made from its arguments ({type(error).__name__})",
                kind="provider",
                plugin="pipekit-community",
                hint=f"see llm.providers.community.arguments.{model}; it takes: {', '.join(sorted(cls.model_fields))}",
            ) from error
        return made

    def describe(self, model: str) -> ModelInfo:
        """What the settings say: nothing is known of these models."""
        return ModelInfo(name=model, window=self._settings.window, methods=self._settings.methods)

    def models(self) -> Sequence[ModelInfo]:
        """The classes; which models each of them reaches, only its server knows."""
        with quietly():
            from langchain_community import chat_models

        return [self.describe(name) for name in sorted(chat_models.__all__)]

    def failure(self, error: Exception) -> ProviderFailure | None:
        """An error of Python, of one of the usual HTTP libraries, or of reading what came.

        These classes have no errors of their own; some tell a status in words.
        """
        for one in _causes(error):
            response = getattr(one, "response", None)
            status = getattr(response, "status_code", None) or getattr(one, "status", None)
            if isinstance(status, int) and status >= 400:
                headers = dict(getattr(response, "headers", None) or getattr(one, "headers", None) or {})
                return status_failure(status, headers, _text_of(response), *self._keys())
            if isinstance(one, _types("TimeoutError", "httpx.TimeoutException", "requests.Timeout")):
                return ProviderFailure(kind="timeout", message="the server didn't answer in time")
            if isinstance(one, _types("requests.exceptions.ContentDecodingError", "httpx.DecodingError")):
                return ProviderFailure(kind="server", message="the answer is damaged: what is packed can't be unpacked")
            if isinstance(one, _types(*_BROKEN_OFF)):
                return ProviderFailure(kind="connection", message="the server can't be reached, or broke off")
        if isinstance(error, ValueError) and any(words in str(error).lower() for words in _TOO_LONG):
            return ProviderFailure(kind="too-long", message="the prompt doesn't fit into the model's context")
        told = _STATUS.search(str(error)) if isinstance(error, ValueError) else None
        if told:
            return http_failure(int(told.group(1)))
        return misread(error, "langchain_community")

    def _keys(self) -> Iterator[str]:
        """The keys that a class may have sent: servers repeat them."""
        for name in (*self.secrets, *self.more_secrets):
            yield os.environ.get(name, "")


def _text_of(response: Any) -> str:
    """What an answer says, where its client has read it; some parts of these libraries raise for one that isn't."""
    try:
        return str(response.text)
    except Exception:  # noqa: BLE001 - each library has an error of its own for it, and the status says enough
        return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = error
    for _ in range(20):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__


def _types(*names: str) -> tuple[type[BaseException], ...]:
    """Classes of errors by name, of the libraries that are loaded: what isn't loaded raised nothing."""
    found: list[type[BaseException]] = []
    for name in names:
        module, _, cls = name.rpartition(".")
        loaded = sys.modules.get(module or "builtins")
        if loaded is not None:
            found.append(getattr(loaded, cls))
    return tuple(found)
