"""The events of a run as they come: for plain loops, for asynchronous ones, and for whoever leaves early."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pipekit import Pipeline, StepError, Text, Workflow, step
from pipekit.errors import PipekitError, RunStoppedError
from pipekit.errors import StepError as FailedStepError
from pipekit.events import CheckpointWritten, RunFailed, RunFinished, RunPaused, RunStarted, StepFinished, StepStarted

GATE = threading.Event()


@step
def count(text: str) -> int:
    if text == "fail":
        raise StepError("can't be counted")
    return len(text)


@step
async def wait(count: int) -> int:
    while not GATE.is_set():  # noqa: ASYNC110 - set from other threads, and left at once when cancelled
        await asyncio.sleep(0.01)
    return count


@pytest.fixture(autouse=True)
def gate() -> None:
    GATE.clear()


def pipeline() -> Pipeline:
    workflow = Workflow(name="w", input="text", input_type=str, steps=[count, wait])
    return Pipeline({}, workflow=workflow, plugins=[], store="memory:")


def test_a_plain_loop_sees_every_event_in_order_and_the_result_is_there_after_it() -> None:
    GATE.set()
    stream = pipeline().stream(Text("one"))
    kinds = [type(event) for event in stream]
    one = [StepStarted, CheckpointWritten, StepFinished]
    assert kinds == [RunStarted, *one, *one, RunFinished]
    assert stream.result.of(wait) == 3


def test_an_asynchronous_loop_sees_the_same_without_blocking_its_own_loop() -> None:
    async def main() -> list[type]:
        kinds: list[type] = []
        async for event in pipeline().stream(Text("one")):
            kinds.append(type(event))
            if isinstance(event, StepStarted) and event.step == "wait":
                GATE.set()  # set by the reader's loop: a loop that were blocked would never come here
        return kinds

    assert asyncio.run(main())[-1] is RunFinished


def test_leaving_a_plain_loop_pauses_the_run_and_it_can_be_gone_on_with() -> None:
    pipe = pipeline()
    for event in pipe.stream(Text("one")):
        if isinstance(event, StepStarted) and event.step == "wait":
            break
    run = pipe.runs.get("last")
    deadline = threading.Event()
    while run.record.status == "running" and not deadline.wait(0.02):
        run = pipe.runs.get("last")
    assert (run.record.status, run.record.paused_reason) == ("paused", "signal")
    GATE.set()
    assert pipe.resume("last").of(wait) == 3


def test_leaving_an_asynchronous_loop_pauses_the_run() -> None:
    pipe = pipeline()

    async def main() -> str:
        stream = pipe.stream(Text("one"))
        async for event in stream:
            if isinstance(event, StepStarted) and event.step == "wait":
                break
        return (await asyncio.to_thread(lambda: stream.result)).status

    assert asyncio.run(main()) == "paused"


def test_leaving_the_with_block_waits_until_the_run_has_come_to_rest() -> None:
    with pipeline().stream(Text("one")) as stream:
        for event in stream:
            if isinstance(event, StepStarted) and event.step == "wait":
                break
    assert stream.result.status == "paused"
    assert stream.result.pause is not None
    assert stream.result.pause.next_step == "wait"


def test_asking_twice_to_stop_is_as_good_as_once() -> None:
    with pipeline().stream(Text("one")) as stream:
        events = iter(stream)
        while not isinstance(next(events), StepStarted):
            pass
        stream.stop()
        stream.stop()
        assert RunPaused in {type(event) for event in events}


def test_a_run_stopped_before_it_began_says_so() -> None:
    started = threading.Event()

    async def never(_: object, __: object) -> object:
        started.set()
        await asyncio.sleep(30)
        raise AssertionError

    from pipekit.streams import EventStream

    stream = EventStream(never)  # type: ignore[arg-type]
    started.wait(5)
    stream.close()
    with pytest.raises(RunStoppedError, match="before it began"):
        _ = stream.result


def test_a_failed_run_tells_its_events_and_raises_where_the_result_is_asked_for() -> None:
    stream = pipeline().stream(Text("fail"))
    kinds = [type(event) for event in stream]
    assert kinds[-1] is RunFailed
    with pytest.raises(FailedStepError, match="can't be counted") as caught:
        _ = stream.result
    assert caught.value.run_id is not None


def test_what_is_wrong_before_the_run_is_raised_by_the_result_with_no_event_before_it() -> None:
    stream = pipeline().stream("missing.txt")
    assert list(stream) == []
    with pytest.raises(PipekitError, match=r"missing\.txt"):
        _ = stream.result


def test_several_streams_of_one_pipeline_work_at_once() -> None:
    pipe = pipeline()
    streams = [pipe.stream(Text("x" * size)) for size in range(1, 5)]
    GATE.set()
    assert [stream.result.of(wait) for stream in streams] == [1, 2, 3, 4]
