"""Steps that block the event loop: told, failed with the place they are at, and left behind when they never return."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pipekit import Pipeline, Step, StepContext, Text, Workflow, step
from pipekit.engine import watchdog
from pipekit.errors import PluginError, RunStoppedError
from pipekit.errors import StepError as FailedStepError
from pipekit.events import RunFailed, RunPaused, StepFinished, StepStarted, WarningGiven
from pipekit.interfaces.state_stores import Lease
from pipekit.stores.memory import MemoryStore


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What steps hang at; opened in the end, so that no thread outlives its test by much."""
    gate = threading.Event()
    yield gate
    gate.set()


@step
def count(text: str) -> int:
    return len(text)


def pipeline(*steps: Step[..., Any, Any], timeout: float = 0.2, store: Any = "memory:", **run: Any) -> Pipeline:
    workflow = Workflow(name="w", input="text", input_type=str, steps=[count, *steps])
    return Pipeline({"run": {"timeout": timeout, **run}}, workflow=workflow, plugins=[], store=store)


def test_a_step_that_blocks_the_loop_past_its_time_limit_fails_with_the_place_it_was_at() -> None:
    @step
    async def blocks(count: int) -> int:
        time.sleep(0.6)  # noqa: ASYNC251 - the mistake that this is about
        return 1

    pipe = pipeline(blocks)
    stream = pipe.stream(Text("one"))
    events = list(stream)
    with pytest.raises(PluginError, match=r"blocks gave no sign of life for 0\.2 seconds") as caught:
        _ = stream.result
    assert (caught.value.kind, caught.value.step) == ("hang", "blocks")
    assert "time.sleep(0.6)" in str(caught.value)
    (warning,) = [event for event in events if isinstance(event, WarningGiven)]
    assert "the step blocks has blocked the event loop for 0.2 seconds" in warning.text
    assert "test_watchdog.py" in warning.text
    assert pipe.runs.get(caught.value.run_id or "").record.status == "failed"


def test_the_same_on_the_callers_own_loop() -> None:
    @step
    async def blocks(count: int) -> int:
        time.sleep(0.6)  # noqa: ASYNC251
        await asyncio.sleep(10)
        return 1

    with pytest.raises(PluginError, match="no sign of life") as caught:
        asyncio.run(pipeline(blocks).arun(Text("one")))
    assert "time.sleep(0.6)" in str(caught.value)


def test_what_a_step_lets_tasks_of_its_own_do_is_its_own() -> None:
    async def blocking() -> int:
        time.sleep(0.6)  # noqa: ASYNC251
        return 1

    @step
    async def blocks(count: int) -> int:
        return sum(await asyncio.gather(blocking(), asyncio.sleep(0, 2)))

    with pytest.raises(PluginError, match="blocks gave no sign of life") as caught:
        pipeline(blocks).run(Text("one"))
    assert "in blocking" in str(caught.value)


def test_a_step_that_waits_while_another_one_blocks_is_not_blamed() -> None:
    @step
    async def blocks(count: int) -> int:
        await asyncio.sleep(0.05)
        time.sleep(0.8)  # noqa: ASYNC251
        return 1

    @step
    async def waits(count: int) -> int:
        await asyncio.sleep(0.15)
        await asyncio.sleep(0.05)
        return 2

    stream = pipeline(blocks, waits, timeout=0.4, parallelSteps=2).stream(Text("one"))
    finished = [event.step for event in stream if isinstance(event, StepFinished)]
    with pytest.raises(PluginError, match="blocks gave no sign of life"):
        _ = stream.result
    assert finished == ["count", "waits"]


