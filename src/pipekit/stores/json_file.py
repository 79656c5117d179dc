"""Runs as folders of JSON files, the default store (``file:.pipeline``).

Each run is a folder: ``journal.jsonl`` is the truth, ``state.json`` the view of it that people and listings read,
``steps/`` holds one file per finished step. The order of writes stands in `pipekit.stores.json_lease`.
"""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from pipekit.errors import PipekitError, RunBusyError, RunNotFoundError, StateError, StorageError
from pipekit.interfaces.state_stores import (
    Ability,
    Damage,
    Entry,
    Lease,
    Owner,
    RunQuery,
    RunSummary,
    StoredRun,
    StoreURL,
)
from pipekit.state.ids import check_run_id, is_valid_id
from pipekit.state.record import HISTORY_KEPT, BlobRef, RunRecord
from pipekit.stores.atomic import Folder, force_names, make_folders, spare_name
from pipekit.stores.forging import NO_BLOBS, forge
from pipekit.stores.item_journal import read_item_journal
from pipekit.stores.journal import Journal
from pipekit.stores.json_lease import JsonLease
from pipekit.stores.layout import ITEMS, JOURNAL, STATE, STEPS, check_path, is_forgotten, migrate
from pipekit.stores.listing import summary, unreadable
from pipekit.stores.locks import RunLock, find_owner, is_held
from pipekit.stores.repairing import examine, repair
from pipekit.stores.run_errors import about, not_there, taken
from pipekit.stores.sweeping import NEW, held_new_folder, remove_whole, sweep
from pipekit.stores.view import View, parse_view

__all__ = ["JsonFileStore"]

#: Journals kept in memory, so that reading all files of a run parses its journal once.
_JOURNALS_KEPT = 4


