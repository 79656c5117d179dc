"""Changes to one run: in turn, never waited for in vain, and refused once the run was left."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Mapping

import pytest
from attrs import evolve

from pipekit import Pipeline, Text, Workflow, step
from pipekit.engine.writer import Writer
from pipekit.errors import RunBusyError
from pipekit.interfaces.state_stores import Entry, Lease, Owner
from pipekit.state.record import RunRecord
from pipekit.stores.memory import MemoryStore


@step
def count(text: str) -> int:
    return len(text)


class Gated(MemoryStore):
    """A store whose commits wait at a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        assert self.gate.wait(10)
        super().commit(lease, record, blobs)


def held(store: MemoryStore) -> tuple[Lease, RunRecord]:
    workflow = Workflow(name="w", input="text", input_type=str, steps=[count])
    record = Pipeline({}, workflow=workflow, plugins=[], store="memory:").run(Text("one")).record
    record = evolve(record, run_id="run-1", input=None, status="running", step_outputs={}, completed_steps=())
    store.create(record, io.BytesIO(b""))
    return store.acquire("run-1", Owner.this_process()), record


def test_a_loop_that_ends_waits_for_no_entry_that_nobody_keeps() -> None:
    store = Gated()
    lease, record = held(store)

    async def main() -> None:
        writer = Writer(store, lease, record)
        commit = asyncio.create_task(writer.commit(lambda record: record))
        await asyncio.sleep(0.01)
        entry = asyncio.create_task(writer.keep(Entry(step="count", kind="item", key="a", value=1, attempt=1)))
        await asyncio.sleep(0.01)
        # As asyncio.run does at its end: every task is cancelled, those that keep entries too.
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        store.gate.set()
        done, waiting = await asyncio.wait([commit, entry], timeout=5)
        assert not waiting
        assert all(task.cancelled() for task in done)

    asyncio.run(main())


def test_a_run_that_is_left_is_free_and_refuses_what_comes_later() -> None:
    store = MemoryStore()
    lease, record = held(store)

    async def main() -> None:
        writer = Writer(store, lease, record)
        await asyncio.to_thread(writer.leave, lambda record: evolve(record, status="paused", paused_reason="signal"))
        assert store.owner("run-1") is None
        with pytest.raises(RunBusyError):
            await writer.commit(lambda record: evolve(record, status="running"))
        assert store.load("run-1").record.status == "paused"

    asyncio.run(main())
