"""Whatever happens to a store, in whatever order: what was acknowledged is there, and nothing else.

Runs are started, worked on, killed, resumed, taken back, pruned, migrated and damaged, clocks jump; after every rule
another opener of the store sees exactly what the model says.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipekit.errors import RunBusyError, RunNotFoundError, StateError
from pipekit.interfaces.state_stores import Entry, Owner, RunQuery, StoreURL
from pipekit.pruning import prune
from pipekit.state.record import BlobRef, InputRef, PlannedRef, RunRecord, StepRecord, step_file
from pipekit.stores.atomic import Folder
from pipekit.stores.journal import Journal
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.json_lease import JsonLease
from pipekit.stores.layout import JOURNAL, STATE
from pipekit.stores.lines import line
from pipekit.stores.view import render_view

SOURCE = b"Ana: we should show the delivery week before payment.\n"
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
STEPS = ("split", "weigh", "label", "total")
OWNER = Owner(pid=1, host="here", since=START)


@define
class Known:
    """What one run must look like."""

    record: RunRecord
    entries: dict[tuple[str, str, str], Entry] = field(factory=dict)
    blobs: dict[str, bytes] = field(factory=dict)
    lease: JsonLease | None = None
    epoch: int = 0


class StoreMachine(RuleBasedStateMachine):
    """Drives a JSON store and a model of it."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="pipekit-machine-"))
        self.now = START
        self.runs: dict[str, Known] = {}
        self.store = self.open()
        self.count = 0

    def open(self) -> JsonFileStore:
        """The store as another process would open it."""
        return JsonFileStore(StoreURL("file", ".pipeline", self.home))

    def teardown(self) -> None:
        for run in self.runs.values():
            if run.lease is not None:
                run.lease.release()
        shutil.rmtree(self.home)

    # --- what happens ------------------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        self.start()

    @rule()
    def start(self) -> None:
        if len(self.runs) >= 4:
            return
        self.count += 1
        run_id = f"run-20261124-1200{self.count:02}-abcdef"
        record = RunRecord(
            run_id=run_id,
            input_file="meeting.txt",
            started_at=self.now,
            updated_at=self.now,
            status="running",
            current_step="split",
            input=InputRef(
                name="meeting.txt",
                path="input/original.txt",
                sha256=hashlib.sha256(SOURCE).hexdigest(),
                size=len(SOURCE),
            ),
            planned=tuple(PlannedRef(key=name, name=name) for name in STEPS),
        )
        self.store.create(record, io.BytesIO(SOURCE))
        self.runs[run_id] = Known(record)

    def pick(self, data: Any, *, held: bool) -> Known | None:
        """A run that somebody has, or that nobody has."""
        fitting = [run for run in self.runs.values() if (run.lease is not None) == held]
        return data.draw(st.sampled_from(fitting)) if fitting else None

    @rule(data=st.data())
    def resume(self, data: Any) -> None:
        run = self.pick(data, held=False)
        if run is None:
            return
        lease = self.open().acquire(run.record.run_id, OWNER)
        assert isinstance(lease, JsonLease)
        assert lease.epoch > run.epoch
        run.lease, run.epoch = lease, lease.epoch

    @rule(data=st.data())
    def second_owner(self, data: Any) -> None:
        run = self.pick(data, held=True)
        if run is None:
            return
        for refused in (
            lambda: self.open().acquire(run.record.run_id, OWNER),
            lambda: self.open().delete(run.record.run_id),
        ):
            with pytest.raises(RunBusyError):
                refused()

    @rule(data=st.data(), text=st.text(max_size=30), stays=st.booleans())
    def journal(self, data: Any, text: str, stays: bool) -> None:
        run = self.pick(data, held=True)
        if run is None:
            return
        open_steps = [name for name in STEPS if name not in run.record.step_outputs]
        if not open_steps:
            return
        name = data.draw(st.sampled_from(open_steps))
        entries = [
            Entry(
                step=name,
                kind="reply" if stays else "item",
                key=f"k{number}",
                value=text.encode("utf-8", "replace").decode(),
                attempt=run.record.attempt_of(name),
                stays=stays,
            )
            for number in range(data.draw(st.integers(1, 3)))
        ]
        assert run.lease is not None
        self.open().append(run.lease, entries)
        run.entries.update({(entry.step, entry.kind, entry.key): entry for entry in entries})

    @rule(data=st.data(), content=st.binary(max_size=2000), with_output=st.booleans())
    def commit(self, data: Any, content: bytes, with_output: bool) -> None:
        run = self.pick(data, held=True)
        if run is None:
            return
        name = data.draw(st.sampled_from(STEPS))
        blobs = {step_file(name): content}
        if with_output:
            blobs[f"output/{name}.md"] = content[::-1]
        step = StepRecord(
            key=name,
            name=name,
            path=step_file(name),
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            started_at=self.now,
            duration=0.1,
            attempt=run.record.attempt_of(name),
            outputs=tuple(path for path in blobs if path.startswith("output/")),
        )
        kept = tuple(ref for ref in run.record.outputs if ref.path not in blobs)
        made = tuple(
            BlobRef(path=path, sha256=hashlib.sha256(each).hexdigest(), size=len(each))
            for path, each in blobs.items()
            if path.startswith("output/")
        )
        record = evolve(
            run.record.with_step(step, next_step=None, now=self.now), outputs=(*kept, *made), updated_at=self.now
        )
        self.change(run, record, blobs)

    def change(self, run: Known, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        assert run.lease is not None
        self.open().commit(run.lease, record, blobs)
        before = {step.path for step in run.record.step_outputs.values()} | {ref.path for ref in run.record.outputs}
        after = {step.path for step in record.step_outputs.values()} | {ref.path for ref in record.outputs}
        for path in before - after:
            run.blobs[f"history/{record.replaced}/{path}"] = run.blobs.pop(path)
        run.blobs.update(blobs)
        closed = {step.name for key, step in record.step_outputs.items() if run.record.step_outputs.get(key) != step}
        run.entries = {key: one for key, one in run.entries.items() if one.stays or one.step not in closed}
        run.record = record

    @rule(data=st.data())
    def take_back(self, data: Any) -> None:
        run = self.pick(data, held=True)
        if run is None or not run.record.step_outputs:
            return
        names = data.draw(
            st.sets(st.sampled_from([step.name for step in run.record.step_outputs.values()]), min_size=1)
        )
        self.change(run, run.record.taken_back(dict.fromkeys(names, "again"), now=self.now), {})

    @rule(data=st.data(), status=st.sampled_from(["failed", "paused", "completed", "running"]))
    def fail_or_finish(self, data: Any, status: Any) -> None:
        run = self.pick(data, held=True)
        if run is not None:
            reason: Any = "signal" if status == "paused" else None
            self.change(run, evolve(run.record, status=status, paused_reason=reason, updated_at=self.now), {})

    @rule(data=st.data())
    def release(self, data: Any) -> None:
        run = self.pick(data, held=True)
        if run is not None and run.lease is not None:
            run.lease.release()
            run.lease = None

    @rule(data=st.data())
    def kill(self, data: Any) -> None:
        run = self.pick(data, held=True)
        if run is not None and run.lease is not None:
            run.lease._close()  # what the system does: no goodbye, no view brought up to date
            run.lease = None

    @rule(days=st.integers(-2, 2))
    def clock_jumps(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(keep=st.integers(0, 2))
    def prune(self, keep: int) -> None:
        pruned = prune(self.open(), keep=keep, older_than=None, now=self.now)
        for summary in pruned.removed:
            run = self.runs.pop(summary.run_id)
            assert run.record.status == "completed"
            assert run.lease is None
            with pytest.raises(RunNotFoundError):
                self.open().load(summary.run_id)

    # --- what a disk or a person may do ------------------------------------------------------------------------------

    @rule(data=st.data())
    def flip_a_byte(self, data: Any) -> None:
        """Of the journal or a step's file: it is noticed, and the run is whole again once the file is."""
        run = self.pick(data, held=False)
        if run is None:
            return
        run_id = run.record.run_id
        paths = [JOURNAL, *(step.path for step in run.record.step_outputs.values())]
        path = self.home / ".pipeline" / run_id / data.draw(st.sampled_from(paths))
        whole = path.read_bytes() if path.exists() else b""
        size = len(whole)
        if path.name == JOURNAL:
            journal = Journal(run_id, "journal")
            size -= journal.feed(whole)  # what is torn doesn't count, flipped or not
        if not size:
            return
        place = data.draw(st.integers(0, size - 1))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            if path.name == JOURNAL:
                with pytest.raises(StateError):
                    self.open().load(run_id)
                (shown,) = [one for one in self.open().find(RunQuery()) if one.run_id == run_id]
                assert shown.status in ("damaged", run.record.status, "interrupted")
            else:
                name = str(path.relative_to(self.home / ".pipeline" / run_id))
                found = self.open().read(run_id, name)
                step = next(one for one in run.record.step_outputs.values() if one.path == name)
                # A file that waits for its name under a slot is read from there, and is whole.
                assert hashlib.sha256(found).hexdigest() != step.sha256 or found == run.blobs[name]
        finally:
            path.write_bytes(whole)

    @rule(data=st.data(), size=st.integers(1, 60))
    def cut_a_write_short(self, data: Any, size: int) -> None:
        """The first bytes of a line that never was: dropped, whoever looks."""
        run = self.pick(data, held=False)
        if run is None:
            return
        path = self.home / ".pipeline" / run.record.run_id / JOURNAL
        journal = Journal(run.record.run_id, "journal")
        journal.feed(path.read_bytes())
        with path.open("ab") as file:
            file.write(line(journal.body("owner", journal.epoch + 1, {"owner": None}))[:size])

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def an_older_layout(self, data: Any) -> None:
        """The run as an invented older pipekit would have left it."""
        run = self.pick(data, held=False)
        if run is None or run.entries or run.record.history or run.record.replaced:
            return
        with Folder(self.home / ".pipeline" / run.record.run_id) as folder:
            journal = Journal(run.record.run_id, "journal")
            journal.feed(folder.read(JOURNAL) or b"")
            if journal.schema == 0:
                return
            plain = {("state" if key == "status" else key): value for key, value in journal.record.items()}
            del plain["schema"]
            files = [[path, blob.sha256, blob.size, blob.slot] for path, blob in journal.blobs.items()]
            fresh = Journal(run.record.run_id, "journal")
            text = line(fresh.body("header", journal.epoch, {"schema": 0, "record": plain, "files": files}))
            folder.replace(JOURNAL, text)
            folder.replace(STATE, render_view({**plain, "schema": 0}, journal_size=len(text)))

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_as_known(self) -> None:
        store = self.open()
        listed = {summary.run_id: summary.status for summary in store.find(RunQuery())}
        assert list(listed) == sorted(self.runs, reverse=True)
        for run_id, run in self.runs.items():
            stored = store.load(run_id)
            assert stored.record == run.record
            found = {(entry.step, entry.kind, entry.key): entry for entry in stored.counting}
            known = {
                key: entry for key, entry in run.entries.items() if entry.attempt == run.record.attempt_of(entry.step)
            }
            assert found == known
            is_running = run.record.status == "running"
            assert listed[run_id] == ("interrupted" if is_running and run.lease is None else run.record.status)
            assert (store.owner(run_id) is not None) == (run.lease is not None)
            kept = {past.number for past in run.record.history}
            for path, content in run.blobs.items():
                if not path.startswith("history/") or int(path.split("/")[1]) in kept:
                    assert store.read(run_id, path) == content, path


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