class JsonFileStore:
    """A folder of run folders. Safe for many threads and processes; each run has one owner at a time."""

    abilities: frozenset[Ability] = frozenset(
        {"durable", "exclusive", "fenced", "query", "prune", "folders", "repair", "files"}
    )

    def __init__(self, url: StoreURL) -> None:
        self._root = url.path
        self._mutex = threading.RLock()
        self._journals: dict[str, tuple[tuple[int, int], Journal]] = {}
        #: The runs whose names this process has forced.
        self._named: set[str] = set()

    def __repr__(self) -> str:
        return f"<JsonFileStore {self._root}>"

    # --- making, taking and removing runs ----------------------------------------------------------------------------

    def create(
        self,
        record: RunRecord,
        source: BinaryIO,
        blobs: Mapping[str, bytes] = NO_BLOBS,
        entries: Sequence[Entry] = (),
    ) -> None:
        """Keep record and input together, or nothing: the whole folder is made under another name, then renamed."""
        run_id = check_run_id(record.run_id)
        new = f"{NEW}{run_id}"
        with about(run_id, is_kept=False):
            make_folders(self._root)
            with Folder(self._root, follow=True) as root:
                if not any(map(is_valid_id, root.names())):
                    force_names(self._root)  # the first run of a store
                with held_new_folder(root, new) as folder:
                    if folder is None:
                        raise taken(run_id)
                    try:
                        if root.state(run_id) is not None:
                            raise taken(run_id)
                        forge(folder, record, source, blobs, entries)
                        root.move(new, run_id)
                    except BaseException:
                        with suppress(PipekitError, OSError):
                            root.remove_tree(new)
                        raise
                root.force()
                self._named.add(run_id)

    def acquire(self, run_id: str, owner: Owner) -> Lease:
        """The right to change the run; what an owner before left unfinished is finished first."""
        with about(run_id):
            folder = self._open(run_id)
            try:
                lock = RunLock(folder, run_id)
            except BaseException:
                folder.close()
                raise
            try:
                view = _view(folder, run_id)
                journal = Journal(run_id, str(folder.path / JOURNAL))
                torn = _read_journal(folder, journal, view)
                self._force_name(run_id)
                return JsonLease(folder, lock, journal, torn, owner)
            except BaseException:
                lock.release()
                folder.close()
                raise

    def _is_there(self) -> bool:
        """Whether there is a folder of runs yet; `StorageError` where something else has its name."""
        if self._root.is_dir():
            return True
        if self._root.exists():
            raise StorageError(
                "is no folder, and so holds no runs",
                path=str(self._root),
                errno=errno.ENOTDIR,
                hint="name a folder: store: file:FOLDER",
            )
        return False

    def _force_name(self, run_id: str) -> None:
        """Whoever made the run may have died before forcing its name; what is done from here on must not go with it."""
        if run_id not in self._named:
            with Folder(self._root, follow=True) as root:
                root.force()
            self._named.add(run_id)

    def owner(self, run_id: str) -> Owner | None:
        """Who holds the run now; asked of the lock."""
        with about(run_id), self._open(run_id) as folder:
            return find_owner(folder) if is_held(folder) else None

    def delete(self, run_id: str) -> None:
        """Forget a run: its name first, then what is in it."""
        self._delete(run_id, None)

    def delete_unchanged(self, run: RunSummary) -> None:
        """Forget a run that is still as it was listed; `RunBusyError` when somebody went on with it since."""
        self._delete(run.run_id, run)

    def _delete(self, run_id: str, listed: RunSummary | None) -> None:
        with about(run_id, is_kept=False), self._open(run_id) as folder:
            lock = RunLock(folder, run_id)
            gone = spare_name("gone")
            try:
                if listed is not None and self._summary(run_id) != listed:
                    raise RunBusyError(f"somebody went on with {run_id} since it was listed", kind="changed")
                with Folder(self._root, follow=True) as root:
                    root.move(run_id, gone)
                    root.force()
                    remove_whole(root, gone)
            finally:
                lock.release()

    def sweep(self) -> int:
        """Remove what killed commands left in the store's folder and is no run; how many folders."""
        if not self._is_there():
            return 0
        with Folder(self._root, follow=True) as root:
            return sweep(root)

    def examine(self, run_id: str) -> Sequence[Damage]:
        """Everything that is damaged in a run; see `Repairable`."""
        with about(run_id), self._open(run_id) as folder:
            return examine(folder, run_id)

    def repair(self, run_id: str, owner: Owner) -> Sequence[Damage]:
        """Move what is damaged aside and take back the steps it belongs to."""
        with about(run_id), self._mutex:
            self._journals.pop(run_id, None)
            return repair(self._open(run_id), run_id, owner)

    # --- reading ---------------------------------------------------------------------------------------------------

    def load(self, run_id: str) -> StoredRun:
        """The newest committed record as the journal has it. Files are looked at by `read`."""
        with about(run_id), self._open(run_id) as folder, self._mutex:
            while True:
                journal = self._journal(folder, run_id, _view(folder, run_id))
                record, steps = journal.structured(), journal.record.get("stepOutputs")
                try:
                    items = _open_entries(folder, record)
                except StateError:
                    if self._journal(folder, run_id).record.get("stepOutputs") == steps:
                        raise
                    continue
                # A step that committed in the meantime has emptied the file of its items: all is read once more.
                if self._journal(folder, run_id).record.get("stepOutputs") == steps:
                    return StoredRun(record=record, entries=(*journal.entries, *items))

    def read(self, run_id: str, name: str) -> bytes:
        """One file as committed, its digest not checked; a file that no commit names isn't there."""
        parts = check_path(name)
        with about(run_id), self._open(run_id) as folder:
            with self._mutex:
                journal = self._journal(folder, run_id)
                blob = journal.blobs.get(name)
                elsewhere = journal.elsewhere(name)
            if blob is not None:
                for place in elsewhere:
                    data = _read(folder, place)
                    if data is not None and hashlib.sha256(data).hexdigest() == blob.sha256:
                        return data
                if (data := _read(folder, parts)) is not None:
                    return data
            with self._mutex:
                steps = journal.structured().step_outputs
            step = next((key for key, step in steps.items() if step.path == name), None)
            raise StateError(
                f"missing: {name}" if blob is not None else f"the run has no file of this name: {name}",
                file=str(folder.path.joinpath(*parts)),
                kind="missing",
                expected=blob.sha256 if blob is not None else None,
                found="no file" if blob is not None else None,
                run_id=run_id,
                step=step,
                hint=f"pipekit resume {run_id} --from-step {step}" if step else f"pipekit show {run_id}",
            )

    def files(self, run_id: str) -> Sequence[BlobRef]:
        """Every file as committed, but for the oldest of the history, which is gone; see `Inventoried`."""
        with about(run_id), self._open(run_id) as folder, self._mutex:
            journal = self._journal(folder, run_id)
            oldest = journal.replaced - HISTORY_KEPT + 1
            return [
                BlobRef(path=path, sha256=blob.sha256, size=blob.size)
                for path, blob in sorted(journal.blobs.items())
                if not is_forgotten(path, oldest)
            ]

    def find(self, query: RunQuery) -> Iterator[RunSummary]:
        """Newest first, since ids begin with the time; one bad run is yielded as damaged."""
        if not self._is_there():
            return
        with Folder(self._root, follow=True) as root:
            names = sorted((name for name in root.names() if name.startswith(query.prefix)), reverse=True)
        count = 0
        for name in filter(is_valid_id, names):
            if query.limit is not None and count >= query.limit:
                return
            found = self._summary(name)
            if found is not None and query.status in (None, found.status):
                count += 1
                yield found

    def _summary(self, run_id: str) -> RunSummary | None:
        try:
            with self._open(run_id) as folder:
                view = _view(folder, run_id)
                state = folder.state(JOURNAL)
                if view is None and state is None and not run_id.startswith("run-"):
                    return None  # somebody's folder, no run
                if view is not None and state is not None and state.st_size == view.journal_size:
                    record, schema = view.record, view.schema
                else:
                    with self._mutex:
                        journal = self._journal(folder, run_id, view)
                        record, schema = journal.record, journal.schema
                return summary(run_id, migrate(record, schema), lambda: is_held(folder))
        except RunNotFoundError:
            return None  # removed since its name was read
        except PipekitError as error:
            return unreadable(run_id, error)

    def folder(self, run_id: str) -> Path | None:
        """The run's folder."""
        with self._open(run_id) as folder:
            return folder.path

    # --- changing ----------------------------------------------------------------------------------------------------

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        """Keep entries of the open step: one line, forced."""
        with about(lease.run_id):
            self._ours(lease).append(entries)

    def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        """Keep a new record together with new files, all or nothing."""
        with about(lease.run_id):
            self._ours(lease).commit(record, blobs)

    def close(self) -> None:
        """Forget what was read; leases are given back by their owners."""
        with self._mutex:
            self._journals.clear()

    def _ours(self, lease: Lease) -> JsonLease:
        if not isinstance(lease, JsonLease):
            raise RunBusyError("this lease is from another store", kind="superseded", run_id=lease.run_id)
        return lease

    def _open(self, run_id: str) -> Folder:
        try:
            return Folder(self._root / check_run_id(run_id))
        except StorageError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                raise not_there(run_id) from error
            raise

    def _journal(self, folder: Folder, run_id: str, view: View | None = None) -> Journal:
        """What the journal says now, reading only what is new since the last time."""
        state = folder.state(JOURNAL)
        identity = (state.st_dev, state.st_ino) if state is not None else (0, 0)
        kept = self._journals.pop(run_id, None)
        if kept is not None and state is not None and kept[0] == identity and kept[1].offset <= state.st_size:
            journal = kept[1]
        else:
            journal = Journal(run_id, str(folder.path / JOURNAL))
        _read_journal(folder, journal, view)
        self._journals[run_id] = (identity, journal)  # the newest last
        while len(self._journals) > _JOURNALS_KEPT:
            del self._journals[next(iter(self._journals))]
        return journal


