"""The JSON store after a kill or a power cut before every single call that changes the disk.

A model of the disk follows the real calls. A file's bytes are safe once the file is forced, a name once its folder
is; names made inside a folder that is renamed later go with that folder. From the model a folder is made as it may be
found after the cut, and the store is opened there.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest
from attrs import evolve

from pipekit.errors import RunNotFoundError
from pipekit.interfaces.state_stores import Entry, Owner, RunQuery, StateStore, StoreURL
from pipekit.state.record import BlobRef, RunRecord, StepRecord
from pipekit.stores import atomic
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.json_lease import JsonLease

#: What may be found: everything as the process left it; what was forced and nothing else; what was forced and half of
#: the bytes after it; all names, but only forced bytes.
Loss = Literal["kill", "strict", "torn", "names"]
LOSSES: tuple[Loss, ...] = ("kill", "strict", "torn", "names")


class KilledError(BaseException):
    """The process is no more."""


class Disk(atomic.System):
    """Passes every call on, follows what is safe, and kills the process before the call numbered ``deadline``."""

    def __init__(self, top: Path, deadline: int = -1) -> None:
        self.top = top
        self.deadline = deadline
        self.calls = 0
        self.syncs = 0
        self._count = 0
        self._ids: dict[int, int] = {}
        self.names: dict[int, dict[str, int]] = {}
        self.safe_names: dict[int, dict[str, int]] = {}
        self.bytes: dict[int, bytes] = {}
        self.safe_bytes: dict[int, bytes] = {}
        self._learn(top)

    def _learn(self, path: Path) -> int:
        """A folder or file that was there before, all of it safe."""
        node = self._new(path.stat().st_ino)
        if path.is_dir():
            self.names[node] = {child.name: self._learn(child) for child in sorted(path.iterdir())}
            self.safe_names[node] = dict(self.names[node])
        else:
            self.bytes[node] = self.safe_bytes[node] = path.read_bytes()
        return node

    def _new(self, inode: int) -> int:
        self._count += 1
        self._ids[inode] = self._count
        return self._count

    def _tick(self) -> None:
        if 0 <= self.deadline <= self.calls:
            raise KilledError
        self.calls += 1

    def _place(self, name: str, dir_fd: int | None) -> tuple[dict[str, int], str]:
        if dir_fd is not None:
            return self.names[self._ids[os.fstat(dir_fd).st_ino]], name
        path = Path(name)
        return self.names[self._ids[path.parent.stat().st_ino]], path.name

    def open(self, name: str, flags: int, *, dir_fd: int | None = None) -> int:
        if not flags & os.O_CREAT:
            return super().open(name, flags, dir_fd=dir_fd)
        self._tick()
        fd = super().open(name, flags, dir_fd=dir_fd)
        node = self._new(os.fstat(fd).st_ino)
        folder, short = self._place(name, dir_fd)
        folder[short] = node
        self.bytes[node] = self.safe_bytes[node] = b""
        return fd

    def write(self, fd: int, data: memoryview) -> int:
        node = self._ids[os.fstat(fd).st_ino]
        try:
            self._tick()
        except KilledError:
            half = data[: len(data) // 2]  # a kill may come in the middle of a write
            super().write(fd, half)
            self.bytes[node] += bytes(half)
            self.deadline = 0
            raise
        written = super().write(fd, data)
        self.bytes[node] += bytes(data[:written])
        return written

    def truncate(self, fd: int, size: int) -> None:
        self._tick()
        super().truncate(fd, size)
        node = self._ids[os.fstat(fd).st_ino]
        self.bytes[node] = self.bytes[node][:size]

    def sync(self, fd: int) -> None:
        self._tick()
        self.syncs += 1
        node = self._ids[os.fstat(fd).st_ino]
        if node in self.names:
            self.safe_names[node] = dict(self.names[node])
        else:
            self.safe_bytes[node] = self.bytes[node]

    def sync_data(self, fd: int) -> None:
        self.sync(fd)

    def rename(self, old: str, new: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        self._tick()
        source, old_name = self._place(old, src_dir_fd)
        target, new_name = self._place(new, dst_dir_fd)
        super().rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        target[new_name] = source.pop(old_name)

    def mkdir(self, name: str, mode: int = 0o700, *, dir_fd: int | None = None) -> None:
        self._tick()
        super().mkdir(name, mode, dir_fd=dir_fd)
        node = self._new(os.stat(name, dir_fd=dir_fd).st_ino)
        self.names[node], self.safe_names[node] = {}, {}
        folder, short = self._place(name, dir_fd)
        folder[short] = node

    def unlink(self, name: str, *, dir_fd: int | None = None) -> None:
        self._tick()
        folder, short = self._place(name, dir_fd)
        super().unlink(name, dir_fd=dir_fd)
        folder.pop(short, None)

    def rmdir(self, name: str, *, dir_fd: int | None = None) -> None:
        self._tick()
        folder, short = self._place(name, dir_fd)
        super().rmdir(name, dir_fd=dir_fd)
        folder.pop(short, None)

    def leave(self, target: Path, loss: Loss) -> None:
        """Make ``target`` as the disk may be found."""
        names = self.names if loss in ("kill", "names") else self.safe_names
        self._leave(1, target, names, loss)

    def _leave(self, node: int, path: Path, names: dict[int, dict[str, int]], loss: Loss) -> None:
        if node in names:
            path.mkdir()
            for name, child in names[node].items():
                self._leave(child, path / name, names, loss)
            return
        safe, last = self.safe_bytes[node], self.bytes[node]
        if loss == "kill":
            safe = last
        elif loss == "torn" and last.startswith(safe):
            safe = last[: (len(safe) + len(last) + 1) // 2]
        path.write_bytes(safe)


class Story:
    """A run's life, told to a store: what was acknowledged, and what was under way, at any moment."""

    def __init__(self, record: RunRecord, make_step: Callable[..., StepRecord], source: bytes, owner: Owner) -> None:
        self.source = source
        self.owner = owner
        self.run_id = record.run_id
        self.versions = [record]
        self.files: list[dict[str, bytes]] = []
        self.entries = [
            Entry(step="part-3", kind="item", key="candidate-1", value="x" * 40),
            Entry(step="part-3", kind="reply", key="candidate-2", value="paid for", stays=True),
            Entry(step="part-3", kind="item", key="candidate-2", value="y" * 40),
        ]

        def step(key: int, data: bytes, **output: bytes) -> None:
            now = self.versions[-1]
            paths = tuple(f"output/{name}.md" for name in output)
            made = make_step(key, data, outputs=paths)
            after = now.with_step(made, next_step=key + 1, now=now.updated_at)
            refs = tuple(
                BlobRef(path=f"output/{name}.md", sha256=hashlib.sha256(text).hexdigest(), size=len(text))
                for name, text in output.items()
            )
            self.versions.append(evolve(after, outputs=refs) if refs else after)
            files = {f"output/{name}.md": text for name, text in output.items()}
            self.files.append({f"steps/step-{key}.json": data, **files})

        step(1, b"[1]" * 300)
        step(2, b"[2]" * 300)
        step(3, b"[3]", summary=b"# First", report=b"<p>first")
        self.versions.append(self.versions[-1].taken_back({"part-2": "", "part-3": ""}, now=record.updated_at))
        self.files.append({})
        step(2, b"[22]")
        step(3, b"[33]", summary=b"# Second")
        step(4, b"[4]")
        self.versions.append(evolve(self.versions[-1], status="completed", current_step=None))
        self.files.append({})
        #: How many versions were acknowledged (the first is the new run), and how many entries.
        self.known = 0
        self.known_entries = 0
        self.leases: list[JsonLease] = []

    def tell(self, store: StateStore) -> None:
        """All of it; an owner in the middle gives the run back."""
        store.create(self.versions[0], io.BytesIO(self.source))
        self.known = 1
        lease = self._acquire(store)
        for number in range(1, len(self.versions)):
            if number in (3, 6):
                lease.release()
                lease = self._acquire(store)
            if number == 3:
                for count, entry in enumerate(self.entries, start=1):
                    store.append(lease, [entry])
                    self.known_entries = count
            store.commit(lease, self.versions[number], self.files[number - 1])
            self.known = number + 1
        lease.release()

    def _acquire(self, store: StateStore) -> JsonLease:
        lease = store.acquire(self.run_id, self.owner)
        assert isinstance(lease, JsonLease)
        self.leases.append(lease)
        return lease

    def check(self, store: StateStore) -> int:
        """Everything acknowledged is there, nothing is half there; the number of versions that the store has."""
        shown = [found.status for found in store.find(RunQuery())]
        try:
            stored = store.load(self.run_id)
        except RunNotFoundError:
            assert self.known == 0
            assert shown == []
            return 0
        kept = next(number for number, version in enumerate(self.versions, start=1) if version == stored.record)
        assert kept in (self.known, self.known + 1)
        assert shown == [("interrupted" if stored.record.status == "running" else stored.record.status)]
        assert store.read(self.run_id, "input/original.txt") == self.source
        acknowledged, under_way = self.entries[: self.known_entries], self.entries[: self.known_entries + 1]
        found = sorted(stored.counting, key=self.entries.index)
        if kept > 3:
            # The step has committed, or was taken back after it had; only what was paid for stays.
            assert {entry.kind for entry in found} <= ({"reply"} if kept == 4 else set())
            acknowledged = under_way = found
        assert found in (acknowledged, under_way)
        for path, content in self.expected(kept).items():
            assert store.read(self.run_id, path) == content, path
        return kept

    def expected(self, kept: int) -> dict[str, bytes]:
        """Every file of the first ``kept`` versions, the history included."""
        files: dict[str, bytes] = {}
        replaced = 0
        for before, after, new in zip(self.versions, self.versions[1:kept], self.files, strict=False):
            now = {step.path for step in after.step_outputs.values()} | {ref.path for ref in after.outputs}
            was = {step.path for step in before.step_outputs.values()} | {ref.path for ref in before.outputs}
            if gone := was - now:
                replaced += 1
                files.update({f"history/{replaced}/{path}": files.pop(path) for path in gone})
            files.update(new)
        return files

    def finish(self, store: StateStore, kept: int) -> None:
        """What a resume does: take the run and do what is missing."""
        lease = store.acquire(self.run_id, self.owner)
        try:
            assert store.load(self.run_id).record == self.versions[kept - 1]
            for number in range(kept, len(self.versions)):
                store.commit(lease, self.versions[number], self.files[number - 1])
        finally:
            lease.release()
        assert store.load(self.run_id).record == self.versions[-1]
        for path, content in self.expected(len(self.versions)).items():
            assert store.read(self.run_id, path) == content, path


