"""What killed commands leave in the store's folder, and what looks like that and is not."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pipekit.errors import RunNotFoundError, StateError, StorageError
from pipekit.interfaces.state_stores import Owner, RunQuery, StoreURL
from pipekit.state.record import RunRecord
from pipekit.stores import atomic
from pipekit.stores.atomic import Folder
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.locks import RunLock

GONE = ".gone-0123456789abcdef"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".pipeline"


def test_the_rest_of_a_deleted_run_is_swept(store: JsonFileStore, root: Path) -> None:
    (root / GONE / "steps").mkdir(parents=True)
    (root / GONE / "steps/step-1.json").write_text("[]")

    assert store.sweep() == 1
    assert os.listdir(root) == []


def test_a_store_without_a_folder_has_nothing_to_sweep(store: JsonFileStore, root: Path) -> None:
    assert store.sweep() == 0
    assert not root.exists()


def test_runs_and_what_belongs_to_others_stay(
    store: JsonFileStore, root: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    store.create(make_record(), io.BytesIO(source))
    for name in (".gone-fishing", ".new-", ".new-NOT AN ID", ".git", "notes"):
        (root / name).mkdir()
    (root / ".new-list").write_text("a file, no folder")
    before = sorted(os.listdir(root))

    assert store.sweep() == 0
    assert sorted(os.listdir(root)) == before
    assert store.load(make_record().run_id).record == make_record()


def test_links_are_not_followed(store: JsonFileStore, root: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").write_text("kept")
    (root / GONE).mkdir(parents=True)
    for link in (root / ".new-run-1", root / ".gone-fedcba9876543210", root / GONE / "inside"):
        link.symlink_to(tmp_path / "precious")

    assert store.sweep() == 1
    assert (tmp_path / "precious/file").read_text() == "kept"


def test_a_create_that_is_killed_at_any_call_leaves_a_run_or_what_is_swept(
    tmp_path: Path,
    make_record: Callable[..., RunRecord],
    source: bytes,
    survives: Callable[[int, Callable[[], object]], bool],
) -> None:
    record = make_record()
    deadline = 0
    is_whole = False
    while not is_whole:
        store = JsonFileStore(StoreURL("file", f"{deadline}", tmp_path))
        is_whole = survives(deadline, partial(store.create, record, io.BytesIO(source)))
        left = os.listdir(tmp_path / f"{deadline}") if (tmp_path / f"{deadline}").exists() else []

        assert store.sweep() == sum(name.startswith(".new-") for name in left)
        after = os.listdir(tmp_path / f"{deadline}") if left else []
        assert after == [name for name in left if name == record.run_id]
        if not after:
            store.create(record, io.BytesIO(source))  # the name is free again
        assert store.read(record.run_id, "input/original.txt") == source
        deadline += 1

    assert deadline > 15


class Paused(io.BytesIO):
    """An input that isn't read to its end before it may be."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.is_reading = threading.Event()
        self.may_end = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        self.is_reading.set()
        assert self.may_end.wait(10)
        return super().read(size)


