"""A run that is stopped while it is being taken is paused and free; answers need their questions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from pipekit import Pipeline, Question, Resume, Selection, StepContext, Text, Workflow, step
from pipekit.errors import RunStoppedError, UsageError
from pipekit.events import RunPaused, RunStarted
from pipekit.interfaces.state_stores import Lease, Owner
from pipekit.state.record import RunRecord
from pipekit.stores.memory import MemoryStore


@step
def count(text: str) -> int:
    return len(text)


@step
async def choose(count: int, ctx: StepContext) -> str:
    return await ctx.answer("colour", Question(text="Which colour?", returns=str))


class Slow(MemoryStore):
    """A store whose calls of one kind wait until they are let through."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = ""
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def _wait(self, name: str) -> None:
        if name == self.slow:
            self.reached.set()
            assert self.go_on.wait(10)

    def acquire(self, run_id: str, owner: Owner) -> Lease:
        self._wait("acquire")
        return super().acquire(run_id, owner)

    def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        self._wait("commit")
        super().commit(lease, record, blobs)
        self._wait("committed")

    def create(self, *args: Any, **kwargs: Any) -> None:
        super().create(*args, **kwargs)
        self._wait("create")


@pytest.fixture
def store() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.go_on.set()


def pipeline(store: MemoryStore, *steps: Any) -> Pipeline:
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


@pytest.mark.parametrize("slow", ["create", "acquire"])
def test_a_new_run_that_is_cancelled_while_it_is_taken_is_paused_and_can_be_gone_on_with(
    store: Slow, slow: str
) -> None:
    pipe = pipeline(store)
    cancel_at(store, slow, lambda: pipe.arun(Text("one")))

    (run,) = pipe.runs.find()
    record = pipe.runs.get(run.run_id).record
    assert (run.status, record.paused_reason, record.current_step) == ("paused", "signal", "count")
    assert store.owner(run.run_id) is None
    assert pipe.resume(run.run_id).of(count) == 3


@pytest.mark.parametrize(("slow", "status"), [("acquire", "paused"), ("committed", "paused")])
def test_a_resume_that_is_cancelled_while_it_is_taken_leaves_the_run_free(store: Slow, slow: str, status: str) -> None:
    pipe = pipeline(store, choose)
    paused = pipe.run(Text("one"), select=Selection(until="count"))
    cancel_at(store, slow, lambda: pipe.aresume(paused.run_id))

    assert pipe.runs.get(paused.run_id).record.status == status
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


# --- answers ---------------------------------------------------------------------------------------------------------


def test_an_answer_that_nobody_asked_for_is_refused_with_the_open_questions() -> None:
    pipe = pipeline(MemoryStore(), choose)
    run = pipe.run(Text("one")).run_id
    with pytest.raises(UsageError, match="doesn't ask 'choose/color'") as caught:
        pipe.resume(run, Resume(answers={"choose/color": "green"}))
    assert caught.value.hint == "did you mean 'choose/colour'? it asks: choose/colour"
    assert caught.value.run_id == run

    assert pipe.resume(run, Resume(answers={"choose/colour": "green"})).of(choose) == "green"
    with pytest.raises(UsageError, match="doesn't ask 'count/colour'") as caught:
        pipe.resume(run, Resume(answers={"count/colour": "red"}))
    assert "it has no open question" in caught.value.hint


def test_an_answer_that_did_not_fit_may_be_given_again() -> None:
    pipe = pipeline(MemoryStore(), choose)
    run = pipe.run(Text("one")).run_id
    with pytest.raises(Exception, match="doesn't fit"):
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
