"""What a call of a step may ask of its run ends with the call, however that ends."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipekit import Pipeline, Step, StepContext, Text, Workflow, step
from pipekit.errors import PipekitError, PluginError
from pipekit.events import Event, ProgressReported
from pipekit.interfaces.state_stores import Lease
from pipekit.interfaces.steps import Question
from pipekit.state.record import RunRecord
from pipekit.stores.memory import MemoryStore


def pipeline(*steps: Step[..., Any, Any], folder: Path | None = None, store: Any = None, **config: Any) -> Pipeline:
    workflow = Workflow(name="w", input="text", input_type=str, steps=steps)
    kept = store or (None if folder else "memory:")
    return Pipeline(config, workflow=workflow, plugins=[], store=kept, folder=folder)


class LeavesError(BaseException):
    """What a step's library may raise past ``except Exception``, as test runners and task groups do."""


_UNUSUAL_ENDS = [
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
    StopIteration(),
    asyncio.CancelledError(),
    LeavesError("gone"),
    BaseExceptionGroup("several", [LeavesError("gone")]),
]


class Waiting:
    """A plain step that waits for work which never ends by itself, and tries something else once it is let go."""

    def __init__(self, then: Callable[[StepContext], object] = lambda _: None) -> None:
        self.began, self.cancelled, self.over = threading.Event(), threading.Event(), threading.Event()
        self.said: list[BaseException | object] = []
        self._then = then

    async def _work(self) -> int:
        self.began.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)  # what it has to clean up
            self.cancelled.set()
            raise
        return 1

    def step(self) -> Step[..., Any, Any]:
        @step
        def waits(text: str, ctx: StepContext) -> int:
            try:
                return ctx.wait(self._work())
            finally:
                try:
                    self.said.append(self._then(ctx))
                except BaseException as error:
                    self.said.append(error)
                self.over.set()

        return waits


