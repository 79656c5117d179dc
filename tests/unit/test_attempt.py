"""A run that is stopped while it is being taken is paused and free; answers need their questions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from pipekit import Pipeline, Question, Resume, Selection, StepContext, Text, Workflow, step
from pipekit.asking import Models
from pipekit.errors import PluginError, RunStoppedError, StorageError, UsageError
from pipekit.events import CheckpointWritten, RunFailed, RunFinished, RunPaused, RunStarted, StepFinished, StepStarted
from pipekit.interfaces.state_stores import Entry, Lease, Owner, StoredRun, StoreURL
from pipekit.state.record import RunRecord
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.memory import MemoryStore
from pipekit.streams import EventStream


@step
def count(text: str) -> int:
    return len(text)


@step
async def choose(count: int, ctx: StepContext) -> str:
    return await ctx.answer("colour", Question(text="Which colour?", returns=str))


class Slow:
    """A store whose calls of one kind wait until they are let through, and whose disk may be full."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.slow = ""
        self.skip = 0
        self.commits = 0
        self.written = 0
        self.refuses_from: int | None = None
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _wait(self, name: str) -> None:
        if name != self.slow:
            return
        if self.skip:
            self.skip -= 1
        else:
            self.reached.set()
            assert self.go_on.wait(10)

    def acquire(self, run_id: str, owner: Owner) -> Lease:
        self._wait("acquire")
        lease: Lease = self._store.acquire(run_id, owner)
        self._wait("acquired")
        return lease

    def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        self.commits += 1
        self.written += 1
        if self.refuses_from is not None and self.commits >= self.refuses_from:
            raise StorageError("the disk is full")
        self._wait("commit")
        self._store.commit(lease, record, blobs)
        self._wait("committed")

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        self._wait("append")
        self.written += 1
        self._store.append(lease, entries)

    def create(self, *args: Any, **kwargs: Any) -> None:
        self._wait("creating")
        self._store.create(*args, **kwargs)
        self._wait("create")


