"""Servers for tests, and the one way in which a model is asked here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import frozen
from wirekit.server import Exchange, WireServer, serving
from wirekit.vendors import KEY, SCHEMA, Vendor

from pipekit.interfaces import LLMProvider, ModelOptions, ProviderFailure


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Clients build their answers unchecked, and pydantic warns when a wrong type comes out of them."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore:Pydantic serializer warnings"))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "OLLAMA_HOST", "OLLAMA_BASE_URL", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Exchange], None]], WireServer]]:
    """Start a server that behaves so; it ends with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda behave: stack.enter_context(serving(behave))


@frozen
class Outcome:
    """What came of asking: LangChain's message, or the failure that the provider makes of the error."""

    message: Any = None
    parsed: Any = None
    error: Exception | None = None
    failure: ProviderFailure | None = None


@pytest.fixture
def ask() -> Callable[..., Outcome]:
    return _ask


def _ask(
    vendor: Vendor,
    url: str,
    method: str | None = None,
    *,
    provider: LLMProvider | None = None,
    timeout: float = 10.0,
    **options: Any,
) -> Outcome:
    provider = provider or vendor.make(url)
    model = provider.chat_model(vendor.model, ModelOptions(timeout=timeout, **options))
    asked: Any = model
    method = method or vendor.methods[0]
    if method != "text":
        asked = model.with_structured_output(SCHEMA, method=method, include_raw=True)

    async def go() -> Any:
        return await asked.ainvoke("Estimate: book an entry time.")

    try:
        answer = asyncio.run(go())
    except Exception as error:
        return Outcome(error=error, failure=provider.failure(error))
    if isinstance(answer, dict):
        return Outcome(message=answer["raw"], parsed=answer["parsed"])
    return Outcome(message=answer)