class Ending(MemoryStore):
    """Notes whether the work had been cancelled when the end of the run was kept."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__()
        self.waiting = waiting
        self.was_cancelled: list[bool] = []

    def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        self.was_cancelled.append(self.waiting.cancelled.is_set())
        super().commit(lease, record, blobs)


def test_work_that_a_plain_function_waits_for_is_cancelled_with_the_run_before_that_is_given_back() -> None:
    waiting = Waiting()
    store = Ending(waiting)
    with pipeline(waiting.step(), store=store).stream(Text("x")) as stream:
        assert waiting.began.wait(10)
        stream.stop()
        assert stream.result.status == "paused"
    assert store.was_cancelled == [True]
    assert waiting.over.wait(10)


def test_work_that_a_plain_function_waits_for_is_cancelled_with_the_cancelled_task() -> None:
    waiting = Waiting()

    async def main() -> None:
        task = asyncio.create_task(pipeline(waiting.step()).arun(Text("x")))
        await asyncio.to_thread(waiting.began.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert waiting.cancelled.is_set()

    asyncio.run(main())


def test_work_that_a_plain_function_waits_for_is_cancelled_when_the_time_is_over() -> None:
    waiting = Waiting()
    store = Ending(waiting)
    with pytest.raises(PluginError, match="no sign of life"):
        pipeline(waiting.step(), store=store, steps={"waits": {"timeout": 0.1}}).run(Text("x"))
    assert store.was_cancelled == [True]


async def one() -> int:
    return 1


async def kept(ctx: StepContext) -> int:
    return await ctx.once("more", one, returns=int)


@pytest.mark.parametrize(
    "then",
    [
        lambda ctx: ctx.wait(one()),
        lambda ctx: ctx.wait(kept(ctx)),
        lambda ctx: ctx.wait(ctx.answer("a", Question(text="?", returns=int))),
        lambda ctx: ctx.folder,
    ],
    ids=["wait", "once", "answer", "folder"],
)
def test_a_thread_that_is_left_behind_is_refused_and_writes_nothing(
    tmp_path: Path, then: Callable[[StepContext], object]
) -> None:
    free = threading.Event()

    def later(ctx: StepContext) -> object:
        assert free.wait(10)
        return then(ctx)

    waiting = Waiting(later)
    pipe = pipeline(waiting.step(), folder=tmp_path)
    with pipe.stream(Text("x")) as stream:
        assert waiting.began.wait(10)
        stream.stop()
        run = tmp_path / ".pipeline" / stream.result.run_id
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    free.set()
    assert waiting.over.wait(10)
    (said,) = waiting.said
    assert isinstance(said, PipekitError)
    assert "is over" in str(said)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_thread_that_is_left_behind_reports_no_progress() -> None:
    free = threading.Event()

    def later(ctx: StepContext) -> None:
        assert free.wait(10)
        ctx.progress(0.5)

    events: list[Event] = []

    waiting = Waiting(later)
    stream = pipeline(waiting.step()).stream(Text("x"))
    assert waiting.began.wait(10)
    stream.stop()
    events.extend(stream)
    free.set()
    assert waiting.over.wait(10)
    assert waiting.said == [None]
    assert not [event for event in events if isinstance(event, ProgressReported)]


def test_a_task_that_a_step_leaves_behind_keeps_nothing_for_it(tmp_path: Path) -> None:
    said: list[BaseException] = []
    left: list[asyncio.Task[None]] = []

    @step
    async def leaves(text: str, ctx: StepContext) -> int:
        async def slow() -> int:
            await asyncio.sleep(0.05)
            return 1

        async def later() -> None:
            try:
                await ctx.once("late", slow, returns=int)
            except PipekitError as error:
                said.append(error)

        left.append(asyncio.create_task(later()))
        await asyncio.sleep(0)
        return 1

    @step
    async def follows(leaves: int) -> int:
        await asyncio.wait(left)
        return leaves

    pipe = pipeline(leaves, follows, folder=tmp_path)
    result = pipe.run(Text("x"))
    assert result.of(follows) == 1
    assert "is over" in str(said[0])
    journals = (tmp_path / ".pipeline" / result.run_id).glob("*.jsonl")
    assert not any('"late"' in journal.read_text() for journal in journals)


def test_scratch_space_that_cannot_be_removed_is_no_failure_of_the_step() -> None:
    @step
    def scribbles(text: str, ctx: StepContext) -> int:
        shutil.rmtree(ctx.folder)
        ctx.folder.write_text("a file where the folder was")
        return 1

    place: list[Path] = []

    @step
    def looks(text: str, ctx: StepContext) -> int:
        place.append(ctx.folder)
        return 2

    assert pipeline(scribbles, looks).run(Text("x")).of(looks) == 2
    assert not place[0].exists()


def test_waiting_gives_what_the_work_gives_and_raises_what_it_raises() -> None:
    class OwnError(Exception):
        pass

    async def raises() -> int:
        raise OwnError("mine")

    @step
    def waits(text: str, ctx: StepContext) -> int:
        work: Awaitable[int] = raises()
        with pytest.raises(OwnError, match="mine"):
            ctx.wait(work)
        return ctx.wait(one())

    assert pipeline(waits).run(Text("x")).of(waits) == 1


# --- what doesn't end when it is told to ------------------------------------------------------------------------------


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Lets stubborn work end, at the end of the test at the latest; nobody waits for it for long."""
    monkeypatch.setattr("pipekit.engine.cancelling._GRACE", 0.1)
    event = threading.Event()
    yield event
    event.set()


async def goes_on(free: threading.Event, began: threading.Event) -> int:
    while not free.is_set():
        began.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.05)  # where it goes on
    return 1


def stubborn(kind: str, free: threading.Event, began: threading.Event) -> Step[..., Any, Any]:
    @step(name="stubborn")
    async def awaits(text: str) -> int:
        return await goes_on(free, began)

    @step(name="stubborn")
    def waits(text: str, ctx: StepContext) -> int:
        return ctx.wait(goes_on(free, began))

    @step(name="stubborn")
    async def in_an_executor(text: str) -> int:
        began.set()
        return int(await asyncio.to_thread(free.wait, 30))  # where it goes on

    steps: dict[str, Step[..., Any, Any]] = {"async": awaits, "plain": waits, "executor": in_an_executor}
    return steps[kind]


