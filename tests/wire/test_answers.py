"""What comes out of good answers, and of answers that look good: the message, why it ended, what it took."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from wirekit.server import Exchange, WireServer
from wirekit.vendors import ANSWER, KEY, SCHEMA, VENDORS, Said, Vendor

from pipekit.interfaces import ModelOptions

Serve = Callable[[Callable[[Exchange], None]], WireServer]
Ask = Callable[..., Any]

WAYS = [
    pytest.param(vendor, method, id=f"{vendor}: {method}") for vendor in VENDORS.values() for method in vendor.methods
]
each_vendor = pytest.mark.parametrize("vendor", list(VENDORS.values()), ids=str)


def stop_of(message: Any) -> str | None:
    """Why the answer ended, in the vendor's word."""
    about = message.response_metadata
    found: str | None = about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason")
    return found


@pytest.mark.parametrize(("vendor", "method"), WAYS)
def test_a_good_answer(vendor: Vendor, method: str, serve: Serve, ask: Ask) -> None:
    server = serve(lambda exchange: vendor.answer(exchange, Said()))

    found = ask(vendor, server.url, method, temperature=0.0, max_tokens=500)

    assert found.error is None, found.error
    if method == "text":
        assert json.loads(found.message.text) == ANSWER
    else:
        assert found.parsed == ANSWER
    assert found.message.usage_metadata["input_tokens"] == 11
    assert found.message.usage_metadata["output_tokens"] == 7
    assert stop_of(found.message) in ("stop", "end_turn", "tool_use")
    assert len(server.received) == 1


@pytest.mark.parametrize(("vendor", "method"), WAYS)
def test_a_truncated_answer_says_so(vendor: Vendor, method: str, serve: Serve, ask: Ask) -> None:
    stop = vendor.stops["truncated"]
    server = serve(lambda exchange: vendor.answer(exchange, Said(text='{"title": "Book an en', stop=stop)))

    found = ask(vendor, server.url, method)

    if vendor.name == "openai" and method.startswith("json"):  # the openai package raises
        assert found.failure is not None
        assert found.failure.kind == "truncated"
        answer = found.failure.answer
        assert answer is not None  # it was paid for
        assert answer.text == '{"title": "Book an en'
        assert (answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]) == (11, 7)
    else:
        assert found.error is None, found.error
        assert stop_of(found.message) == stop


@pytest.mark.parametrize("method", VENDORS["openai"].methods)
def test_openai_filters(method: str, serve: Serve, ask: Ask) -> None:
    vendor = VENDORS["openai"]
    server = serve(lambda exchange: vendor.answer(exchange, Said(text="", stop="content_filter")))

    found = ask(vendor, server.url, method)

    if method.startswith("json"):
        assert found.failure is not None
        assert found.failure.kind == "filtered"
    else:
        assert stop_of(found.message) == "content_filter"


@pytest.mark.parametrize("method", VENDORS["openai"].methods)
def test_openai_refuses(method: str, serve: Serve, ask: Ask) -> None:
    vendor = VENDORS["openai"]
    server = serve(lambda exchange: vendor.answer(exchange, Said(refusal="I can't help with that.")))

    found = ask(vendor, server.url, method)

    assert found.error is None, found.error
    assert found.parsed is None
    assert found.message.additional_kwargs["refusal"] == "I can't help with that."


@pytest.mark.parametrize("method", VENDORS["anthropic"].methods)
def test_anthropic_refuses(method: str, serve: Serve, ask: Ask) -> None:
    vendor = VENDORS["anthropic"]
    server = serve(lambda exchange: vendor.answer(exchange, Said(refusal="no", stop="refusal")))

    found = ask(vendor, server.url, method)

    assert found.error is None, found.error
    assert not found.parsed
    assert stop_of(found.message) == "refusal"


@pytest.mark.parametrize(("vendor", "method"), WAYS)
@pytest.mark.parametrize("text", ['{"title": "a", "points": }', '{"title": 5, "points": "three"}', "", "NaN", "[]"])
def test_a_broken_answer_is_handed_over_with_its_words(
    vendor: Vendor, method: str, text: str, serve: Serve, ask: Ask
) -> None:
    """The clients let most of this through; the core reads the raw message, so that is what must come out."""
    server = serve(lambda exchange: vendor.answer(exchange, Said(text=text)))

    found = ask(vendor, server.url, method)

    assert found.error is None or found.failure is not None, found.error
    if found.failure is not None:
        assert found.failure.kind == "server"
    else:
        assert found.message is not None


@each_vendor
def test_a_packed_answer_is_unpacked(vendor: Vendor, serve: Serve, ask: Ask) -> None:
    def behave(exchange: Exchange) -> None:
        sent: list[bytes] = []
        keep = exchange.send

        def pack(content: object, **more: Any) -> None:
            text = content if isinstance(content, str) else json.dumps(content)
            sent.append(gzip.compress(text.encode()))
            keep(sent[-1], headers={"content-encoding": "gzip"}, **more)

        exchange.send = pack  # type: ignore[method-assign, assignment]
        vendor.answer(exchange, Said())

    server = serve(behave)
    found = ask(vendor, server.url)

    assert found.parsed == ANSWER
    assert server.last.headers["accept-encoding"].lower() == "gzip"


