"""Two pipelines that run at once in threads of one process share what an account of a provider gets."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda

from pipekit import LLM, Pipeline, Text, Workflow, hookimpl, step
from pipekit.interfaces import ModelOptions
from pipekit.testing import ScriptedProvider


@frozen
class Item:
    id: str


@step(provides="items")
def split(text: str) -> tuple[Item, ...]:
    return tuple(Item(f"i{number}") for number in range(int(text)))


@step(each="items")
async def weigh(item: Item, llm: LLM) -> str:
    return await llm.ask("weigh", returns=str, key=item.id, item=item.id)


@step(each="items")
async def price(item: Item, llm: LLM) -> str:
    """A second step that may run beside the first one."""
    return await llm.ask("price", returns=str, key=item.id, item=item.id)


class Counting(ScriptedProvider):
    """Counts the calls under way, of all pipelines together."""

    def __init__(self) -> None:
        super().__init__("fine")
        self.lock = threading.Lock()
        self.now = self.most = self.calls = 0
        self.quick_ones_are_over = threading.Event()

    def chat_model(self, model: str, options: ModelOptions) -> Any:
        async def answer(_: object) -> AIMessage:
            with self.lock:
                self.now += 1
                self.calls += 1
                self.most = max(self.most, self.now)
            await asyncio.sleep(0.002)
            if model == "slow":
                await asyncio.to_thread(self.quick_ones_are_over.wait, 30)
            with self.lock:
                self.now -= 1
            return AIMessage("fine")

        return RunnableLambda(lambda _: AIMessage(""), afunc=answer)


class Plugin:
    pipekit_api = 1

    def __init__(self, provider: Counting) -> None:
        self.provider = provider

    @hookimpl
    def pipekit_llm_providers(self) -> Any:
        return {"acme": lambda: self.provider}


def pipeline(folder: Path, provider: Counting, limit: int, model: str = "quick") -> Pipeline:
    for task in ("weigh", "price"):
        (folder / "prompts").mkdir(exist_ok=True)
        (folder / "prompts" / f"{task}.md").write_text("{{ item }}")
    workflow = Workflow(
        name="w", input="text", input_type=str, steps=[split, weigh] if model == "slow" else [split, weigh, price]
    )
    settings = {"llm": {"limits": {"acme": {"concurrency": limit}}}, "run": {"parallelSteps": 2}}
    plugins = [Plugin(provider)]
    return Pipeline(
        settings, workflow=workflow, plugins=plugins, folder=folder, model=f"acme/{model}", environ={}, store="memory:"
    )


def test_runs_side_by_side_have_no_more_calls_at_once_than_one_of_them(tmp_path: Path) -> None:
    provider = Counting()
    with ThreadPoolExecutor(3) as threads:
        runs = [threads.submit(pipeline(tmp_path, provider, 3).run, Text("10")) for _ in range(3)]
        assert all(run.result().status == "completed" for run in runs)
    assert (provider.calls, provider.most) == (60, 3)


@pytest.mark.parametrize(("slow", "quick"), [(2, 5), (5, 2)])
def test_the_stricter_of_two_limits_holds_for_both_while_both_run(tmp_path: Path, slow: int, quick: int) -> None:
    """Two projects of one user, one key: the service counts all calls, whoever makes them."""
    provider = Counting()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(pipeline(tmp_path, provider, slow, "slow").run, Text("1"))
        while provider.calls == 0 and not first.done():
            threading.Event().wait(0.001)
        second = threads.submit(pipeline(tmp_path, provider, quick).run, Text("10"))
        assert second.result(30).status == "completed"
        provider.quick_ones_are_over.set()
        assert first.result(30).status == "completed"
    assert provider.most == 2