@pytest.mark.parametrize("kind", ["async", "plain", "executor"])
def test_work_that_swallows_its_cancellation_is_left_when_its_time_is_over(free: threading.Event, kind: str) -> None:
    own = stubborn(kind, free, threading.Event())
    with pytest.raises(PluginError, match="no sign of life") as caught:
        pipeline(own, steps={"stubborn": {"timeout": 0.2}}).run(Text("x"))
    assert caught.value.kind == "hang"
    assert kind == "plain" or "# where it goes on" in str(caught.value)
    assert not free.is_set()


@pytest.mark.parametrize("kind", ["async", "plain", "executor"])
def test_a_run_whose_work_swallows_its_cancellation_can_be_stopped(free: threading.Event, kind: str) -> None:
    began = threading.Event()
    pipe = pipeline(stubborn(kind, free, began))
    with pipe.stream(Text("x")) as stream:
        assert began.wait(10)
        stream.stop()
        assert stream.result.status == "paused"
    assert not free.is_set()
    free.set()
    assert pipe.resume(stream.result.run_id).status == "completed"


def test_an_asynchronous_step_that_waits_for_ever_is_told_with_the_place_where_it_waits() -> None:
    async def never() -> None:
        await asyncio.Event().wait()  # the place

    @step
    async def hangs(text: str) -> int:
        await never()
        return 1

    with pytest.raises(PluginError, match="no sign of life") as caught:
        pipeline(hangs, steps={"hangs": {"timeout": 0.1}}).run(Text("x"))
    assert "# the place" in str(caught.value)


@pytest.mark.parametrize("error", _UNUSUAL_ENDS, ids=lambda error: type(error).__name__)
def test_what_only_a_process_should_raise_is_an_asynchronous_steps_own_failure(error: BaseException) -> None:
    @step
    async def leaves(text: str) -> int:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(PluginError, match="leaves raised"):
        pipeline(leaves).run(Text("a"))


@pytest.mark.parametrize("error", _UNUSUAL_ENDS, ids=lambda error: type(error).__name__)
def test_the_other_items_are_kept_whatever_one_of_them_raises(error: BaseException) -> None:
    began: list[str] = []
    ends = [error]

    @step(provides="names")
    def split(text: str) -> list[str]:
        return text.split()

    @step(each="names", item_key=str)
    async def leaves(name: str) -> str:
        began.append(name)
        await asyncio.sleep(0)
        if name == "b" and ends:
            raise ends.pop()
        return name

    pipe = pipeline(split, leaves)
    with pytest.raises(PluginError, match="leaves raised") as caught:
        pipe.run(Text("a b c"))
    assert caught.value.run_id
    assert pipe.resume(caught.value.run_id).status == "completed"
    assert sorted(began) == ["a", "b", "b", "c"]


_ENDS_OF_PROCESSES = [SystemExit(3), KeyboardInterrupt()]  # a loop that sees one of these in a task ends at once


@pytest.mark.parametrize("error", _ENDS_OF_PROCESSES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("way", ["waited", "task", "group"])
def test_what_only_a_process_should_raise_is_the_steps_own_in_its_tasks_as_well(way: str, error: BaseException) -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        raise error

    @step
    def waited(text: str, ctx: StepContext) -> int:
        return ctx.wait(work())

    @step
    async def task(text: str) -> int:
        return await asyncio.create_task(work())

    @step
    async def group(text: str) -> int:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work())
        return 1

    steps: dict[str, Step[..., Any, Any]] = {"waited": waited, "task": task, "group": group}
    pipe = pipeline(steps[way])
    with pytest.raises(PluginError, match=f"the step {way} raised") as caught:
        pipe.run(Text("a"))
    assert pipe.runs.record(str(caught.value.run_id)).status == "failed"


def test_what_only_a_process_should_raise_ends_no_loop_of_the_callers_while_a_step_waits() -> None:
    async def work() -> int:
        raise SystemExit(3)

    @step
    def waited(text: str, ctx: StepContext) -> int:
        return ctx.wait(work())

    async def main() -> int:
        with pytest.raises(PluginError, match="the step waited raised SystemExit: 3"):
            await pipeline(waited).arun(Text("a"))
        return 7

    assert asyncio.run(main()) == 7