def _view(folder: Folder, run_id: str) -> View | None:
    data = folder.read(STATE)
    return None if data is None else parse_view(data, file=str(folder.path / STATE), run_id=run_id)


def _read_journal(folder: Folder, journal: Journal, view: View | None) -> int:
    """Bring a journal up to date from its file; the number of torn bytes at its end."""
    data = folder.read(JOURNAL, start=journal.offset)
    torn = journal.feed(data) if data is not None else 0
    if journal.sequence == 0 or (view is not None and view.journal_size > journal.offset):
        found = "no file" if data is None else f"{journal.offset} bytes of whole lines"
        raise StateError(
            "the journal is missing or was cut",
            file=journal.file,
            expected="a header" if view is None else f"{view.journal_size} bytes",
            found=found,
            run_id=journal.run_id,
            hint=f"nothing was changed; see what can be saved: pipekit repair {journal.run_id}",
        )
    return torn


def _open_entries(folder: Folder, record: RunRecord) -> list[Entry]:
    """What is finished inside the steps that haven't committed."""
    finished = {step.name for step in record.step_outputs.values()}
    with folder.sub(STEPS) as steps:
        names = sorted(name for name in steps.names() if name.startswith(ITEMS))
        journals = [read_item_journal(steps, name, record.run_id)[0] for name in names]
    return [entry for journal in journals if journal.step not in finished for entry in journal.entries]


def _read(folder: Folder, parts: Sequence[str]) -> bytes | None:
    """A file some folders down, None where it or a folder is missing."""
    if len(parts) == 1:
        return folder.read(parts[0])
    try:
        below = folder.sub(parts[0])
    except StorageError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise
    with below:
        return _read(below, parts[1:])
