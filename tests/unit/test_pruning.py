"""Forgetting old runs, asked of both kinds of store."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve

from pipekit.errors import RunNotFoundError, UsageError
from pipekit.history import Runs
from pipekit.interfaces.state_stores import Owner, RunQuery, RunSummary, StateStore, StoreURL
from pipekit.pruning import PruneError, prune
from pipekit.state.record import InputRef, RunRecord, Status
from pipekit.stores import atomic
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.memory import MemoryStore

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SOURCE = b"Ana: we should show the delivery week before payment.\n"
OWNER = Owner(pid=os.getpid(), host=socket.gethostname(), since=NOW)
KINDS: tuple[Callable[[Path], StateStore], ...] = (
    lambda folder: MemoryStore(),
    lambda folder: JsonFileStore(StoreURL("file", ".pipeline", folder)),
)


@pytest.fixture(params=KINDS, ids=["memory", "json"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> StateStore:
    make: Callable[[Path], StateStore] = request.param
    return make(tmp_path)


@pytest.fixture
def json_store(tmp_path: Path) -> JsonFileStore:
    return JsonFileStore(StoreURL("file", ".pipeline", tmp_path))


@pytest.fixture
def _plain_system() -> Iterator[None]:
    yield
    atomic.system = atomic.System()


def make_run(store: StateStore, day: int, status: Status = "completed", *, changed: datetime | None = None) -> str:
    """A run that was started ``day`` days before now and changed at that time, or when it is said."""
    at = NOW - day * DAY
    run_id = f"run-{at:%Y%m%d-%H%M%S}-{day:06x}"
    kept = InputRef(
        name="meeting.txt", path="input/original.txt", sha256=hashlib.sha256(SOURCE).hexdigest(), size=len(SOURCE)
    )
    record = RunRecord(
        run_id=run_id,
        input_file="meeting.txt",
        started_at=at,
        updated_at=changed or at,
        status=status,
        current_step=None,
        workflow="backlog",
        paused_reason="until" if status == "paused" else None,
        input=kept,
        planned=(),
        pipekit_version="0.1.0",
    )
    store.create(record, io.BytesIO(SOURCE))
    return run_id


def ids_in(store: StateStore) -> list[str]:
    return [run.run_id for run in store.find(RunQuery())]


def ids_of(runs: Iterable[RunSummary]) -> list[str]:
    return [run.run_id for run in runs]


def test_the_newest_completed_runs_are_kept_and_older_ones_go(store: StateStore) -> None:
    made = [make_run(store, day) for day in (1, 2, 3, 4)]

    pruned = prune(store, keep=3, older_than=None, now=NOW)

    assert ids_of(pruned.removed) == made[3:]
    assert ids_in(store) == made[:3]
    assert {reason for _, reason in pruned.left} == {"among the newest 3"}


def test_unfinished_runs_count_neither_as_kept_nor_as_old(store: StateStore) -> None:
    failed = make_run(store, 1, "failed")
    paused = make_run(store, 2, "paused")
    interrupted = make_run(store, 3, "running")
    newer, older = make_run(store, 4), make_run(store, 5)

    pruned = prune(store, keep=1, older_than=None, now=NOW)

    assert ids_of(pruned.removed) == [older]
    assert [(run.run_id, reason) for run, reason in pruned.left] == [
        (failed, "failed: not finished"),
        (paused, "paused: not finished"),
        (interrupted, "interrupted: not finished"),
        (newer, "among the newest 1"),
    ]


def test_only_what_last_changed_longer_ago_than_the_age_goes(store: StateStore) -> None:
    older = make_run(store, 31)
    exactly = make_run(store, 30)
    went_on = make_run(store, 40, changed=NOW - DAY)

    pruned = prune(store, keep=None, older_than=30 * DAY, now=NOW)

    assert ids_of(pruned.removed) == [older]
    assert ids_in(store) == [exactly, went_on]
    assert {reason for _, reason in pruned.left} == {"changed too recently"}


def test_with_a_number_and_an_age_a_run_must_fulfil_both(store: StateStore) -> None:
    new, newest_old, oldest = make_run(store, 1), make_run(store, 50), make_run(store, 60)

    assert ids_of(prune(store, keep=2, older_than=30 * DAY, now=NOW).removed) == [oldest]
    assert ids_of(prune(store, keep=0, older_than=30 * DAY, now=NOW).removed) == [newest_old]
    assert ids_in(store) == [new]


def test_a_last_change_in_the_future_makes_no_run_old(store: StateStore) -> None:
    made = make_run(store, 100, changed=NOW + DAY)

    assert prune(store, keep=None, older_than=timedelta(0), now=NOW).removed == ()
    assert ids_in(store) == [made]


def test_without_a_rule_nothing_is_removed_and_the_hint_names_both(store: StateStore) -> None:
    made = make_run(store, 100)

    with pytest.raises(UsageError) as raised:
        prune(store, keep=None, older_than=None)

    assert "--keep" in raised.value.hint
    assert "--older-than" in raised.value.hint
    assert ids_in(store) == [made]


@pytest.mark.parametrize(("keep", "age"), [(-1, None), (None, -DAY)])
def test_rules_below_zero_are_refused(store: StateStore, keep: int | None, age: timedelta | None) -> None:
    made = make_run(store, 100)

    with pytest.raises(UsageError):
        prune(store, keep=keep, older_than=age)

    assert ids_in(store) == [made]


def test_a_store_that_forgets_nothing_says_so() -> None:
    class Archive(MemoryStore):
        abilities = frozenset({"exclusive", "fenced", "query"})

    store = Archive()
    make_run(store, 100)

    with pytest.raises(UsageError, match="forgets no runs"):
        prune(store, keep=0, older_than=None)

    assert len(ids_in(store)) == 1


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_run_that_somebody_holds_is_left(store: StateStore, dry_run: bool) -> None:
    held, free = make_run(store, 1), make_run(store, 2)
    lease = store.acquire(held, OWNER)
    try:
        pruned = prune(store, keep=0, older_than=None, now=NOW, dry_run=dry_run)
    finally:
        lease.release()

    assert ids_of(pruned.removed) == [free]
    assert [(run.run_id, reason) for run, reason in pruned.left] == [(held, "somebody works on it")]
    assert held in ids_in(store)


@pytest.mark.parametrize("status", ["paused", "completed"])
@pytest.mark.parametrize("make", KINDS)
def test_a_run_that_goes_on_after_it_was_listed_is_left(
    make: Callable[[Path], StateStore], status: Status, tmp_path: Path
) -> None:
    """Somebody takes it up again, and gives it back before its turn comes."""
    store = make(tmp_path)
    oldest = make_run(store, 9)
    list_runs = store.find

    def find_then_go_on(query: RunQuery) -> Iterator[RunSummary]:
        yield from list_runs(query)
        lease = store.acquire(oldest, OWNER)
        record = store.load(oldest).record
        store.commit(lease, evolve(record, status=status, updated_at=NOW), {})
        lease.release()

    store.find = find_then_go_on  # type: ignore[method-assign]

    pruned = prune(store, keep=0, older_than=None, now=NOW)

    assert pruned.removed == ()
    assert [reason for _, reason in pruned.left] == ["somebody works on it"]
    assert store.load(oldest).record.status == status


def test_a_run_that_somebody_else_removed_meanwhile_is_in_neither_list(store: StateStore) -> None:
    first, second = make_run(store, 1), make_run(store, 2)
    list_runs = store.find

    def find_then_lose_one(query: RunQuery) -> Iterator[RunSummary]:
        yield from list_runs(query)
        store.delete(second)

    store.find = find_then_lose_one  # type: ignore[method-assign]

    pruned = prune(store, keep=0, older_than=None, now=NOW)

    assert ids_of(pruned.removed) == [first]
    assert pruned.left == ()


def test_damaged_runs_are_left_for_a_person(json_store: JsonFileStore, tmp_path: Path) -> None:
    run_id = make_run(json_store, 100)
    (tmp_path / ".pipeline" / run_id / "journal.jsonl").write_bytes(b"")

    pruned = prune(json_store, keep=0, older_than=None, now=NOW)

    assert pruned.removed == ()
    assert [reason for _, reason in pruned.left] == ["damaged: a person must look at it"]
    assert (tmp_path / ".pipeline" / run_id / "input/original.txt").read_bytes() == SOURCE


def all_files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


def test_a_dry_run_changes_nothing_and_gives_the_same_list(json_store: JsonFileStore, tmp_path: Path) -> None:
    for day, status in enumerate(("completed", "failed", "completed", "paused", "completed"), start=1):
        make_run(json_store, day, status)  # type: ignore[arg-type]
    (tmp_path / ".pipeline/.gone-0123456789abcdef").mkdir()
    before = all_files(tmp_path)

    shown = prune(json_store, keep=1, older_than=DAY, now=NOW, dry_run=True)

    assert all_files(tmp_path) == before
    done = prune(json_store, keep=1, older_than=DAY, now=NOW)
    assert len(done.removed) == 2
    assert (shown.removed, shown.left) == (done.removed, done.left)
    assert (shown.swept, done.swept) == (0, 1)


class Refusing(atomic.System):
    """A disk that keeps one run's name, or one run's files."""

    def __init__(self, *, rename: str = "", unlink: str = "") -> None:
        self.rename_refused = rename
        self.unlink_refused = unlink

    def rename(self, old: str, new: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        if old == self.rename_refused:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        super().rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    def unlink(self, name: str, *, dir_fd: int | None = None) -> None:
        if name == self.unlink_refused:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().unlink(name, dir_fd=dir_fd)


@pytest.mark.usefixtures("_plain_system")
def test_a_run_that_the_disk_keeps_does_not_stop_the_others(json_store: JsonFileStore) -> None:
    first, kept, last = make_run(json_store, 1), make_run(json_store, 2), make_run(json_store, 3)
    atomic.system = Refusing(rename=kept)

    with pytest.raises(PruneError) as raised:
        prune(json_store, keep=0, older_than=None, now=NOW)

    assert raised.value.code == 10
    assert raised.value.errno == errno.EACCES
    assert kept in str(raised.value)
    assert "pipekit prune" in raised.value.hint
    assert "resume" not in raised.value.hint
    assert ids_of(raised.value.pruned.removed) == [first, last]
    assert [run.run_id for run, _ in raised.value.pruned.left] == [kept]
    assert ids_in(json_store) == [kept]


@pytest.mark.usefixtures("_plain_system")
@pytest.mark.parametrize(
    ("keep", "age", "command"),
    [
        (2, None, "pipekit prune --keep 2"),
        (None, timedelta(days=30), "pipekit prune --older-than 30d"),
        (0, timedelta(hours=36), "pipekit prune --keep 0 --older-than 36h"),
        (None, timedelta(minutes=90, seconds=1), "pipekit prune --older-than 91m"),
    ],
)
def test_the_command_to_go_on_with_asks_for_the_same(
    json_store: JsonFileStore, keep: int | None, age: timedelta | None, command: str
) -> None:
    runs = [make_run(json_store, day) for day in (3, 2, 1)]
    atomic.system = Refusing(rename=runs[0])

    with pytest.raises(PruneError) as raised:
        prune(json_store, keep=keep, older_than=age, now=NOW + timedelta(days=400))

    assert raised.value.hint.endswith(f": {command}")


@pytest.mark.usefixtures("_plain_system")
def test_a_run_whose_files_the_disk_keeps_is_gone_and_the_next_prune_takes_them(
    json_store: JsonFileStore, tmp_path: Path
) -> None:
    run_id = make_run(json_store, 1)
    atomic.system = Refusing(unlink="original.txt")

    with pytest.raises(PruneError) as raised:
        prune(json_store, keep=0, older_than=None, now=NOW)
    with pytest.raises(PruneError) as again:
        prune(json_store, keep=0, older_than=None, now=NOW)

    assert ids_of(raised.value.pruned.removed) == [run_id]
    assert again.value.pruned.removed == ()
    with pytest.raises(RunNotFoundError):
        json_store.load(run_id)
    atomic.system = atomic.System()
    assert prune(json_store, keep=0, older_than=None, now=NOW).swept == 1
    assert os.listdir(tmp_path / ".pipeline") == []


class KilledError(BaseException):
    """The process is no more."""


class Dying(atomic.System):
    """Kills the process before the call numbered ``deadline`` of those that remove, rename or force."""

    def __init__(self, deadline: int) -> None:
        self.left = deadline

    def _tick(self) -> None:
        if self.left <= 0:
            raise KilledError
        self.left -= 1

    def sync(self, fd: int) -> None:
        self._tick()
        super().sync(fd)

    def rename(self, old: str, new: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        self._tick()
        super().rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    def unlink(self, name: str, *, dir_fd: int | None = None) -> None:
        self._tick()
        super().unlink(name, dir_fd=dir_fd)

    def rmdir(self, name: str, *, dir_fd: int | None = None) -> None:
        self._tick()
        super().rmdir(name, dir_fd=dir_fd)


@pytest.mark.usefixtures("_plain_system")
def test_a_prune_that_is_killed_leaves_whole_runs_and_the_next_one_leaves_nothing(tmp_path: Path) -> None:
    deadline = 0
    is_whole = False
    while not is_whole:
        store = JsonFileStore(StoreURL("file", f"{deadline}/.pipeline", tmp_path))
        unfinished = make_run(store, 1, "paused")
        doomed = [make_run(store, 2), make_run(store, 3)]
        atomic.system = Dying(deadline)
        try:
            prune(store, keep=0, older_than=None, now=NOW)
            is_whole = True
        except KilledError:
            pass
        atomic.system = atomic.System()

        for run in store.find(RunQuery()):
            assert run.status == ("paused" if run.run_id == unfinished else "completed")
            assert store.read(run.run_id, "input/original.txt") == SOURCE
        there = [run_id for run_id in doomed if run_id in ids_in(store)]
        assert ids_of(prune(store, keep=0, older_than=None, now=NOW).removed) == there
        assert os.listdir(tmp_path / f"{deadline}/.pipeline") == [unfinished]
        deadline += 1

    assert deadline > 15


def test_a_store_that_has_no_folder_yet_has_nothing_to_prune(json_store: JsonFileStore, tmp_path: Path) -> None:
    pruned = prune(json_store, keep=0, older_than=None)

    assert (pruned.removed, pruned.left, pruned.swept) == ((), (), 0)
    assert os.listdir(tmp_path) == []


def test_the_history_of_a_store_can_be_pruned(store: StateStore) -> None:
    new, old = make_run(store, 1), make_run(store, 2)

    assert ids_of(Runs(store, lambda record, data: None).prune(keep=1, older_than=None).removed) == [old]
    assert ids_in(store) == [new]


def test_two_prunes_at_once_remove_every_run_and_raise_nothing(json_store: JsonFileStore, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    made = [make_run(json_store, day) for day in range(1, 31)]

    def prune_all(_: int) -> list[str]:
        store = JsonFileStore(StoreURL("file", ".pipeline", tmp_path))
        return ids_of(prune(store, keep=0, older_than=None, now=NOW).removed)

    with ThreadPoolExecutor(4) as pool:
        removed = [run_id for ids in pool.map(prune_all, range(4)) for run_id in ids]

    assert sorted(removed) == sorted(made)
    prune(json_store, keep=0, older_than=None, now=NOW)
    assert os.listdir(tmp_path / ".pipeline") == []