@each_vendor
def test_one_model_outlives_event_loops_and_answers_many_at_once(vendor: Vendor, serve: Serve) -> None:
    server = serve(lambda exchange: vendor.answer(exchange, Said()))
    model = vendor.make(server.url).chat_model(vendor.model, ModelOptions(timeout=20))

    async def several() -> list[Any]:
        return await asyncio.gather(*(model.ainvoke("hello") for _ in range(20)))

    texts = [str(message.text) for _ in range(3) for message in asyncio.run(several())]

    assert len(texts) == 60
    assert {json.dumps(json.loads(text)) for text in texts} == {json.dumps(ANSWER)}


@each_vendor
def test_what_is_asked(vendor: Vendor, serve: Serve, ask: Ask) -> None:
    server = serve(lambda exchange: vendor.answer(exchange, Said()))

    ask(vendor, server.url, temperature=0.2, max_tokens=321, context=5000)

    asked = server.last.json
    assert asked["model"] == vendor.model
    if vendor.name == "openai":
        assert server.last.path == "/v1/chat/completions"
        assert server.last.headers["authorization"] == f"Bearer {KEY}"
        assert (asked["temperature"], asked["max_tokens"]) == (0.2, 321)
        assert asked["response_format"]["json_schema"]["schema"]["properties"] == SCHEMA["properties"]
    elif vendor.name == "anthropic":
        assert server.last.path == "/v1/messages"
        # Which header holds the key depends on the version of the anthropic package.
        assert KEY in (server.last.headers.get("x-api-key"), server.last.headers.get("authorization", "")[7:])
        assert (asked["temperature"], asked["max_tokens"]) == (0.2, 321)
        assert asked["output_config"]["format"]["type"] == "json_schema"
    else:
        assert server.last.path == "/api/chat"
        assert "authorization" not in server.last.headers
        options = asked["options"]
        assert (options["temperature"], options["num_predict"], options["num_ctx"]) == (0.2, 321, 6144)
        assert asked["format"]["properties"] == SCHEMA["properties"]


@each_vendor
def test_no_temperature_and_no_bound_where_none_is_asked_for(vendor: Vendor, serve: Serve, ask: Ask) -> None:
    server = serve(lambda exchange: vendor.answer(exchange, Said()))
    ask(vendor, server.url)
    asked = server.last.json
    assert "temperature" not in {**asked, **asked.get("options", {})}
    assert "num_ctx" not in asked.get("options", {})


def test_ollamas_key_in_the_environment_goes_nowhere(serve: Serve, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipekit_ollama.provider import OllamaProvider, OllamaSettings

    monkeypatch.setenv("OLLAMA_API_KEY", KEY)
    vendor = VENDORS["ollama"]
    server = serve(lambda exchange: vendor.answer(exchange, Said()))

    ask(vendor, server.url)
    assert KEY not in str(server.last.headers)

    named = OllamaProvider(OllamaSettings(base_url=server.url, api_key_variable="OLLAMA_API_KEY"))
    ask(vendor, server.url, provider=named)
    assert server.last.headers["authorization"] == f"Bearer {KEY}"


def test_openais_key_isnt_sent_to_a_server_on_this_machine(serve: Serve, ask: Ask) -> None:
    from pipekit_openai.provider import OpenAIProvider, OpenAISettings

    vendor = VENDORS["openai"]
    server = serve(lambda exchange: vendor.answer(exchange, Said()))
    provider = OpenAIProvider(OpenAISettings(base_url=f"{server.url}/v1"))

    assert list(provider.secrets) == []
    assert ask(vendor, server.url, provider=provider).parsed == ANSWER
    assert KEY not in str(server.last.headers)


@each_vendor
def test_models_that_can_be_had(vendor: Vendor, serve: Serve) -> None:
    def behave(exchange: Exchange) -> None:
        if exchange.path == "/api/show":
            about = {"model_info": {"llama.context_length": 131_072}, "capabilities": ["completion", "tools"]}
            exchange.send({"details": {}, **about})
        else:
            exchange.send(vendor.listed)

    server = serve(behave)
    provider = vendor.make(server.url)

    found = {info.name: info for info in provider.models()}

    if vendor.name == "openai":
        assert list(found) == ["gpt-4o"]
    elif vendor.name == "anthropic":
        assert found["claude-next"].window == 300_000
        assert provider.describe("claude-next").window == 300_000
    else:
        assert list(found) == ["llama3.2:latest", "qwen3:4b"]
        assert provider.describe("llama3.2").window == 131_072
        assert "function_calling" in provider.describe("qwen3:4b").methods


@each_vendor
def test_a_list_that_cant_be_had_is_a_failure(vendor: Vendor, serve: Serve) -> None:
    provider = vendor.make(serve(lambda exchange: exchange.send(vendor.error("no", "nope"), 401)).url)
    with pytest.raises(Exception) as caught:
        provider.models()
    failure = provider.failure(caught.value)
    assert failure is not None
    assert failure.kind == "auth"


@each_vendor
def test_a_proxy_of_the_environment_is_used(
    vendor: Vendor, serve: Serve, ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    proxy = serve(lambda exchange: vendor.answer(exchange, Said()))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    found = ask(vendor, "http://model.example.invalid")

    assert found.parsed == ANSWER
    assert proxy.last.path.startswith("http://model.example.invalid/")
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []
