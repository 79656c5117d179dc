"""The provider `ollama`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipekit import settings as pipekit_settings
from pipekit.interfaces import ModelInfo, ModelOptions, ProviderFailure
from pipekit.interfaces.http_guard import (
    causes,
    client_options,
    hidden,
    http_cause,
    misread,
    model_names,
    reading,
    status_failure,
)
from pipekit.interfaces.llm_providers import Method

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["OllamaProvider", "OllamaSettings", "context_size"]

_OLLAMA = "http://127.0.0.1:11434"
_PATIENCE = 600.0
#: A server loads a model anew for every other size of its context, so there are few sizes.
_CONTEXT_STEP = 2048
_SMALLEST_CONTEXT = 4096


@pipekit_settings
class OllamaSettings:
    """``base_url`` is the server's address; left out, OLLAMA_HOST or OLLAMA_BASE_URL, else this machine.

    ``api_key_variable`` names a variable of the environment, for servers that want a key; none is sent otherwise.
    """

    base_url: str | None = None
    api_key_variable: str | None = None
    methods: tuple[Method, ...] | None = None


class OllamaProvider:
    """Hands over ``ChatOllama`` with redirects off and the size of an answer bounded."""

    redirects: Sequence[str] = ("base_url", "api_key_variable")

    def __init__(self, settings: OllamaSettings) -> None:
        self._settings = settings
        self._known: dict[str, ModelInfo] = {}

    @property
    def secrets(self) -> Sequence[str]:
        """None, but for the variable that the settings name."""
        variable = self._settings.api_key_variable
        return (variable,) if variable else ()

    @property
    def server(self) -> str:
        """The address that is asked."""
        return self._base_url(None)

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        """``ChatOllama`` with room for the prompt and its answer."""
        from pipekit_ollama.chat_models import GuardedChatOllama

        made: BaseChatModel = GuardedChatOllama(
            model=model,
            base_url=self._base_url(options.base_url),
            temperature=options.temperature,
            num_predict=options.max_tokens,
            num_ctx=context_size(options.context),
            sync_client_kwargs=self._client_options(options.timeout or _PATIENCE, asynchronous=False),
            async_client_kwargs=self._client_options(options.timeout or _PATIENCE, asynchronous=True),
        )
        return made

    def describe(self, model: str) -> ModelInfo:
        """What the server said of it; before that only the methods that all models have."""
        return self._known.get(model) or self._known.get(f"{model}:latest") or self._info(model, None, ())

    def look_up(self, model: str) -> ModelInfo:
        """What the server says of it: it cuts a prompt to a model's window, whatever was asked for."""
        if model not in self._known:
            self._known[model] = self._shown(self._client(10.0), model)
        return self._known[model]

    def models(self) -> Sequence[ModelInfo]:
        """The models that were pulled, each with its window as far as the server can tell it."""
        client = self._client(30.0)
        with reading("the list of models"):
            names = model_names(model.model for model in client.list().models)
        for name in names:
            if name in self._known:
                continue
            try:
                self._known[name] = self._shown(client, name)
            except Exception as error:
                failure = self.failure(error)
                if failure is None:
                    raise
                if failure.kind == "timeout":
                    break  # it would take as long over each of the others
        return [self._known.get(name) or self._info(name, None, ()) for name in names]

    def _shown(self, client: Any, name: str) -> ModelInfo:
        """What the server says of one model, which may be broken where the others are not."""
        with reading(f"what the server says of the model {name}"):
            told = client.show(name)
            about = dict(told.modelinfo or {})
            windows = [size for key, size in about.items() if key.endswith(".context_length")]
            return self._info(name, next(iter(windows), None), told.capabilities or ())

    def failure(self, error: Exception) -> ProviderFailure | None:
        """An error of the ollama package, of its connection, or of reading what came."""
        import ollama

        if isinstance(error, ollama.ResponseError):
            return self._status_failure(error)
        found = http_cause(error)
        if _is_unreachable(error) or (found is not None and found.message == "the server can't be reached"):
            return ProviderFailure(kind="connection", message=self._how_to_start())
        return found or misread(error, "langchain_ollama")

    def _status_failure(self, error: Any) -> ProviderFailure:
        key = self._key()
        if error.status_code < 300:  # reported in the middle of an answer
            return ProviderFailure(kind="server", message=hidden(f"the server reported an error: {error.error}", key))
        responses = [one.response for one in causes(error) if hasattr(one, "response")]
        headers = responses[0].headers if responses else {}
        failure = status_failure(error.status_code, headers, str(error.error), key)
        missing = re.search(r"model ['\"]?([\w./:-]+?)['\"]? (?:was )?not found", str(error.error))
        if failure.kind == "not-found" and missing:
            name = missing.group(1)
            return ProviderFailure(kind="not-found", message=f"ollama has no model {name}; get it: ollama pull {name}")
        return failure

    def _how_to_start(self) -> str:
        base_url = self._base_url(None)
        where = hidden(base_url, urlsplit(base_url).password or "") if "://" in base_url else base_url
        return (
            f"no Ollama answers at {where}: start it with `ollama serve`, or run with --model offline, which works now"
        )

    def _info(self, name: str, window: object, abilities: Sequence[str]) -> ModelInfo:
        # A schema becomes a grammar that holds any model to it; only some are trained to call functions.
        methods: tuple[Method, ...] = ("json_schema", "json_mode", "text")
        if "tools" in abilities:
            methods = ("json_schema", "function_calling", "json_mode", "text")
        return ModelInfo(
            name=name,
            window=window if type(window) is int and window > 0 else None,
            methods=self._settings.methods or methods,
            input_price=0.0,
            output_price=0.0,
        )

    def _client(self, patience: float) -> Any:
        import ollama

        return ollama.Client(host=self._base_url(None), **self._client_options(patience, asynchronous=False))

    def _client_options(self, patience: float, *, asynchronous: bool) -> dict[str, Any]:
        import httpx

        options = client_options(httpx.AsyncClient if asynchronous else httpx.Client, asynchronous=asynchronous)
        # The client sends OLLAMA_API_KEY to whatever server it asks; ours sends the key that the settings name.
        authorize = self._authorize
        if asynchronous:

            async def authorize_later(request: Any) -> None:
                self._authorize(request)

            options["event_hooks"]["request"].append(authorize_later)
        else:
            options["event_hooks"]["request"].append(authorize)
        return {**options, "timeout": patience}

    def _authorize(self, request: Any) -> None:
        if self._settings.api_key_variable:
            request.headers["authorization"] = f"Bearer {self._key()}"
        elif request.headers.get("authorization", "").startswith("Bearer"):
            del request.headers["authorization"]

    def _key(self) -> str:
        return os.environ.get(self._settings.api_key_variable or "", "").strip()

    def _base_url(self, asked: str | None) -> str:
        found = (
            asked
            or self._settings.base_url
            or os.environ.get("OLLAMA_HOST")
            or os.environ.get("OLLAMA_BASE_URL")
            or _OLLAMA
        )
        # 0.0.0.0 is where a server listens; asked is this machine.
        return re.sub(r"^((?:https?://)?)0\.0\.0\.0\b", r"\g<1>127.0.0.1", found)


def context_size(tokens: int | None) -> int | None:
    """The context to ask for, so that ``tokens`` fit; None leaves it to the server."""
    if tokens is None:
        return None
    return max(_SMALLEST_CONTEXT, -(-tokens // _CONTEXT_STEP) * _CONTEXT_STEP)


def _is_unreachable(error: Exception) -> bool:
    """Whether the ollama package said that nothing answers, which it does with Python's own error."""
    return type(error) is ConnectionError and "Ollama" in str(error)