def test_a_run_that_is_being_made_is_not_swept(
    store: JsonFileStore, tmp_path: Path, root: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    slow = Paused(source)
    maker = threading.Thread(target=store.create, args=(make_record(), slow))
    maker.start()
    try:
        assert slow.is_reading.wait(10)
        assert JsonFileStore(StoreURL("file", ".pipeline", tmp_path)).sweep() == 0
        assert os.listdir(root) == [f".new-{make_record().run_id}"]
    finally:
        slow.may_end.set()
        maker.join()

    assert store.load(make_record().run_id).record == make_record()


@pytest.mark.usefixtures("_plain_system")
@pytest.mark.parametrize("moment", ["after the folder", "after the lock file"])
def test_a_sweeper_that_comes_before_the_lock_makes_the_creator_begin_again(
    moment: str, store: JsonFileStore, root: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    swept: list[int] = []

    class Meddling(atomic.System):
        def _meddle(self) -> None:
            if not swept:
                swept.append(0)  # the sweeper's own calls come here too
                swept[0] = store.sweep()

        def mkdir(self, name: str, mode: int = 0o700, *, dir_fd: int | None = None) -> None:
            super().mkdir(name, mode, dir_fd=dir_fd)
            if name.startswith(".new-") and moment == "after the folder":
                self._meddle()

        def open(self, name: str, flags: int, *, dir_fd: int | None = None) -> int:
            fd = super().open(name, flags, dir_fd=dir_fd)
            if name == "lock" and moment == "after the lock file":
                self._meddle()
            return fd

    atomic.system = Meddling()
    store.create(make_record(), io.BytesIO(source))

    assert swept == [1]
    assert os.listdir(root) == [make_record().run_id]
    assert store.read(make_record().run_id, "input/original.txt") == source


def test_a_new_run_can_be_taken_at_once(
    store: JsonFileStore, make_record: Callable[..., RunRecord], source: bytes, owner: Owner
) -> None:
    store.create(make_record(), io.BytesIO(source))

    assert store.owner(make_record().run_id) is None
    store.acquire(make_record().run_id, owner).release()


def test_a_process_that_is_killed_while_it_makes_a_run_leaves_what_is_swept(
    store: JsonFileStore, tmp_path: Path, root: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    store.create(make_record("run-whole"), io.BytesIO(source))
    script = """
        import io, sys
        from attrs import evolve
        from pathlib import Path
        from pipekit.interfaces.state_stores import StoreURL
        from pipekit.stores.json_file import JsonFileStore

        class Endless(io.BytesIO):
            def read(self, size=-1):
                print("reading", flush=True)
                sys.stdin.read()
                return b""

        store = JsonFileStore(StoreURL("file", ".pipeline", Path(sys.argv[1])))
        store.create(evolve(store.load("run-whole").record, run_id="run-half"), Endless())
    """
    maker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with maker:
        try:
            assert maker.stdout is not None
            assert maker.stdout.readline() == b"reading\n"
            assert store.sweep() == 0
        finally:
            maker.send_signal(signal.SIGKILL)
    assert sorted(os.listdir(root)) == [".new-run-half", "run-whole"]

    assert store.sweep() == 1
    assert os.listdir(root) == ["run-whole"]


@pytest.mark.usefixtures("_plain_system")
def test_what_the_disk_keeps_does_not_stop_the_rest(store: JsonFileStore, root: Path) -> None:
    (root / GONE).mkdir(parents=True)
    (root / GONE / "stubborn").touch()
    (root / ".gone-fedcba9876543210").mkdir()

    class Refusing(atomic.System):
        def unlink(self, name: str, *, dir_fd: int | None = None) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    atomic.system = Refusing()
    with pytest.raises(StorageError) as raised:
        store.sweep()

    assert raised.value.errno == errno.EIO
    assert os.listdir(root) == [GONE]


@pytest.mark.usefixtures("_plain_system")
def test_names_are_forced_before_files_go(
    store: JsonFileStore, root: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    """Whoever renamed the run died before forcing that: after a power cut half a run could have its name again."""
    (root / GONE).mkdir(parents=True)
    (root / GONE / "journal.jsonl").touch()
    calls: list[str] = []

    class Noting(atomic.System):
        def sync(self, fd: int) -> None:
            calls.append("force the store" if os.fstat(fd).st_ino == root.stat().st_ino else "force")
            super().sync(fd)

        def unlink(self, name: str, *, dir_fd: int | None = None) -> None:
            calls.append(f"remove {name}")
            super().unlink(name, dir_fd=dir_fd)

    atomic.system = Noting()
    store.sweep()

    assert calls == ["force the store", "remove journal.jsonl"]


@pytest.mark.usefixtures("_plain_system")
def test_a_sweeper_may_remove_what_a_delete_is_removing(
    store: JsonFileStore, root: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    store.create(make_record(), io.BytesIO(source))
    other: list[int] = []

    class Overtaken(atomic.System):
        def unlink(self, name: str, *, dir_fd: int | None = None) -> None:
            if not other:
                other.append(0)
                other[0] = store.sweep()
            super().unlink(name, dir_fd=dir_fd)

    atomic.system = Overtaken()
    store.delete(make_record().run_id)

    assert other == [1]
    assert os.listdir(root) == []


def test_a_run_that_changed_since_it_was_listed_is_not_deleted(
    store: JsonFileStore, make_record: Callable[..., RunRecord], source: bytes, owner: Owner
) -> None:
    from attrs import evolve

    from pipekit.errors import RunBusyError

    store.create(make_record(), io.BytesIO(source))
    listed = next(iter(store.find(RunQuery())))
    lease = store.acquire(listed.run_id, owner)
    store.commit(lease, evolve(make_record(), status="failed", error="no"), {})
    lease.release()

    with pytest.raises(RunBusyError):
        store.delete_unchanged(listed)
    store.delete_unchanged(next(iter(store.find(RunQuery()))))

    assert list(store.find(RunQuery())) == []


def test_locking_a_run_that_was_removed_a_moment_ago_makes_no_folder_of_its_name(
    store: JsonFileStore, root: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    run_id = make_record().run_id
    store.create(make_record(), io.BytesIO(source))
    with Folder(root / run_id) as folder:
        store.delete(run_id)
        with pytest.raises(RunNotFoundError):
            RunLock(folder, run_id)

    assert os.listdir(root) == []


def test_a_name_that_is_being_made_is_taken(
    store: JsonFileStore, tmp_path: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    slow = Paused(source)
    maker = threading.Thread(target=store.create, args=(make_record(), slow))
    maker.start()
    try:
        assert slow.is_reading.wait(10)
        with pytest.raises(StateError, match="of this name already"):
            JsonFileStore(StoreURL("file", ".pipeline", tmp_path)).create(make_record(), io.BytesIO(source))
    finally:
        slow.may_end.set()
        maker.join()

    assert store.load(make_record().run_id).record == make_record()


def test_what_a_killed_command_left_of_a_run_does_not_keep_its_name(
    store: JsonFileStore, root: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    left = root / f".new-{make_record().run_id}"
    (left / "steps").mkdir(parents=True)
    (left / "lock").touch()

    store.create(make_record(), io.BytesIO(source))

    assert os.listdir(root) == [make_record().run_id]
    assert store.load(make_record().run_id).record == make_record()
