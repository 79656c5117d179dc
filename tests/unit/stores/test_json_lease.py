"""What a commit forces, and what follows when the disk refuses in the middle of one."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from pipekit.errors import StorageError
from pipekit.interfaces.state_stores import Entry, Lease, Owner, StoreURL
from pipekit.state.record import RunRecord, StepRecord
from pipekit.stores import atomic, item_journal
from pipekit.stores.json_file import JsonFileStore

DATA = b'{"a":1}'


@pytest.fixture
def record(store: JsonFileStore, make_record: Callable[..., RunRecord], source: bytes) -> RunRecord:
    record = make_record()
    store.create(record, io.BytesIO(source))
    return record


@pytest.fixture
def run(record: RunRecord, tmp_path: Path) -> Path:
    return tmp_path / ".pipeline" / record.run_id


@pytest.fixture
def done(record: RunRecord, make_step: Callable[..., StepRecord]) -> RunRecord:
    """The record once the first step is finished."""
    return evolve(record, step_outputs={"1": make_step(1, DATA)}, completed_steps=(1,), current_step=2)


class Watched(atomic.System):
    """Notes which files are forced, by their names at the time, and refuses the first ``refused`` of a kind."""

    def __init__(self, *, refused: int = 0, kind: str = "", call: str = "sync") -> None:
        self.forced: list[str] = []
        self.inodes: list[int] = []
        self.closed: list[int] = []
        self.refused = refused
        self.kind = kind
        self.call = call

    def _note(self, fd: int, call: str) -> None:
        name = Path(f"/proc/self/fd/{fd}").readlink().name
        if call != "truncate":
            self.forced.append(name)
            self.inodes.append(os.fstat(fd).st_ino)
        if call == self.call and self.refused and name.startswith(self.kind):
            self.refused -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def sync(self, fd: int) -> None:
        self._note(fd, "sync")
        super().sync(fd)

    def sync_data(self, fd: int) -> None:
        self._note(fd, "sync_data")
        super().sync_data(fd)

    def truncate(self, fd: int, size: int) -> None:
        self._note(fd, "truncate")
        super().truncate(fd, size)

    def close(self, fd: int) -> None:
        self.closed.append(fd)
        super().close(fd)


def watch(**refusing: Any) -> Watched:
    system = Watched(**refusing)
    atomic.system = system
    return system


def committed(store: JsonFileStore, run_id: str) -> list[str]:
    return list(store.load(run_id).record.step_outputs)


pytestmark = [
    pytest.mark.usefixtures("_plain_system"),
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="a descriptor's file is looked up as on Linux"),
]


def test_a_finished_step_costs_two_forced_writes(store: JsonFileStore, done: RunRecord, owner: Owner) -> None:
    lease = store.acquire(done.run_id, owner)
    system = watch()
    store.commit(lease, done, {"steps/step-1.json": DATA})
    lease.release()

    assert system.forced == [".slot-0000", "journal.jsonl"]


def test_items_that_finish_together_share_one_forced_write(
    store: JsonFileStore, record: RunRecord, owner: Owner
) -> None:
    lease = store.acquire(record.run_id, owner)
    system = watch()
    store.append(lease, [Entry(step="part-1", kind="item", key=f"k{n}", value=n) for n in range(20)])
    lease.release()

    assert system.forced == [".items-0000"]


def test_a_step_file_whose_sync_fails_is_written_anew_once_under_another_name(
    store: JsonFileStore, done: RunRecord, owner: Owner, run: Path
) -> None:
    lease = store.acquire(done.run_id, owner)
    system = watch(refused=1, kind=".slot")
    store.commit(lease, done, {"steps/step-1.json": DATA})
    lease.release()

    assert system.forced == [".slot-0000", ".slot-0001", "journal.jsonl"]
    assert len(set(system.inodes)) == 3
    assert not (run / "steps/.slot-0000").exists()
    assert store.read(done.run_id, "steps/step-1.json") == DATA


def test_when_that_fails_too_the_commit_ends_and_the_run_can_go_on(
    store: JsonFileStore, done: RunRecord, owner: Owner
) -> None:
    lease = store.acquire(done.run_id, owner)
    system = watch(refused=2, kind=".slot")
    with pytest.raises(StorageError) as raised:
        store.commit(lease, done, {"steps/step-1.json": DATA})

    assert raised.value.errno == errno.EIO
    assert ".slot-0001" in str(raised.value)
    assert system.forced == [".slot-0000", ".slot-0001"]
    assert committed(store, done.run_id) == []
    store.commit(lease, done, {"steps/step-1.json": DATA})
    lease.release()
    assert committed(store, done.run_id) == ["1"]


@pytest.mark.parametrize("kind", ["journal.jsonl", ".items"])
def test_a_journal_whose_sync_fails_is_forced_no_more_and_nothing_is_written_until_somebody_takes_the_run_anew(
    store: JsonFileStore, done: RunRecord, owner: Owner, run: Path, kind: str
) -> None:
    entry = Entry(step="part-1", kind="item", key="k", value=1)
    lease = store.acquire(done.run_id, owner)

    def write(lease: Lease) -> None:
        if kind == ".items":
            store.append(lease, [entry])
        else:
            store.commit(lease, done, {"steps/step-1.json": DATA})

    system = watch(refused=1, kind=kind, call="sync_data")
    with pytest.raises(StorageError, match="force to the disk"):
        write(lease)
    before = system.forced.copy()
    for _ in range(2):
        with pytest.raises(StorageError, match="nothing more is written"):
            write(lease)
    lease.release()
    assert system.forced == before
    assert committed(store, done.run_id) == []
    assert store.load(done.run_id).entries == ()

    lease = store.acquire(done.run_id, owner)
    write(lease)
    lease.release()
    stored = store.load(done.run_id)
    assert stored.entries == ((entry,) if kind == ".items" else ())
    assert list(stored.record.step_outputs) == ([] if kind == ".items" else ["1"])


def test_a_waiting_file_that_cannot_be_emptied_is_left_closed(
    store: JsonFileStore, done: RunRecord, owner: Owner, run: Path
) -> None:
    (run / "steps/.slot-0000").write_bytes(b"half of what a killed owner wro")
    lease = store.acquire(done.run_id, owner)
    system = watch(refused=1, kind=".slot", call="truncate")
    with pytest.raises(StorageError):
        store.commit(lease, done, {"steps/step-1.json": DATA})

    assert len(system.closed) == 1
    lease.release()


def test_a_run_is_read_as_it_was_at_one_moment_while_its_owner_goes_on(
    store: JsonFileStore, done: RunRecord, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step commits, and empties the file of its items, after a reader has read that it hasn't yet."""
    entry = Entry(step="part-1", kind="item", key="k", value=1)
    lease = store.acquire(done.run_id, owner)
    store.append(lease, [entry])
    real = item_journal.read_item_journal
    commits = [lambda: store.commit(lease, done, {"steps/step-1.json": DATA})]

    def late(*wanted: Any) -> Any:
        if commits:
            commits.pop()()
        return real(*wanted)

    monkeypatch.setattr("pipekit.stores.json_file.read_item_journal", late)
    stored = JsonFileStore(StoreURL("file", ".pipeline", tmp_path)).load(done.run_id)
    lease.release()

    assert (list(stored.record.step_outputs), stored.entries) == (["1"], ())