@pytest.fixture(params=["memory", "files"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Slow]:
    files = StoreURL(scheme="file", location="runs", folder=tmp_path)
    slow = Slow(MemoryStore() if request.param == "memory" else JsonFileStore(files))
    yield slow
    slow.go_on.set()


def pipeline(store: Any, *steps: Any) -> Pipeline:
    workflow = Workflow(name="w", input="text", input_type=str, steps=[count, *steps])
    return Pipeline({}, workflow=workflow, plugins=[], store=store)


def cancel_at(store: Slow, slow: str, work: Callable[[], Any]) -> None:
    """Cancel ``work`` while the store is in a call of this kind."""
    store.slow = slow

    async def main() -> None:
        task = asyncio.create_task(work())
        await asyncio.to_thread(store.reached.wait, 10)
        task.cancel()
        await asyncio.sleep(0.01)
        store.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    store.slow = ""


@pytest.mark.parametrize("slow", ["creating", "create", "acquire", "acquired"])
def test_a_new_run_that_is_cancelled_while_it_is_taken_is_paused_and_can_be_gone_on_with(
    store: Slow, tmp_path: Path, slow: str
) -> None:
    pipe = pipeline(store)
    cancel_at(store, slow, lambda: pipe.arun(Text("one")))

    (run,) = pipe.runs.find()
    record = pipe.runs.get(run.run_id).record
    assert (run.status, record.paused_reason, record.current_step) == ("paused", "signal", "count")
    assert store.owner(run.run_id) is None
    assert [path.name for path in (tmp_path / "runs").glob("*")] in ([], [run.run_id])  # nothing half made beside it
    assert pipe.resume(run.run_id).of(count) == 3


@pytest.mark.parametrize("slow", ["acquire", "acquired", "commit", "committed"])
def test_a_resume_that_is_cancelled_while_it_is_taken_leaves_the_run_free(store: Slow, slow: str) -> None:
    pipe = pipeline(store, choose)
    paused = pipe.run(Text("one"), select=Selection(until="count"))
    cancel_at(store, slow, lambda: pipe.aresume(paused.run_id))

    assert pipe.runs.get(paused.run_id).record.status == "paused"
    assert store.owner(paused.run_id) is None
    assert pipe.resume(paused.run_id).status == "paused"


def test_a_fork_that_is_cancelled_while_it_is_taken_is_paused(store: Slow) -> None:
    pipe = pipeline(store, choose)
    parent = pipe.run(Text("one"), select=Selection(until="count"))
    cancel_at(store, "create", lambda: pipe.afork(parent.run_id))

    fork = next(iter(pipe.runs.find()))
    assert fork.run_id != parent.run_id
    assert (fork.status, store.owner(fork.run_id)) == ("paused", None)


def test_a_stream_that_is_stopped_while_its_run_is_taken_has_the_paused_run_as_its_result(store: Slow) -> None:
    store.slow = "acquire"
    stream = pipeline(store).stream(Text("one"))
    assert store.reached.wait(10)
    stream.stop()
    store.go_on.set()

    assert [type(event) for event in stream] == [RunStarted, RunPaused]
    assert stream.result.status == "paused"
    assert stream.result.pause is not None
    assert stream.result.pause.next_step == "count"


def test_a_resume_that_is_stopped_before_it_goes_on_names_its_run(store: Slow) -> None:
    pipe = pipeline(store, choose)
    paused = pipe.run(Text("one"), select=Selection(until="count"))
    store.slow = "acquire"
    stream = pipe.resume_stream(paused.run_id)
    assert store.reached.wait(10)
    stream.stop()
    store.go_on.set()

    with pytest.raises(RunStoppedError, match="stopped before the run went on") as caught:
        _ = stream.result
    assert caught.value.run_id == paused.run_id
    assert store.owner(paused.run_id) is None


# --- stopped at the very end -----------------------------------------------------------------------------------------


def stopped_in_commit(store: Slow, number: int, pipe: Pipeline) -> EventStream:
    """A run that is stopped while its commit of this number is being kept."""
    store.slow, store.skip = "commit", number - 1
    stream = pipe.stream(Text("one"))
    assert store.reached.wait(10)
    stream.stop()
    store.go_on.set()
    return stream


def test_a_stop_during_the_last_steps_commit_comes_too_late_and_loses_nothing(store: Slow) -> None:
    stream = stopped_in_commit(store, 1, pipeline(store))
    told = [type(event) for event in stream]
    assert stream.result.status == "completed"
    assert stream.result.of(count) == 3
    assert told == [RunStarted, StepStarted, CheckpointWritten, StepFinished, RunFinished]


def test_a_stop_during_an_earlier_steps_commit_keeps_and_tells_that_step(store: Slow) -> None:
    stream = stopped_in_commit(store, 1, pipeline(store, choose))
    told = [type(event) for event in stream]
    assert stream.result.status == "paused"
    assert stream.result.of(count) == 3
    assert told == [RunStarted, StepStarted, CheckpointWritten, StepFinished, RunPaused]


def test_a_stop_during_the_commit_that_completes_the_run_comes_too_late(store: Slow) -> None:
    stream = stopped_in_commit(store, 2, pipeline(store))
    told = [type(event) for event in stream]
    assert (stream.result.status, told[-1]) == ("completed", RunFinished)
    assert store.load(stream.result.run_id).record.status == "completed"


def test_a_stop_while_a_step_is_taken_back_leaves_a_result_without_its_old_output(store: Slow) -> None:
    @step
    def twice(count: int) -> int:
        return 2 * count

    pipe = pipeline(store, twice)
    run_id = pipe.run(Text("one")).run_id

    @step(name="count")
    def other(text: str) -> int:
        return 7

    workflow = Workflow(name="w", input="text", input_type=str, steps=[other, twice])
    edited = Pipeline({}, workflow=workflow, plugins=[], store=store)
    store.slow, store.skip = "commit", 2  # what the resume begins with, and the step itself
    stream = edited.resume_stream(run_id, Resume(stale="rerun"))
    assert store.reached.wait(10)
    stream.stop()
    store.go_on.set()
    assert stream.result.status == "paused"
    assert list(stream.result.view.steps) == ["count"]
    assert store.load(run_id).record.completed_steps == ("count",)


def test_a_stop_while_a_failure_is_kept_leaves_a_failed_run(store: Slow) -> None:
    @step
    def breaks(text: str) -> int:
        raise KeyError("no")

    workflow = Workflow(name="w", input="text", input_type=str, steps=[breaks])
    stream = stopped_in_commit(store, 1, Pipeline({}, workflow=workflow, plugins=[], store=store))
    told = [type(event) for event in stream]
    with pytest.raises(PluginError, match="breaks raised KeyError"):
        _ = stream.result
    assert told[-1] is RunFailed


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_run_that_is_cancelled_again_and_again_writes_nothing_once_it_is_given_back(store: Slow, times: int) -> None:
    @step
    async def keeps(count: int, ctx: StepContext) -> int:
        async def work() -> int:
            return count

        return await ctx.once("work", work, returns=int)

    pipe = pipeline(store, keeps)
    store.slow = "append"

    async def main() -> None:
        task = asyncio.create_task(pipe.arun(Text("one")))
        await asyncio.to_thread(store.reached.wait, 10)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.02)
        assert not task.done()
        store.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        (run,) = pipe.runs.find()
        assert (run.status, store.owner(run.run_id)) == ("paused", None)
        written = store.written
        await asyncio.sleep(0.05)
        assert store.written == written

    asyncio.run(main())


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_run_that_is_cancelled_again_and_again_waits_for_what_its_steps_clean_up(store: Slow, times: int) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    @step
    async def cleans_up(count: int) -> int:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.1)
            ended.set()
        return count

    async def main() -> None:
        task = asyncio.create_task(pipeline(store, cleans_up).arun(Text("one")))
        await began.wait()
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(main())