@pytest.fixture
def plain_system() -> Iterator[None]:
    yield
    atomic.system = atomic.System()


def _open(top: Path) -> JsonFileStore:
    return JsonFileStore(StoreURL("file", "kept/here/.pipeline", top))


@pytest.mark.usefixtures("plain_system")
@pytest.mark.parametrize("loss", LOSSES)
def test_nothing_acknowledged_is_lost_at_any_call(
    loss: Loss,
    tmp_path: Path,
    make_record: Callable[..., RunRecord],
    make_step: Callable[..., StepRecord],
    source: bytes,
    owner: Owner,
) -> None:
    deadline = 0
    while True:
        home = tmp_path / f"{deadline}"
        home.mkdir()
        (home / "before").mkdir()
        story = Story(make_record(), make_step, source, owner)
        atomic.system = disk = Disk(home / "before", deadline)
        is_whole = True
        try:
            story.tell(_open(home / "before"))
        except KilledError:
            is_whole = False
        atomic.system = atomic.System()
        for lease in story.leases:
            lease._close()
        disk.leave(home / "after", loss)

        kept = story.check(_open(home / "after"))
        if kept:
            # The owner after the cut dies too, once it has the run: what it found must not be lost by that.
            atomic.system = again = Disk(home / "after")
            successor = _open(home / "after").acquire(story.run_id, owner)
            atomic.system = atomic.System()
            again.leave(home / "again", loss)
            successor.release()
            story.known = kept
            assert story.check(_open(home / "again")) == kept
            story.finish(_open(home / "again"), kept)
            story.finish(_open(home / "after"), kept)
            names = set(os.listdir(home / "after/kept/here/.pipeline" / story.run_id))
            assert {"state.json", "journal.jsonl", "lock", "input", "steps", "history", "output"} >= names
            hidden = [
                name for name in os.listdir(home / f"after/kept/here/.pipeline/{story.run_id}/output") if name[0] == "."
            ]
            assert hidden == []
        if is_whole:
            break
        deadline += 1

    assert deadline > 100


