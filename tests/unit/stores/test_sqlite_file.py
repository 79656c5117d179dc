"""What runs in a SQLite file are kept with, beyond what every store promises."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from attrs import evolve

from pipekit.errors import PipekitError, RunBusyError, StateError, StorageError
from pipekit.interfaces.state_stores import Entry, Owner, RunQuery, StoreURL
from pipekit.state.record import RunRecord, StepRecord
from pipekit.stores.sqlite_file import SqliteSettings, SqliteStore

MakeRecord = Callable[..., RunRecord]
MakeStep = Callable[..., StepRecord]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(StoreURL("sqlite", "runs.db", path.parent), SqliteSettings(lock_timeout=0.1))
    yield store
    store.close()


@pytest.fixture
def record(store: SqliteStore, make_record: MakeRecord, source: bytes) -> RunRecord:
    record = make_record()
    store.create(record, io.BytesIO(source))
    return record


def altered(path: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    with connection:
        assert connection.execute(sql, values).rowcount != 0
    connection.close()


# --- the file --------------------------------------------------------------------------------------------------------


def test_looking_for_runs_makes_no_file(store: SqliteStore, path: Path) -> None:
    assert list(store.find(RunQuery())) == []
    assert list(path.parent.iterdir()) == []


def test_one_file_for_all_runs_is_all_that_stays_and_nobody_else_may_read_it(
    store: SqliteStore, record: RunRecord, make_record: MakeRecord, source: bytes, path: Path, owner: Owner
) -> None:
    store.create(make_record("run-20261124-000000-000000"), io.BytesIO(source))
    lease = store.acquire(record.run_id, owner)
    assert stat.S_IMODE((path.parent / "runs.db-wal").stat().st_mode) == 0o600
    lease.release()
    store.close()

    assert sorted(one.name for one in path.parent.iterdir()) == ["runs.db", "runs.db-locks"]
    assert list((path.parent / "runs.db-locks").iterdir()) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_change_is_forced_to_the_disk(store: SqliteStore, record: RunRecord) -> None:
    with store._database.writing() as session:
        assert session.rows("PRAGMA journal_mode") == [("wal",)]
        assert session.rows("PRAGMA synchronous") == [(2,)]


def test_of_many_that_make_the_file_at_once_none_loses_a_run(tmp_path: Path, make_record: MakeRecord) -> None:
    code = """
