"""The right to change one run's folder: takes it over, and writes commits in the order that survives a power cut.

A commit is: every new file forced under a slot's name, one line of the journal forced (the moment of truth), files
taken back moved to the history, new files given their own names (not forced: the line says where they lie), and
``state.json`` brought up to date from time to time.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from pipekit.errors import PipekitError, RunBusyError, StateError, StorageError
from pipekit.interfaces.state_stores import Entry, Owner
from pipekit.serde import JSON, MisfitError, unstructure
from pipekit.state.record import HISTORY_KEPT, SCHEMA, RunRecord
from pipekit.stores import atomic
from pipekit.stores.atomic import Folder, refusal, spare_name
from pipekit.stores.delta import changed_steps, difference, files_of, files_taken_back
from pipekit.stores.journal import Blob, Journal, Move, entries_content
from pipekit.stores.layout import HISTORY, JOURNAL, OWNER, SLOT, STATE, STEPS, check_path, is_forged, is_spare
from pipekit.stores.lines import line
from pipekit.stores.locks import RunLock, write_owner
from pipekit.stores.open_items import OpenItems
from pipekit.stores.view import render_view

__all__ = ["JsonLease"]

#: Seconds between two renewals of ``state.json`` while the status stays the same.
_VIEW_EVERY = 0.25


class JsonLease:
    """A run's folder, held: `commit` and `append` until `release`.

    ``journal`` must hold the whole lines of the journal, ``torn`` the number of bytes after them. One call at a time.
    """

    def __init__(self, folder: Folder, lock: RunLock, journal: Journal, torn: int, owner: Owner) -> None:
        self.run_id = journal.run_id
        self._folder = folder
        self._lock = lock
        self._journal = journal
        self._record = journal.structured()
        self._mutex = threading.RLock()
        self._folders: dict[tuple[str, ...], Folder] = {(): folder}
        #: The folders whose names are forced: those that every run begins with, and what this owner made.
        self._named: set[tuple[str, ...]] = {(), (STEPS,)}
        self._slots: list[str] = []
        self._refused: PipekitError | None = None
        self._is_released = False
        self._is_view_behind = False
        self._viewed_at = float("-inf")
        self._items = OpenItems(self.run_id)
        self._fd = folder.open_to_append(JOURNAL)
        try:
            if torn:
                with refusal(folder.path, "cut", JOURNAL):
                    atomic.system.truncate(self._fd, journal.offset)
            if journal.sequence > 1:  # a header is forced before its run has a name
                # The last lines may not be: their owner may have died first. Nothing is built on them before they are.
                with refusal(folder.path, "force to the disk", JOURNAL, kind="sync"):
                    atomic.system.sync_data(self._fd)
            self._settle()
            self._items.settle(lambda: self._open((STEPS,), make=True), self._record)
            self._write("owner", journal.epoch + 1, {"owner": unstructure(owner)})
            write_owner(folder, owner)
        except BaseException:
            self._close()
            raise
        self.epoch = journal.epoch

    def __repr__(self) -> str:
        state = "given back" if self._is_released else "refused" if self._refused else "held"
        return f"<JsonLease {self.run_id} epoch {self.epoch}: {state}>"

    # --- what the store offers -----------------------------------------------------------------------------------

    def commit(self, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        """See `StateStore.commit`."""
        with self._mutex:
            self._check(record)
            content, moves = self._content(record)
            files = self._write_files(record, blobs)
            try:
                if files:
                    content["files"] = [[path, blob.sha256, blob.size, blob.slot] for path, blob in files.items()]
                self._write("replaced" if moves else "commit", self.epoch, content)
            except MisfitError as error:
                self._abandon(files)
                raise StateError(f"the record can't be kept: {error}", run_id=self.run_id) from error
            is_new_status = record.status != self._record.status
            closed = [step.name for step in changed_steps(self._record, record).values()]
            self._record = record
            with self._refusing():  # the line stands; whoever opens the run next finishes this
                self._archive()
                for path, blob in files.items():
                    *parents, name = check_path(path)
                    self._open(tuple(parents)).move(_name(blob.slot), name)
                self._items.close_steps(closed)
            self._view(now=is_new_status)

    def append(self, entries: Sequence[Entry]) -> None:
        """See `StateStore.append`."""
        with self._mutex:
            self._check(None)
            lasting = [entry for entry in entries if entry.stays]
            passing = [entry for entry in entries if not entry.stays]
            try:
                if lasting:
                    self._write("entries", self.epoch, entries_content(lasting))
                if passing:
                    with self._refusing():
                        self._items.append(passing, self.epoch)
            except MisfitError as error:
                raise StateError(f"the entry can't be kept: {error}", run_id=self.run_id) from error

    def release(self) -> None:
        """Give the run back; calling it again does nothing. The view is brought up to date where that is possible."""
        with self._mutex:
            if self._is_released:
                return
            self._is_released = True
            try:
                if self._refused is None and self._lock.is_ours():
                    with suppress(StorageError):
                        if self._is_view_behind:
                            self._view(now=True)
                        self._folder.remove(OWNER)
            finally:
                self._close()

    def _close(self) -> None:
        with suppress(OSError):
            atomic.system.close(self._fd)
        self._items.close()
        for folder in self._folders.values():
            folder.close()
        self._lock.release()

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """After an error in here nothing more is written: what the disk holds has to be looked at anew."""
        try:
            yield
        except MisfitError:
            raise
        except BaseException as error:
            self._refused = error if isinstance(error, PipekitError) else StorageError(f"stopped: {error!r}")
            raise

    # --- before a change -------------------------------------------------------------------------------------------

    def _check(self, record: RunRecord | None) -> None:
        if self._is_released:
            raise RunBusyError("this lease was given back", kind="superseded", run_id=self.run_id)
        if self._refused is not None:
            raise StorageError(
                f"an earlier write failed, nothing more is written: {self._refused.message}",
                path=str(self._folder.path),
                errno=getattr(self._refused, "errno", None),
                run_id=self.run_id,
                hint=f"see to the cause, then pipekit resume {self.run_id}",
            )
        if record is not None and record.run_id != self.run_id:
            raise StateError(f"the record of {record.run_id} is no record of {self.run_id}", run_id=self.run_id)
        with refusal(self._folder.path, "look at", JOURNAL):
            size = os.fstat(self._fd).st_size
        if size != self._journal.offset or not self._lock.is_ours():
            raise RunBusyError(
                f"another owner took over {self.run_id}: this one (epoch {self.epoch}) may write no more",
                kind="superseded",
                run_id=self.run_id,
                hint=f"look at who has it: pipekit show {self.run_id}",
            )

    def _content(self, record: RunRecord) -> tuple[dict[str, JSON], tuple[Move, ...]]:
        if self._journal.schema != SCHEMA:
            # The first commit after a migration: from here on the journal speaks today's layout.
            self._keep_old_view()
            content = {"schema": SCHEMA, "record": unstructure(record)}
        else:
            content = difference(self._record, record)
        gone = files_taken_back(self._record, record)
        folder = f"{HISTORY}/{self._journal.replaced + 1}"
        moves = tuple(Move(path, f"{folder}/{path}") for path in gone if path in self._journal.blobs)
        if moves:
            content["moves"] = [[move.source, move.target] for move in moves]
        return content, moves

    def _keep_old_view(self) -> None:
        data = self._folder.read(STATE)
        backup = f"state.v{self._journal.schema}.json.bak"
        if self._folder.state(backup) is not None:
            self._folder.force()  # whoever made it may have died before forcing its name
        elif data is not None:
            self._folder.replace(backup, data, forced=True)

    # --- files -----------------------------------------------------------------------------------------------------

    def _write_files(self, record: RunRecord, blobs: Mapping[str, bytes]) -> dict[str, Blob]:
        """Every file forced under a slot's name, the names too; nothing is left when one can't be written."""
        promised = files_of(record, among=blobs)
        files: dict[str, Blob] = {}
        unforced: dict[tuple[str, ...], Folder] = {}
        try:
            for path, data in blobs.items():
                parents = check_path(path)[:-1]
                if parents[0] == HISTORY:
                    raise StateError(f"the history is no place for new files: {path}", run_id=self.run_id)
                sha256 = hashlib.sha256(data).hexdigest()
                if promised.get(path, sha256) != sha256:
                    raise StateError(
                        "the record names another digest than its file has",
                        file=path,
                        expected=promised[path],
                        found=sha256,
                        run_id=self.run_id,
                    )
                slot, is_new = self._fill(parents, data)
                files[path] = Blob(sha256, len(data), "/".join((*parents, slot)))
                if is_new:
                    unforced[parents] = self._open(parents)
            for folder in unforced.values():
                folder.force()
        except PipekitError:
            self._abandon(files)
            raise
        return files

    def _fill(self, parents: tuple[str, ...], data: bytes) -> tuple[str, bool]:
        """Write and force a slot; its name, and whether the name itself must still be forced."""
        folder = self._open(parents, make=True)
        for is_last in (False, True):
            is_new = parents != (STEPS,) or not self._slots
            slot = spare_name(SLOT[1:-1]) if is_new else self._slots.pop()
            try:
                if is_new:
                    folder.create(slot, data, forced=True)
                else:
                    folder.fill(slot, data)
            except StorageError as error:
                with suppress(StorageError):
                    folder.remove(slot)
                # A file whose sync failed is never synced again: what it holds is unknown. Another one is tried, once.
                if is_last or error.kind != "sync":
                    raise
            else:
                return slot, is_new
        raise AssertionError("the second try returns or raises")

    def _abandon(self, files: Mapping[str, Blob]) -> None:
        for path, blob in files.items():
            with suppress(StorageError):
                self._open(check_path(path)[:-1]).remove(_name(blob.slot))

    def _open(self, parents: tuple[str, ...], *, make: bool = False) -> Folder:
        """A folder of the run, kept open; with ``make`` it is made, and its name forced."""
        if make and parents not in self._named:
            above = self._open(parents[:-1], make=True)
            above.make(parents[-1])
            above.force()  # one that was there may have been made by an owner that died before forcing it
            self._named.add(parents)
        folder = self._folders.get(parents)
        if folder is None:
            folder = self._folders[parents] = self._open(parents[:-1]).sub(parents[-1])
        return folder

    def _archive(self) -> None:
        """Move what the last line took back. The history is forced first, so that no file is ever without a name."""
        changed: dict[tuple[str, ...], Folder] = {}
        for move in self._journal.moves:
            *parents, name = check_path(move.target)
            history = self._open(tuple(parents), make=True)
            if history.state(name) is not None:
                changed[tuple(parents)] = history  # moved by an owner that may have died before forcing that
                continue
            source = check_path(move.source)
            slot = self._journal.moved[move.target].slot
            home = self._open(source[:-1], make=True)
            for candidate in (_name(slot), source[-1]):
                if candidate and home.state(candidate) is not None:
                    home.move(candidate, name, history)
                    changed[tuple(parents)] = history
                    changed[source[:-1]] = home
                    break
        for folder in sorted(changed, key=lambda parts: parts[0] != HISTORY):
            changed[folder].force()
        if changed:
            self._forget()

    def _forget(self) -> None:
        """Remove the oldest of the history; no record names it any more."""
        oldest_kept = self._journal.replaced - HISTORY_KEPT + 1
        history = self._open((HISTORY,))
        for name in history.names():
            if name.isdecimal() and int(name) < oldest_kept:
                for parts in [parts for parts in self._folders if parts[:2] == (HISTORY, name)]:
                    self._folders.pop(parts).close()
                    self._named.discard(parts)
                history.remove_tree(name)

    def _settle(self) -> None:
        """Finish what an owner before left: files still under their slots, files not yet moved to the history."""
        waiting: dict[tuple[str, ...], dict[str, tuple[str, Blob]]] = {}
        for path, blob in self._journal.blobs.items():
            *parents, name = check_path(path)
            if blob.slot is not None:
                waiting.setdefault(tuple(parents), {})[_name(blob.slot)] = (name, blob)
        moving = {_name(blob.slot) for blob in self._journal.moved.values()}
        for place in list(self._places()):
            folder = self._open(place)
            slots = waiting.get(place, {})
            for name in sorted(filter(is_spare, folder.names())):
                if name in slots:
                    target, blob = slots[name]
                    if _digest(folder.read(name)) == blob.sha256:
                        folder.move(name, target)  # not forced: it can be done again as often as a cut undoes it
                elif place == (STEPS,) and is_forged(name) and name not in moving:
                    self._slots.append(name)  # any other may have been made by an owner that died before forcing it
                elif name not in moving:
                    folder.remove(name)
        self._slots.reverse()  # the first is taken first
        self._archive()

    def _places(self, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        """The run's folders, but for the history."""
        yield place
        folder = self._open(place)
        for name in sorted(folder.names()):
            state = folder.state(name)
            if state is not None and stat.S_ISDIR(state.st_mode) and (place or name != HISTORY):
                yield from self._places((*place, name))

    # --- journal and view ------------------------------------------------------------------------------------------

    def _write(self, kind: str, epoch: int, content: Mapping[str, JSON]) -> None:
        """One line, forced. When that fails the lease is of no use any more: what the line holds is unknown."""
        body = self._journal.body(kind, epoch, content)
        data = line(body)
        with self._refusing():
            try:
                with refusal(self._folder.path, "write", JOURNAL):
                    atomic.write_all(self._fd, data)
                with refusal(self._folder.path, "force to the disk", JOURNAL, kind="sync"):
                    atomic.system.sync_data(self._fd)
            except BaseException:
                with suppress(OSError):  # so that nobody takes a line for kept that isn't
                    atomic.system.truncate(self._fd, self._journal.offset)
                raise
        self._journal.take(body)
        self._journal.offset += len(data)
        self._is_view_behind = True

    def _view(self, *, now: bool) -> None:
        if not now and time.monotonic() - self._viewed_at < _VIEW_EVERY:
            return
        if self._journal.schema != SCHEMA:
            return  # an older layout stays as it is until a commit brings it up to date
        data = render_view(self._journal.record, journal_size=self._journal.offset)
        self._folder.replace(STATE, data)
        self._viewed_at = time.monotonic()
        self._is_view_behind = False


def _name(slot: str | None) -> str:
    return "" if slot is None else slot.rpartition("/")[2]


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
