"""The events of a run as they come: for plain loops, for asynchronous ones, and for whoever leaves early."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipekit import Pipeline, StepError, Text, Workflow, step
from pipekit.errors import PipekitError, RunStoppedError
from pipekit.errors import StepError as FailedStepError
from pipekit.events import (
    CheckpointWritten,
    Event,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    StepFinished,
    StepStarted,
)
from pipekit.results import RunResult
from pipekit.streams import EventStream

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


def test_a_stream_that_was_read_to_its_end_has_no_more_events() -> None:
    GATE.set()
    stream = pipeline().stream(Text("one"))
    assert [type(event) for event in stream][-1] is RunFinished
    assert list(stream) == []

    async def main() -> list[Event]:
        return [event async for event in stream]

    assert asyncio.run(main()) == []
    assert stream.result.status == "completed"


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


def test_asking_to_stop_when_the_run_is_just_over_is_no_error() -> None:
    GATE.set()
    result = pipeline().run(Text("one"))
    streams: list[EventStream] = []

    async def drive(*_: object) -> RunResult:
        loop = asyncio.get_running_loop()
        close = loop.close

        def close_and_stop() -> None:
            close()
            streams[0].stop()

        loop.close = close_and_stop  # type: ignore[method-assign]
        while not streams:  # noqa: ASYNC110 - filled by the test's own thread
            await asyncio.sleep(0.01)
        return result

    streams.append(EventStream(drive))
    assert streams[0].result is result


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


SCRIPT = """
import asyncio, sys
from pipekit import Pipeline, Text, Workflow, step
from pipekit.events import StepStarted

@step
def count(text: str) -> int:
    return len(text)

@step
async def wait(count: int) -> int:
    await asyncio.sleep(60)
    return count

@step
def hang(count: int) -> int:
    import time
    time.sleep(60)
    return count

second = hang if "plain" in sys.argv else wait
workflow = Workflow(name="w", input="text", input_type=str, steps=[count, second])
stream = Pipeline({}, workflow=workflow, plugins=[]).stream(Text("one"))
"""

WAYS_OUT = {
    "break": """
for event in stream:
    if isinstance(event, StepStarted) and event.step == second.name:
        break
""",
    "an error": """
for event in stream:
    if isinstance(event, StepStarted) and event.step == second.name:
        raise RuntimeError("the reader's own")
""",
    "exit": """
for event in stream:
    if isinstance(event, StepStarted) and event.step == second.name:
        sys.exit()
""",
    "a kept iterator": """
events = iter(stream)
while not isinstance(event := next(events), StepStarted) or event.step != second.name:
    pass
""",
    "an asynchronous break": """
async def main():
    async for event in stream:
        if isinstance(event, StepStarted) and event.step == second.name:
            break

asyncio.run(main())
""",
    "never looking": """
import time
while not list(Path(".pipeline").glob("run-*/steps/step-count.json")):
    time.sleep(0.01)
""",
}


@pytest.mark.parametrize(("way_out", "kind"), [*((way, "asynchronous") for way in WAYS_OUT), ("break", "plain")])
def test_a_program_that_ends_in_the_middle_of_a_run_leaves_it_paused(tmp_path: Path, way_out: str, kind: str) -> None:
    script = tmp_path / "script.py"
    script.write_text("from pathlib import Path\n" + SCRIPT + WAYS_OUT[way_out])
    done = subprocess.run(
        [sys.executable, str(script), kind], cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == (1 if way_out == "an error" else 0), done.stderr
    (state,) = (tmp_path / ".pipeline").glob("run-*/state.json")
    record = json.loads(state.read_text())
    assert (record["status"], record.get("pausedReason"), record["completedSteps"]) == ("paused", "signal", ["count"])


def test_a_program_that_has_read_its_run_to_the_end_ends_at_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("asyncio.sleep(60)", "asyncio.sleep(0)") + "for event in stream: print(event)\n")
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "RunFinished" in done.stdout.splitlines()[-1]


def test_a_stream_that_is_stopped_before_its_thread_has_begun_begins_no_work() -> None:
    begin = threading.Event()
    done: list[str] = []

    class Late(EventStream):
        def _main(self) -> None:
            begin.wait(30)
            super()._main()

    async def drive(tell: object, line: object) -> RunResult:
        await asyncio.sleep(0)
        done.append("begun")
        raise AssertionError

    stream = Late(drive)
    stream.stop()
    begin.set()
    with pytest.raises(RunStoppedError):
        _ = stream.result
    assert done == []
