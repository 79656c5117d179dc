"""What a provider says of every way in which a server goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from wirekit.cases import CASES
from wirekit.server import Exchange, WireServer
from wirekit.vendors import KEY, VENDORS, Said, Vendor

from pipekit.interfaces import ModelInfo, ModelOptions
from pipekit.llm.calling import call_model
from pipekit.llm.candidates import Candidate
from pipekit.llm.limits import Account, Limits
from pipekit.llm.replies import CallError

Serve = Callable[[Callable[[Exchange], None]], WireServer]
Ask = Callable[..., Any]

each_vendor = pytest.mark.parametrize("vendor", list(VENDORS.values()), ids=str)
#: The kind of each failure, and behind it the seconds that the server asks to wait.
TABLE = """
case                    | openai      | anthropic   | ollama
wrong key               | auth        | auth        | auth
forbidden               | auth        | auth        | auth
no credit (402)         | quota       | quota       | quota
no credit (429)         | quota       | quota       | quota
unknown model           | not-found   | not-found   | not-found
bad request             | refused     | refused     | refused
unprocessable           | refused     | refused     | refused
too long                | too-long    | too-long    | too-long
too large (413)         | too-long    | too-long    | too-long
429, seconds            | rate 7      | rate 7      | rate 7
429, milliseconds       | rate 1.5    | rate 1.5    | rate 1.5
429, date               | rate 30     | rate 30     | rate 30
429, nothing            | rate        | rate        | rate
500                     | server      | server      | server
503, seconds            | server 60   | server 60   | server 60
529 overloaded          | server      | server      | server
502, a page             | server      | server      | server
silence                 | timeout     | timeout     | timeout
slow drip               | timeout     | timeout     | timeout
hangs up at once        | connection  | connection  | connection
hangs up in the middle  | connection  | connection  | connection
200, a page             | server      | server      | server
200, a page as JSON     | server      | server      | server
200, broken JSON        | server      | server      | server
200, nothing            | server      | server      | connection
200, not UTF-8          | server      | server      | server
50 MB                   | server      | server      | server
50 MB in chunks         | server      | server      | server
gzip bomb               | server      | server      | server
deflate, unasked        | server      | server      | server
gzip that is none       | server      | server      | server
half a gzip             | connection  | connection  | connection
"""


def cells() -> Iterator[Any]:
    """(vendor, case, expected) for each cell of the table."""
    head, *rows = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
    for case, *kinds in rows:
        for vendor, expected in zip(head[1:], kinds, strict=True):
            yield pytest.param(VENDORS[vendor], case, expected, id=f"{vendor}: {case}")


def test_the_table_has_every_case() -> None:
    assert {cell.values[1] for cell in cells()} == set(CASES)


@pytest.mark.parametrize(("vendor", "case", "expected"), list(cells()))
def test_a_server_that_goes_wrong(vendor: Vendor, case: str, expected: str, serve: Serve, ask: Ask) -> None:
    server = serve(lambda exchange: CASES[case](vendor, exchange))

    found = ask(vendor, server.url, timeout=0.5 if case in ("silence", "slow drip") else 10.0)

    assert found.failure is not None, (found.error, found.message)
    kind, _, wait = expected.partition(" ")
    assert found.failure.kind == kind
    assert found.failure.retry_after == (pytest.approx(float(wait), abs=3) if wait else None)
    assert len([one for one in server.received if one.method == "POST"]) == 1, "the client tried again by itself"
    if vendor.name != "ollama":  # which was given no key to hide
        assert KEY not in found.failure.message


@each_vendor
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_prompt_is_not_sent_on(vendor: Vendor, status: int, serve: Serve, ask: Ask) -> None:
    stranger = serve(lambda exchange: vendor.answer(exchange, Said()))
    server = serve(lambda exchange: exchange.send({}, status, {"location": stranger.url + exchange.path}))

    found = ask(vendor, server.url)

    assert found.failure is not None
    assert found.failure.kind == "refused"
    assert "redirects are not followed" in found.failure.message
    assert stranger.received == []


@each_vendor
def test_nobody_listens(vendor: Vendor, serve: Serve, ask: Ask) -> None:
    found = ask(vendor, "http://127.0.0.1:9")

    assert found.failure is not None
    assert found.failure.kind == "connection"
    if vendor.name == "ollama":
        assert "`ollama serve`" in found.failure.message
        assert "--model offline" in found.failure.message


@each_vendor
@pytest.mark.parametrize("number", range(6))
def test_an_answer_of_wrong_types_is_a_failure_or_empty(vendor: Vendor, number: int, serve: Serve, ask: Ask) -> None:
    server = serve(lambda exchange: exchange.send(vendor.wrong_types[number]))

    found = ask(vendor, server.url, "text")

    if found.failure is None:
        assert found.error is None, found.error
        assert str(found.message.text) in ("", "5", "hello")
    else:
        assert found.failure.kind in ("server", "connection")


@each_vendor
def test_the_same_failures_without_an_event_loop(vendor: Vendor, serve: Serve) -> None:
    provider = vendor.make("")
    for case, kind in (("gzip bomb", "server"), ("429, seconds", "rate"), ("hangs up in the middle", "connection")):
        server = serve(lambda exchange, case=case: CASES[case](vendor, exchange))  # type: ignore[misc]
        model = provider.chat_model(vendor.model, ModelOptions(timeout=10, base_url=_address(vendor, server.url)))
        with pytest.raises(Exception) as caught:
            model.invoke("hello")
        failure = provider.failure(caught.value)
        assert failure is not None
        assert failure.kind == kind


def _address(vendor: Vendor, url: str) -> str:
    return f"{url}/v1" if vendor.name == "openai" else url


@each_vendor
def test_a_foreign_error_is_nobodys(vendor: Vendor) -> None:
    provider = vendor.make("http://127.0.0.1:9")
    assert provider.failure(RuntimeError("a bug")) is None
    assert provider.failure(ValueError("a schema that can't be described")) is None


NEAR = {"openai": "gpt-4o", "anthropic": "claude-next", "ollama": "llama3.2:latest"}


@each_vendor
def test_a_model_that_a_server_lacks_is_told_with_those_it_has(vendor: Vendor, serve: Serve) -> None:
    def behave(exchange: Exchange) -> None:
        if exchange.path.partition("?")[0] in ("/api/tags", "/v1/models"):
            exchange.send(vendor.listed)
        elif exchange.path == "/api/show":
            exchange.send({"model_info": {}, "capabilities": []})
        else:
            exchange.send(vendor.error("model 'llama3.2' not found", "not_found_error"), 404)

    error = refused(vendor, serve(behave))
    assert error.kind == "not-found"
    assert error.message.endswith(f"; it has: {NEAR[vendor.name]}")
    if vendor.name == "ollama":
        assert "ollama pull llama3.2" in error.message


@each_vendor
def test_a_server_that_lists_nothing_leaves_the_first_error_as_it_is(vendor: Vendor, serve: Serve) -> None:
    def behave(exchange: Exchange) -> None:
        if exchange.path in ("/v1/chat/completions", "/v1/messages", "/api/chat"):
            exchange.send(vendor.error("model 'llama3.2' not found", "not_found_error"), 404)
        else:
            exchange.send("<html>" * 10, 500, content_type="text/html")

    error = refused(vendor, serve(behave))
    assert error.kind == "not-found"
    assert "llama3.2" in error.message
    assert "it has" not in error.message


def refused(vendor: Vendor, server: WireServer) -> CallError:
    """What asking a model comes to, by the way that runs take."""
    provider = vendor.make(server.url)
    info = ModelInfo(name=vendor.model, methods=("text",))
    candidate = Candidate(
        reference=f"{vendor.name}/{vendor.model}",
        provider_name=vendor.name,
        name=vendor.model,
        provider=provider,
        info=info,
        account=Account(Limits()),
    )
    with pytest.raises(CallError) as caught:
        asyncio.run(call_model(candidate, [HumanMessage("x")], None, ModelOptions(timeout=10)))
    return caught.value


def test_an_answer_of_ollama_without_its_end_is_no_answer(serve: Serve, ask: Ask) -> None:
    def behave(exchange: Exchange) -> None:
        exchange.begin(200, {"content-type": "application/x-ndjson", "connection": "close"})
        exchange.wfile.write(
            b'{"model": "m", "message": {"role": "assistant", "content": "{\\"title\\""}, "done": false}\n'
        )
        exchange.hang_up()

    found = ask(VENDORS["ollama"], serve(behave).url)

    assert found.failure is not None
    assert found.failure.kind == "connection"


def test_ollama_reports_an_error_in_the_middle(serve: Serve, ask: Ask) -> None:
    line = (
        '{"model": "m", "message": {"role": "assistant", "content": "a"}, "done": false}\n{"error": "out of memory"}\n'
    )
    found = ask(VENDORS["ollama"], serve(lambda exchange: exchange.send(line)).url)

    assert found.failure is not None
    assert found.failure.kind == "server"
    assert "out of memory" in found.failure.message


def test_an_answer_just_below_the_limit_is_read(serve: Serve, ask: Ask) -> None:
    vendor = VENDORS["openai"]
    text = "x" * 9_900_000
    found = ask(vendor, serve(lambda exchange: vendor.answer(exchange, Said(text=text))).url, "text")
    assert found.message is not None
    assert len(found.message.text) == len(text)