def test_a_disk_that_refuses_the_last_commit_is_told_as_a_failure_of_that_run(store: Slow) -> None:
    store.refuses_from = 2
    stream = pipeline(store).stream(Text("one"))
    told = [type(event) for event in stream]
    with pytest.raises(StorageError) as caught:
        _ = stream.result
    assert told[-1] is RunFailed
    assert caught.value.run_id == next(iter(pipeline(store).runs.find())).run_id


def test_a_disk_that_refuses_to_keep_a_pause_is_told_as_a_failure_of_that_run(store: Slow) -> None:
    store.refuses_from = 2
    stream = pipeline(store, choose).stream(Text("one"))
    told = [type(event) for event in stream]
    with pytest.raises(StorageError) as caught:
        _ = stream.result
    assert told[-1] is RunFailed
    assert caught.value.run_id is not None


def test_a_run_whose_models_cannot_be_closed_is_given_back_all_the_same(
    store: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_: Models) -> None:
        raise OSError("the cache can't be closed")

    monkeypatch.setattr(Models, "close", refuses)
    pipe = pipeline(store)
    with pytest.raises(OSError, match="can't be closed"):
        pipe.run(Text("one"))
    (run,) = pipe.runs.find()
    assert (run.status, store.owner(run.run_id)) == ("completed", None)


# --- growth ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "is_told"),
    [((50_000_000, 50_000_000), True), ((50_000_000, 49_000_000), False), ((100_000_001, 0), True)],
)
def test_a_run_that_keeps_more_than_100_megabytes_is_told_once_and_goes_on(
    sizes: tuple[int, int], is_told: bool
) -> None:
    class Large(MemoryStore):
        """Says that what is kept of the step is larger than it is."""

        def load(self, run_id: str) -> StoredRun:
            stored = super().load(run_id)
            one, past = sizes
            steps = {key: evolve(each, size=one) for key, each in stored.record.step_outputs.items()}
            history = [evolve(each, step=evolve(each.step, size=past)) for each in stored.record.history]
            return evolve(stored, record=evolve(stored.record, step_outputs=steps, history=tuple(history)))

    @step
    def twice(count: int) -> int:
        return 2 * count

    @step
    def thrice(count: int) -> int:
        return 3 * count

    pipe = pipeline(Large(), twice, thrice)
    run = pipe.run(Text("one"), select=Selection(until="count"))
    pipe.resume(run.run_id, Resume(from_step="count", select=Selection(until="count")))
    result = pipe.resume(run.run_id)
    assert result.of(thrice) == 9
    told = [warning for warning in result.warnings if "100 MB" in warning]
    assert len(told) == is_told
    assert all(run.run_id in warning for warning in told)


# --- answers ---------------------------------------------------------------------------------------------------------


def test_an_answer_that_nobody_asked_for_is_refused_with_the_open_questions() -> None:
    pipe = pipeline(MemoryStore(), choose)
    run = pipe.run(Text("one")).run_id
    with pytest.raises(UsageError, match="^choose/color: run-.* doesn't ask this") as caught:
        pipe.resume(run, Resume(answers={"choose/color": "green"}))
    assert caught.value.hint == "did you mean 'choose/colour'? it asks: choose/colour"
    assert caught.value.run_id == run

    assert pipe.resume(run, Resume(answers={"choose/colour": "green"})).of(choose) == "green"
    with pytest.raises(UsageError, match="^count/colour: ") as caught:
        pipe.resume(run, Resume(answers={"count/colour": "red"}))
    assert "it has no open question" in caught.value.hint


def test_an_answer_that_did_not_fit_may_be_given_again() -> None:
    pipe = pipeline(MemoryStore(), choose)
    run = pipe.run(Text("one")).run_id
    with pytest.raises(UsageError, match="takes text, not 3"):
        pipe.resume(run, Resume(answers={"choose/colour": 3}))
    assert pipe.resume(run, Resume(answers={"choose/colour": "green"})).of(choose) == "green"


def test_a_fork_may_be_given_the_answers_to_its_parents_questions() -> None:
    pipe = pipeline(MemoryStore(), choose)
    run = pipe.run(Text("one")).run_id
    with pytest.raises(UsageError, match="doesn't ask"):
        pipe.fork(run, Resume(answers={"choose/shape": "round"}))
    assert len(list(pipe.runs.find())) == 1

    assert pipe.fork(run, Resume(answers={"choose/colour": "green"})).of(choose) == "green"
    assert pipe.runs.get(run).record.status == "paused"