import sys, io
from pathlib import Path
from pipekit.interfaces.state_stores import StoreURL, RunQuery
from pipekit.state.record import RunRecord
from pipekit.serde import structure, decode
from pipekit.stores.sqlite_file import SqliteStore, SqliteSettings
store = SqliteStore(StoreURL("sqlite", "deep/down/runs.db", Path(sys.argv[1])), SqliteSettings())
record = structure(decode(sys.stdin.read()), RunRecord)
store.create(record, io.BytesIO())
"""
    from pipekit.serde import encode, unstructure

    names = [f"run-20261123-22380{number}-7f3a9c" for number in range(6)]
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in names
    ]
    for process, name in zip(started, names, strict=True):
        assert process.stdin is not None
        process.stdin.write(encode(unstructure(evolve(make_record(name), input=None))))
        process.stdin.close()
    for process in started:
        assert process.stderr is not None
        assert process.wait(50) == 0, process.stderr.read()
        process.stderr.close()

    store = SqliteStore(StoreURL("sqlite", "deep/down/runs.db", tmp_path), SqliteSettings())
    assert sorted(run.run_id for run in store.find(RunQuery())) == names
    store.close()
    assert sorted(one.name for one in (tmp_path / "deep/down").iterdir()) == ["runs.db", "runs.db-locks"]


def test_what_a_killed_command_left_of_a_file_is_removed(
    store: SqliteStore, path: Path, make_record: MakeRecord, source: bytes
) -> None:
    (path.parent / ".runs.db-new.-0123456789abcdef").write_bytes(b"half a database")
    path.touch()

    store.create(make_record(), io.BytesIO(source))

    assert [run.status for run in store.find(RunQuery())] == ["interrupted"]
    assert not list(path.parent.glob(".runs.db-new*"))


# --- files that aren't ours -------------------------------------------------------------------------------------------


def _nothing_of_ours(path: Path) -> None:
    path.write_bytes(b"meeting notes, and no database" * 200)


def _of_something_else(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE cookies (value)")
    connection.close()


def _of_a_newer_pipekit(path: Path) -> None:
    store = SqliteStore(StoreURL("sqlite", path.name, path.parent), SqliteSettings())
    store._database._make()  # type: ignore[attr-defined]
    store.close()
    altered(path, "PRAGMA user_version = 9")


def _with_a_trigger(path: Path) -> None:
    store = SqliteStore(StoreURL("sqlite", path.name, path.parent), SqliteSettings())
    store._database._make()  # type: ignore[attr-defined]
    store.close()
    altered(path, "CREATE TRIGGER mine AFTER INSERT ON runs BEGIN DELETE FROM files; END")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (_nothing_of_ours, "damaged"),
        (_of_something_else, "foreign"),
        (_of_a_newer_pipekit, "newer"),
        (_with_a_trigger, "damaged"),
    ],
)
def test_a_file_that_is_none_of_ours_is_named_and_stays_as_it_is(
    store: SqliteStore,
    path: Path,
    make_record: MakeRecord,
    source: bytes,
    make: Callable[[Path], None],
    kind: str,
) -> None:
    make(path)
    before = path.read_bytes()

    for use in (lambda: list(store.find(RunQuery())), lambda: store.create(make_record(), io.BytesIO(source))):
        with pytest.raises(StateError) as caught:
            use()
        assert (caught.value.kind, caught.value.file) == (kind, str(path))
    store.close()
    assert path.read_bytes() == before


def test_nothing_but_a_file_gets_a_database_in_its_place(
    store: SqliteStore, path: Path, make_record: MakeRecord, source: bytes
) -> None:
    for make in (os.mkfifo, Path.mkdir):
        make(path)
        before = path.lstat()
        with pytest.raises(StorageError, match="is no plain file|is a folder"):
            store.create(make_record(), io.BytesIO(source))
        assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
        path.unlink() if path.is_fifo() else path.rmdir()


# --- a database that refuses ------------------------------------------------------------------------------------------


def test_a_full_disk_ends_the_commit_and_the_run_can_go_on(
    store: SqliteStore, record: RunRecord, make_step: MakeStep, owner: Owner, path: Path
) -> None:
    lease = store.acquire(record.run_id, owner)
    with store._database.writing() as session:
        session.rows(f"PRAGMA max_page_count = {path.stat().st_size // 4096 + 2}")
    data = os.urandom(100_000)
    after = record.with_step(make_step(1, data), next_step=2, now=record.updated_at)

    with pytest.raises(StorageError, match=os.strerror(errno.ENOSPC)) as caught:
        store.commit(lease, after, {"steps/step-1.json": data})
    assert (caught.value.errno, caught.value.path) == (errno.ENOSPC, str(path))
    assert record.run_id in caught.value.hint
    with pytest.raises(StorageError, match="an earlier write failed"):
        store.commit(lease, record, {})
    lease.release()

    assert store.load(record.run_id).record == record
    lease = store.acquire(record.run_id, owner)
    store.commit(lease, after, {"steps/step-1.json": data})
    lease.release()
    assert store.read(record.run_id, "steps/step-1.json") == data


def test_a_database_that_another_program_keeps_locked_is_told_after_the_patience(
    store: SqliteStore, record: RunRecord, owner: Owner, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StorageError, match="another program keeps it locked") as caught:
            store.acquire(record.run_id, owner)
        assert caught.value.kind == "locked"
        assert store.load(record.run_id).record == record
    finally:
        other.close()
    store.acquire(record.run_id, owner).release()


def test_a_database_that_is_gone_takes_nothing_until_it_is_back(
    store: SqliteStore, record: RunRecord, owner: Owner, path: Path
) -> None:
    lease = store.acquire(record.run_id, owner)
    store.close()
    away = path.with_name("away.db")
    path.rename(away)

    with pytest.raises(StorageError, match="the database is gone") as caught:
        store.append(lease, [Entry(step="part-1", kind="item", key="a", value=1)])
    assert caught.value.errno == errno.ENOENT
    lease.release()
    assert list(store.find(RunQuery())) == []

    away.rename(path)
    store.acquire(record.run_id, owner).release()


def test_an_owner_whose_database_was_brought_back_from_a_backup_writes_no_more(
    store: SqliteStore, record: RunRecord, owner: Owner, path: Path
) -> None:
    lease = store.acquire(record.run_id, owner)
    store.close()
    shutil.copy(path, path.with_name("backup.db"))
    store.append(lease, [Entry(step="part-1", kind="item", key="a", value=1)])
    store.close()
    path.with_name("backup.db").replace(path)

    with pytest.raises(RunBusyError) as caught:
        store.commit(lease, record, {})
    assert caught.value.kind == "superseded"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_read_and_not_changed(
    store: SqliteStore, record: RunRecord, owner: Owner, path: Path
) -> None:
    store.close()
    (path.parent / "runs.db-locks").rmdir()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        assert store.load(record.run_id).record == record
        with pytest.raises(StorageError):
            store.acquire(record.run_id, owner)
    finally:
        path.parent.chmod(0o700)


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE runs SET record = replace(record, '\"running\"', '\"completed\"')",
        "UPDATE runs SET digest = 'f00'",
        "UPDATE runs SET record = '[]', digest = 'x'",
        "UPDATE steps SET record = replace(record, '0.5', '0.6')",
        "DELETE FROM steps",
        "UPDATE entries SET entry = replace(entry, ':7,', ':8,')",
        "UPDATE entries SET place = 4",
        "DELETE FROM entries",
    ],
)
def test_what_was_changed_behind_the_stores_back_is_noticed(
    store: SqliteStore, record: RunRecord, make_step: MakeStep, owner: Owner, path: Path, sql: str
) -> None:
    lease = store.acquire(record.run_id, owner)
    after = record.with_step(make_step(1, b"{}"), next_step=2, now=record.updated_at)
    store.commit(lease, after, {"steps/step-1.json": b"{}"})
    store.append(lease, [Entry(step="part-2", kind="item", key="a", value=7)])
    lease.release()
    store.close()

    altered(path, sql)

    with pytest.raises(StateError) as caught:
        store.load(record.run_id)
    assert caught.value.run_id == record.run_id
    assert caught.value.file == str(path)


def test_tables_that_a_newer_pipekit_brought_further_meanwhile_are_left_alone(
    store: SqliteStore, record: RunRecord, path: Path, owner: Owner
) -> None:
    lease = store.acquire(record.run_id, owner)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    uses: list[Callable[[], object]] = [
        lambda: store.load(record.run_id),
        lambda: store.append(lease, [Entry(step="part-1", kind="item", key="a", value=1)]),
    ]
    for use in uses:
        with pytest.raises(StateError) as caught:
            use()
        assert (caught.value.kind, caught.value.found) == ("newer", "99")


def test_a_damaged_run_is_listed_as_damaged_and_one_of_a_newer_pipekit_as_such(
    store: SqliteStore, record: RunRecord, make_record: MakeRecord, source: bytes, path: Path
) -> None:
    store.create(make_record("run-20261124-000000-000000"), io.BytesIO(source))
    store.close()
    altered(path, "UPDATE runs SET digest = 'f00' WHERE run_id = ?", record.run_id)
    altered(path, "UPDATE runs SET layout = 9 WHERE run_id > ?", record.run_id)

    assert [run.status for run in store.find(RunQuery())] == ["newer", "damaged"]
    assert [run.run_id for run in store.find(RunQuery(status="damaged"))] == [record.run_id]


# --- many at once ----------------------------------------------------------------------------------------------------


def test_fifty_threads_with_a_run_each_share_the_file(
    store: SqliteStore, make_record: MakeRecord, make_step: MakeStep, source: bytes, owner: Owner, tmp_path: Path
) -> None:
    patient = SqliteStore(StoreURL("sqlite", "runs.db", tmp_path), SqliteSettings())
    names = [f"run-20261123-2238{number:02}-7f3a9c" for number in range(50)]

    def whole(name: str) -> None:
        record = make_record(name)
        patient.create(record, io.BytesIO(source))
        lease = patient.acquire(name, owner)
        for key in (1, 2):
            data = f'"{name} {key}"'.encode()
            patient.append(lease, [Entry(step=f"part-{key}", kind="item", key="a", value=name)])
            record = record.with_step(make_step(key, data), next_step=key + 1, now=record.updated_at)
            patient.commit(lease, record, {f"steps/step-{key}.json": data})
        lease.release()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(whole, names))

    assert [run.run_id for run in patient.find(RunQuery())] == names[::-1]
    for name in names:
        assert len(patient.load(name).record.step_outputs) == 2
        assert patient.load(name).entries == ()
        assert patient.read(name, "steps/step-2.json") == f'"{name} 2"'.encode()
    patient.close()


_FORKING = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from attrs import evolve
from pipekit.interfaces.state_stores import Owner, StoreURL
from pipekit.stores.sqlite_file import SqliteSettings, SqliteStore

folder, run_id = sys.argv[1:]
store = SqliteStore(StoreURL("sqlite", "runs.db", Path(folder)), SqliteSettings())
record = store.load(run_id).record
if os.fork() == 0:
    lease = store.acquire(run_id, Owner.this_process())
    store.commit(lease, evolve(record, status="failed"), {})
    os._exit(0)  # and gives nothing back
assert os.wait()[1] == 0
assert store.load(run_id).record.status == "failed"
assert store.owner(run_id) is None
lease = store.acquire(run_id, Owner.this_process())
assert lease.epoch == 2, lease.epoch
lease.release()
"""


def test_a_forked_child_opens_the_file_anew_and_its_lock_ends_with_it(record: RunRecord, path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FORKING, str(path.parent), record.run_id], capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr


def test_a_run_that_changed_since_it_was_listed_is_not_forgotten(
    store: SqliteStore, record: RunRecord, owner: Owner
) -> None:
    lease = store.acquire(record.run_id, owner)
    store.commit(lease, evolve(record, status="completed", current_step=None), {})
    lease.release()
    listed = next(iter(store.find(RunQuery())))
    lease = store.acquire(record.run_id, owner)
    store.commit(lease, evolve(record, status="paused", paused_reason="until"), {})
    lease.release()

    with pytest.raises(PipekitError, match="since it was listed"):
        store.delete_unchanged(listed)
    store.delete_unchanged(next(iter(store.find(RunQuery()))))
    assert list(store.find(RunQuery())) == []