@pytest.mark.usefixtures("plain_system")
@pytest.mark.parametrize("loss", LOSSES)
def test_an_owner_that_dies_while_it_takes_over_loses_nothing(
    loss: Loss,
    tmp_path: Path,
    make_record: Callable[..., RunRecord],
    make_step: Callable[..., StepRecord],
    source: bytes,
    owner: Owner,
) -> None:
    """The run was left at its hardest: a commit that takes files back and one with new files, neither finished."""
    for crash in ("replaced", "files"):
        first = Story(make_record(), make_step, source, owner)
        top = tmp_path / crash
        top.mkdir()
        number = 4 if crash == "replaced" else 6
        _tell_until(first, _open(top), top, number)
        deadline = 0
        is_whole = False
        while not is_whole:
            home = tmp_path / f"{crash}-{deadline}"
            home.mkdir()
            _copy(top, home / "before")
            atomic.system = disk = Disk(home / "before", deadline)
            is_whole = True
            lease = None
            try:
                lease = _open(home / "before").acquire(first.run_id, owner)
            except KilledError:
                is_whole = False
            atomic.system = atomic.System()
            if isinstance(lease, JsonLease):
                lease._close()
            disk.leave(home / "after", loss)
            first.known = number + 1
            assert first.check(_open(home / "after")) == number + 1
            first.finish(_open(home / "after"), number + 1)
            deadline += 1
        assert deadline > 4


