"""Connections of the guarded clients: shared by the calls of a run, by nobody else, and closed when it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from wirekit.server import Exchange, WireServer
from wirekit.vendors import VENDORS, Said, Vendor

from pipekit import LLM, Pipeline, Text, Workflow, step
from pipekit.interfaces import ModelOptions
from pipekit.interfaces.http_connections import keeping_connections

Serve = Callable[[Callable[[Exchange], None]], WireServer]
each_vendor = pytest.mark.parametrize("vendor", VENDORS.values(), ids=str)


class Lines:
    """A server's behaviour: it answers as the vendor does, and knows the lines that it was asked over."""

    def __init__(self, vendor: Vendor, *, hangs_up: bool = False) -> None:
        self._exchanges: list[Exchange] = []
        self._vendor = vendor
        self._hangs_up = hangs_up

    def __call__(self, exchange: Exchange) -> None:
        self._exchanges.append(exchange)
        self._vendor.answer(exchange, Said())
        if self._hangs_up:
            exchange.hang_up()

    @property
    def asked(self) -> int:
        return len(self._exchanges)

    @property
    def count(self) -> int:
        return len({exchange.client_address for exchange in self._exchanges})

    def all_closed(self) -> bool:
        """Whether the client has closed them, once the server has seen it."""
        end = time.monotonic() + 10
        while not all(exchange.rfile.closed for exchange in self._exchanges):
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True


def model_of(vendor: Vendor, server: WireServer) -> Any:
    return vendor.make(server.url).chat_model(vendor.model, ModelOptions(timeout=10.0))


async def ask(model: Any, times: int) -> None:
    for _ in range(times):
        await model.ainvoke("Estimate: book an entry time.")


@each_vendor
def test_calls_of_a_run_share_a_connection_and_leave_none_open(vendor: Vendor, serve: Serve) -> None:
    lines = Lines(vendor)
    model = model_of(vendor, serve(lines))

    async def run() -> None:
        async with keeping_connections():
            await ask(model, 3)

    asyncio.run(run())

    assert (lines.asked, lines.count) == (3, 1)
    assert lines.all_closed()


@each_vendor
def test_a_model_is_used_by_one_run_after_another_each_with_a_loop_of_its_own(vendor: Vendor, serve: Serve) -> None:
    lines = Lines(vendor)
    model = model_of(vendor, serve(lines))

    async def run() -> None:
        async with keeping_connections():
            await ask(model, 2)

    asyncio.run(run())
    asyncio.run(run())

    assert (lines.asked, lines.count) == (4, 2)
    assert lines.all_closed()


@each_vendor
def test_outside_of_a_run_each_call_has_a_connection_of_its_own(vendor: Vendor, serve: Serve) -> None:
    lines = Lines(vendor)
    model = model_of(vendor, serve(lines))

    asyncio.run(ask(model, 2))
    asyncio.run(ask(model, 1))

    assert (lines.asked, lines.count) == (3, 3)
    assert lines.all_closed()


@each_vendor
def test_a_thread_with_a_loop_of_its_own_shares_no_connection_with_the_run(vendor: Vendor, serve: Serve) -> None:
    lines = Lines(vendor)
    model = model_of(vendor, serve(lines))

    async def run() -> None:
        async with keeping_connections():
            await ask(model, 2)
            await asyncio.to_thread(lambda: asyncio.run(ask(model, 2)))
            await ask(model, 1)

    asyncio.run(run())

    assert (lines.asked, lines.count) == (5, 3)
    assert lines.all_closed()


@each_vendor
def test_what_a_run_leaves_behind_keeps_no_connection(vendor: Vendor, serve: Serve) -> None:
    lines = Lines(vendor)
    model = model_of(vendor, serve(lines))

    async def run() -> None:
        over = asyncio.Event()

        async def late() -> None:
            await over.wait()
            await ask(model, 2)

        async with keeping_connections():
            left = asyncio.create_task(late())
            await ask(model, 2)
        over.set()
        await left

    asyncio.run(run())

    assert (lines.asked, lines.count) == (4, 3)
    assert lines.all_closed()


@each_vendor
def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used_again(vendor: Vendor, serve: Serve) -> None:
    lines = Lines(vendor, hangs_up=True)
    model = model_of(vendor, serve(lines))

    async def run() -> None:
        async with keeping_connections():
            for _ in range(3):
                await ask(model, 1)
                await asyncio.to_thread(lines.all_closed)

    asyncio.run(run())

    assert (lines.asked, lines.count) == (3, 3)


@each_vendor
def test_the_proxy_of_the_environment_is_asked_in_a_run_too(
    vendor: Vendor, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(Lines(vendor))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    model = vendor.make("http://models.example").chat_model(vendor.model, ModelOptions(timeout=10.0))

    async def run() -> None:
        async with keeping_connections():
            await ask(model, 1)

    asyncio.run(run())

    assert proxy.last.path.startswith("http://models.example/")


@frozen
class Estimate:
    """An estimate."""

    title: str
    points: int


@step
async def estimate(text: str, llm: LLM) -> list[Estimate]:
    """Ask one question after the other."""
    return [await llm.ask("estimate", returns=Estimate, text=text, key=str(number)) for number in range(3)]


def test_a_pipelines_run_shares_a_connection_and_closes_it(serve: Serve, tmp_path: Path) -> None:
    lines = Lines(VENDORS["openai"])
    server = serve(lines)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "estimate.md").write_text("# User\n{{ text }}\n", encoding="utf-8")
    workflow = Workflow(name="estimating", input="text", input_type=str, steps=[estimate])
    config = {"llm": {"model": "openai/m", "providers": {"openai": {"base_url": server.url}}}}
    pipeline = Pipeline(config, workflow=workflow, store="memory:", folder=tmp_path, environ={})

    pipeline.run(Text("a door that opens"))
    pipeline.run(Text("a door that closes"))

    assert (lines.asked, lines.count) == (6, 2)
    assert lines.all_closed()