def test_a_step_that_never_comes_back_fails_its_run_which_can_be_gone_on_with(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "_GRACE", 0.2)
    tried: list[int] = []

    @step
    async def hangs(count: int) -> int:
        tried.append(1)
        if len(tried) == 1:
            gate.wait(20)
        return 7

    pipe = pipeline(hangs)
    began = time.monotonic()
    stream = pipe.stream(Text("one"))
    kinds = [type(event) for event in stream]
    with pytest.raises(PluginError, match="hangs gave no sign of life") as caught:
        _ = stream.result
    assert time.monotonic() - began < 10
    assert "gate.wait(20)" in str(caught.value)
    assert kinds[-1] is RunFailed

    run = caught.value.run_id or ""
    record = pipe.runs.get(run).record
    assert (record.status, record.current_step, record.error_code) == ("failed", "hangs", 9)
    assert pipe.resume(run).of(hangs) == 7
    done = pipe.runs.get(run).record
    gate.set()  # what the first attempt does now changes nothing
    stream._thread.join(10)
    assert pipe.runs.get(run).record == done


def test_a_run_whose_step_blocks_the_loop_can_be_stopped(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "_STOP_PATIENCE", 0.2)

    @step
    async def hangs(count: int) -> int:
        gate.wait(20)
        return 7

    pipe = pipeline(hangs, timeout=600)
    stream = pipe.stream(Text("one"))
    kinds: list[type] = []
    for event in stream:
        kinds.append(type(event))
        if isinstance(event, StepStarted) and event.step == "hangs":
            time.sleep(0.1)
            stream.stop()
    assert kinds[-1] is RunPaused
    with pytest.raises(RunStoppedError, match="the step hangs still blocks the event loop") as caught:
        _ = stream.result
    run = caught.value.run_id or ""
    record = pipe.runs.get(run).record
    assert (record.status, record.paused_reason, record.current_step) == ("paused", "signal", "hangs")
    gate.set()
    assert pipe.resume(run).of(hangs) == 7


def test_a_step_that_gives_the_loop_back_in_time_is_left_alone() -> None:
    @step
    async def works(count: int) -> int:
        for _ in range(4):
            time.sleep(0.05)  # noqa: ASYNC251
            await asyncio.sleep(0)
        return 1

    result = pipeline(works, timeout=2).run(Text("one"))
    assert (result.of(works), list(result.warnings)) == (1, [])


def test_waiting_in_an_asynchronous_step_is_refused_and_says_what_to_write() -> None:
    @step
    async def waits(count: int, ctx: StepContext) -> int:
        async def later() -> int:
            return 1

        return ctx.wait(later())

    with pytest.raises(FailedStepError, match=r"ctx\.wait was called on the event loop, by the step waits") as caught:
        pipeline(waits, timeout=30).run(Text("one"))
    assert "in an async step write: await" in caught.value.hint


def test_what_a_run_that_was_given_up_still_writes_is_refused(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "_GRACE", 0.1)
    refused: list[BaseException] = []

    class Watching(MemoryStore):
        def commit(self, lease: Lease, *args: Any) -> None:
            try:
                super().commit(lease, *args)
            except BaseException as error:
                refused.append(error)
                raise

    @step
    async def hangs(count: int) -> int:
        gate.wait(20)
        return 7

    stream = pipeline(hangs, store=Watching()).stream(Text("one"))
    assert RunPaused not in {type(event) for event in stream}
    gate.set()
    stream._thread.join(10)
    assert [getattr(error, "kind", "") for error in refused] == ["superseded"] * len(refused)
    assert refused


def test_no_thread_of_a_run_is_left_when_it_is_over() -> None:
    @step
    async def works(count: int) -> int:
        await asyncio.sleep(0.01)
        return 1

    before = set(threading.enumerate())
    pipeline(works, timeout=600).run(Text("one"))
    for thread in set(threading.enumerate()) - before:
        thread.join(5)  # one that has done its work may take a moment to end
    assert set(threading.enumerate()) <= before


def test_the_place_of_a_step_is_told_without_how_it_came_to_be_called() -> None:
    @step
    async def blocks(count: int) -> int:
        time.sleep(0.6)  # noqa: ASYNC251
        return 1

    with pytest.raises(PluginError) as caught:
        pipeline(blocks).run(Text("one"))
    assert "in blocks" in str(caught.value)
    assert "runner.py" not in str(caught.value)