def _tell_until(story: Story, store: JsonFileStore, top: Path, number: int) -> None:
    """Commit versions up to ``number``, dying right after the last one's line was forced."""
    store.create(story.versions[0], io.BytesIO(story.source))
    lease = store.acquire(story.run_id, story.owner)
    assert isinstance(lease, JsonLease)
    for version in range(1, number):
        store.commit(lease, story.versions[version], story.files[version - 1])

    class DyingSystem(atomic.System):
        def sync_data(self, fd: int) -> None:
            super().sync_data(fd)
            raise KilledError

        def truncate(self, fd: int, size: int) -> None:
            raise KilledError

    atomic.system = DyingSystem()
    with suppress(KilledError):
        store.commit(lease, story.versions[number], story.files[number - 1])
    atomic.system = atomic.System()
    lease._close()


def _copy(source: Path, target: Path) -> None:
    import shutil

    shutil.copytree(source, target)


@pytest.mark.usefixtures("plain_system")
@pytest.mark.parametrize("deadline", range(6))
def test_a_store_whose_folder_a_dead_process_made_keeps_its_first_run(
    deadline: int, tmp_path: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    """The dead process made the store's folder and never forced its name: the next one must."""
    top = tmp_path / "top"
    (top / "kept/here").mkdir(parents=True)
    atomic.system = disk = Disk(top, deadline)
    with suppress(KilledError):
        _open(top).create(make_record("run-first"), io.BytesIO(source))
    disk.deadline = -1
    _open(top).create(make_record("run-second"), io.BytesIO(source))
    atomic.system = atomic.System()
    disk.leave(tmp_path / "after", "strict")

    assert _open(tmp_path / "after").load("run-second").record == make_record("run-second")


@pytest.mark.usefixtures("plain_system")
@pytest.mark.parametrize("loss", LOSSES)
def test_a_run_is_deleted_as_a_whole(
    loss: Loss, tmp_path: Path, make_record: Callable[..., RunRecord], source: bytes
) -> None:
    deadline = 0
    is_done = False
    while not is_done:
        home = tmp_path / f"{deadline}"
        home.mkdir()
        (home / "before").mkdir()
        record = make_record()
        _open(home / "before").create(record, io.BytesIO(source))
        atomic.system = disk = Disk(home / "before", deadline)
        try:
            _open(home / "before").delete(record.run_id)
            is_done = True
        except KilledError:
            pass
        atomic.system = atomic.System()
        disk.leave(home / "after", loss)
        store = _open(home / "after")

        found = list(store.find(RunQuery()))
        assert not (is_done and found)
        if found:
            assert store.load(record.run_id).record == record
            assert store.read(record.run_id, "input/original.txt") == source
        deadline += 1

    assert deadline > 10
