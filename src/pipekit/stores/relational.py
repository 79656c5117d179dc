"""Runs in the tables of a database: everything that a store promises, whichever database it is.

A store for one of them gives this class two things: transactions (`Database`) and locks that end with whoever took
them (`Locks`). Each change of a run raises the number in its row, in the same transaction; one that doesn't find the
epoch and the number it expects there comes from an owner that was superseded, and is refused.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from pipekit.errors import PipekitError, RunBusyError, StateError, StorageError
from pipekit.interfaces.state_stores import Ability, Entry, Lease, Owner, RunQuery, RunSummary, StoredRun
from pipekit.serde import MisfitError, decode, encode, structure, unstructure
from pipekit.state.ids import check_run_id
from pipekit.state.record import SCHEMA, BlobRef, RunRecord
from pipekit.stores.changes import change, check_blobs, read_source
from pipekit.stores.delta import files_of
from pipekit.stores.forging import NO_BLOBS
from pipekit.stores.layout import check_path
from pipekit.stores.listing import summary, unreadable
from pipekit.stores.locks import named_owner
from pipekit.stores.relational_rows import RunRow, digest_of, entry_texts, read_entries, read_head, read_record, rows_of
from pipekit.stores.run_errors import about, not_there, taken

__all__ = ["Database", "Hold", "Locks", "RelationalLease", "RelationalStore", "Session"]

_ID = re.compile(r"[a-z0-9._-]{0,64}")
#: Behind every letter that an id may have.
_BEHIND = "~"
#: So many rows of a listing are read at a time.
_PAGE = 200
_RUN = "run_id, layout, epoch, sequence, replaced, entries, owner, record, digest"
_KNOWN = "SELECT path FROM files WHERE run_id = ?"
_INSERT_FILE = (
    "INSERT INTO files (run_id, path, sha256, size, content) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (run_id, path) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size,"
    " content = excluded.content"
)
_INSERT_STEP = (
    "INSERT INTO steps (run_id, name, record) VALUES (?, ?, ?)"
    " ON CONFLICT (run_id, name) DO UPDATE SET record = excluded.record"
)
_INSERT_ENTRY = "INSERT INTO entries (run_id, sequence, place, step, stays, entry, digest) VALUES (?, ?, ?, ?, ?, ?, ?)"


class Session(Protocol):
    """An open transaction. SQL is written with ``?`` for values."""

    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """What a query finds."""
        ...

    def change(self, sql: str, *values: object) -> int:
        """How many rows a statement changed."""
        ...

    def change_each(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """A statement, once for each of these rows of values."""
        ...


class Database(Protocol):
    """A database with the tables of `pipekit.stores.relational_rows.TABLES`.

    What it refuses is raised as one of pipekit's errors: `StorageError`, or `StateError` for one that is damaged or of
    another version.
    """

    @property
    def place(self) -> str:
        """What errors call it; without a password."""
        ...

    def reading(self) -> AbstractContextManager[Session]:
        """A transaction that sees everything as it is at one moment. Where there is no database, there are no runs."""
        ...

    def writing(self, *, make: bool = False) -> AbstractContextManager[Session]:
        """A transaction that is kept when it is left, all of it and for good, and none of it after an exception."""
        ...

    def close(self) -> None:
        """Release what it holds."""
        ...


class Hold(Protocol):
    """A run's lock, held."""

    def is_ours(self) -> bool:
        """False once somebody else may have it."""
        ...

    def release(self) -> None:
        """Give it back; again does nothing."""
        ...


class Locks(Protocol):
    """One lock for each run, gone when whoever has it ends."""

    def take(self, run_id: str, noted: Callable[[], Owner | None]) -> Hold:
        """The lock; `RunBusyError` at once where somebody has it, naming the owner that is ``noted``."""
        ...

    def is_held(self, run_id: str) -> bool:
        """Whether somebody has the lock."""
        ...


class RelationalLease:
    """The right to change one run, and what its row holds: nobody else changes it meanwhile."""

    def __init__(self, row: RunRow, record: RunRecord, hold: Hold) -> None:
        self.run_id = row.run_id
        self.epoch = row.epoch
        self.sequence = row.sequence
        self.replaced = row.replaced
        self.entries = row.entries
        self.record = record
        self.digests: dict[str, str] = decode(row.record)["stepOutputs"]
        self.is_current_layout = row.layout == SCHEMA
        self.mutex = threading.RLock()
        self.refused: PipekitError | None = None
        self._hold: Hold | None = hold

    def __repr__(self) -> str:
        state = "given back" if self._hold is None else "refused" if self.refused else "held"
        return f"<RelationalLease {self.run_id} epoch {self.epoch}: {state}>"

    def check(self) -> None:
        """`RunBusyError` unless this is still the run's owner; `StorageError` after a change that failed."""
        if self._hold is None:
            raise self.superseded("was given back")
        if self.refused is not None:
            raise StorageError(
                f"an earlier write failed, nothing more is written: {self.refused.message}",
                path=getattr(self.refused, "path", None),
                errno=getattr(self.refused, "errno", None),
                run_id=self.run_id,
                hint=f"see to the cause, then pipekit resume {self.run_id}",
            )
        if not self._hold.is_ours():
            raise self.superseded("was taken over")

    def superseded(self, how: str) -> RunBusyError:
        """The error for an owner that isn't one any more."""
        return RunBusyError(
            f"this lease on {self.run_id} (epoch {self.epoch}) {how}",
            kind="superseded",
            run_id=self.run_id,
            hint=f"look at who has it: pipekit show {self.run_id}",
        )

    def release(self) -> None:
        """Give the run back; calling it again does nothing."""
        with self.mutex:
            hold, self._hold = self._hold, None
            if hold is not None:
                hold.release()


class RelationalStore:
    """A store in a database. Safe for many threads and processes; each run has one owner at a time."""

    abilities: frozenset[Ability] = frozenset({"durable", "exclusive", "fenced", "query", "prune", "files"})

    def __init__(self, database: Database, locks: Locks) -> None:
        self._database = database
        self._locks = locks

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._database.place}>"

    # --- making, taking and removing runs ----------------------------------------------------------------------------

    def create(
        self,
        record: RunRecord,
        source: BinaryIO,
        blobs: Mapping[str, bytes] = NO_BLOBS,
        entries: Sequence[Entry] = (),
    ) -> None:
        """Keep record and input together, or nothing: all of it is one transaction."""
        run_id = check_run_id(record.run_id)
        with about(run_id, is_kept=False):
            text, steps = rows_of(record, {})
            rows = entry_texts(run_id, 1, entries)
            digests = check_blobs(record, blobs, is_new_run=True)
            files = {**blobs, **read_source(record, source)}
            if record.input is not None:
                digests[record.input.path] = record.input.sha256
            values = (run_id, SCHEMA, record.status, 0, 1, record.replaced, len(rows), text, digest_of(run_id, text))
            with self._database.writing(make=True) as session:
                made = session.change(
                    "INSERT INTO runs (run_id, layout, status, epoch, sequence, replaced, entries, record, digest)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO NOTHING",
                    *values,
                )
                if not made:
                    raise taken(run_id)
                session.change_each(_INSERT_STEP, [(run_id, key, step) for key, (step, _) in steps.items()])
                session.change_each(_INSERT_FILE, _file_rows(run_id, files, digests))
                session.change_each(_INSERT_ENTRY, rows)

    def acquire(self, run_id: str, owner: Owner) -> Lease:
        """The right to change the run."""
        with about(run_id):
            self._row(run_id)
            hold = self._locks.take(run_id, partial(self._noted, run_id))
            try:
                with self._database.writing() as session:
                    if not session.change(
                        "UPDATE runs SET epoch = epoch + 1, sequence = sequence + 1, owner = ? WHERE run_id = ?",
                        encode(unstructure(owner)).decode(),
                        run_id,
                    ):
                        raise not_there(run_id)
                    row, record, _ = self._stored(session, run_id)
                return RelationalLease(row, record, hold)
            except BaseException:
                hold.release()
                raise

    def owner(self, run_id: str) -> Owner | None:
        """Who holds the run now; asked of the lock."""
        with about(run_id):
            self._row(run_id)
            return named_owner(partial(self._noted, run_id)) if self._locks.is_held(run_id) else None

    def delete(self, run_id: str) -> None:
        """Forget a run."""
        self._delete(run_id, None)

    def delete_unchanged(self, run: RunSummary) -> None:
        """Forget a run that is still as it was listed; `RunBusyError` when somebody went on with it since."""
        self._delete(run.run_id, run)

    def _delete(self, run_id: str, listed: RunSummary | None) -> None:
        with about(run_id, is_kept=False):
            self._row(run_id)
            hold = self._locks.take(run_id, partial(self._noted, run_id))
            try:
                with self._database.writing() as session:
                    # First of all the row is changed, so that nobody else can change it until this is done.
                    if not session.change("UPDATE runs SET epoch = epoch + 1 WHERE run_id = ?", run_id):
                        raise not_there(run_id)
                    if listed is not None and self._summary(self._found(session, run_id), held=False) != listed:
                        raise RunBusyError(f"somebody went on with {run_id} since it was listed", kind="changed")
                    for table in ("entries", "files", "steps", "runs"):
                        session.change(f"DELETE FROM {table} WHERE run_id = ?", run_id)  # noqa: S608 - our own names
            finally:
                hold.release()

    # --- reading -----------------------------------------------------------------------------------------------------

    def load(self, run_id: str) -> StoredRun:
        """The newest committed record, and the entries that count."""
        with about(run_id), self._database.reading() as session:
            _, record, entries = self._stored(session, check_run_id(run_id), with_entries=True)
            return StoredRun(record=record, entries=entries)

    def read(self, run_id: str, name: str) -> bytes:
        """One blob as committed; not checked."""
        check_path(name)
        with about(run_id), self._database.reading() as session:
            found = session.rows("SELECT content FROM files WHERE run_id = ? AND path = ?", check_run_id(run_id), name)
            if found:
                return bytes(found[0][0])
            _, record, _ = self._stored(session, run_id)
        expected = files_of(record).get(name)
        step = next((key for key, step in record.step_outputs.items() if step.path == name), None)
        raise StateError(
            f"missing: {name}" if expected else f"the run has no file of this name: {name}",
            file=name,
            kind="missing",
            expected=expected,
            found="no file" if expected else None,
            run_id=run_id,
            step=step,
            hint=f"pipekit resume {run_id} --from-step {step}" if step else f"pipekit show {run_id}",
        )

    def files(self, run_id: str) -> Sequence[BlobRef]:
        """Every file as committed; see `Inventoried`."""
        with about(run_id), self._database.reading() as session:
            _run_row(session, check_run_id(run_id))
            rows = session.rows("SELECT path, sha256, size FROM files WHERE run_id = ? ORDER BY path", run_id)
            return [BlobRef(path=path, sha256=sha256, size=size) for path, sha256, size in rows]

    def find(self, query: RunQuery) -> Iterator[RunSummary]:
        """Newest first, since ids begin with the time; a page of rows at a time."""
        if _ID.fullmatch(query.prefix) is None:
            return
        count, before = 0, query.prefix + _BEHIND
        while query.limit is None or count < query.limit:
            size = _PAGE if query.limit is None else min(_PAGE, query.limit - count)
            rows = self._page(query, before, size)
            for row in rows:
                found = self._summary(row)
                if query.status in (None, found.status):
                    count += 1
                    yield found
            if len(rows) < size:
                return
            before = rows[-1][0]

    def _page(self, query: RunQuery, before: str, size: int) -> Sequence[tuple[Any, ...]]:
        stored = {"interrupted": "running", "damaged": None, "newer": None}.get(query.status or "damaged", query.status)
        narrowed, values = ("AND status = ?", (stored,)) if stored else ("", ())
        with self._database.reading() as session:
            return session.rows(
                "SELECT run_id, layout, record, digest FROM runs WHERE run_id >= ? AND run_id < ?"  # noqa: S608
                f" {narrowed} ORDER BY run_id DESC LIMIT ?",
                query.prefix,
                before,
                *values,
                size,
            )

    def _summary(self, row: tuple[Any, ...], *, held: bool | None = None) -> RunSummary:
        run_id, layout, text, digest = row
        try:
            head = read_head(run_id, layout, text, digest, place=self._database.place)
            return summary(run_id, head, lambda: self._locks.is_held(run_id) if held is None else held)
        except PipekitError as error:
            return unreadable(run_id, error)

    def folder(self, run_id: str) -> Path | None:
        """None: there is no folder."""
        with about(run_id):
            self._row(run_id)
        return None

    # --- changing ----------------------------------------------------------------------------------------------------

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        """Keep entries of open steps, in one transaction."""
        held = self._ours(lease)
        with about(held.run_id), held.mutex:
            held.check()
            if not entries:
                return
            rows = entry_texts(held.run_id, held.sequence + 1, entries)
            with _refusing(held), self._database.writing() as session:
                self._advance(session, held)
                session.change_each(_INSERT_ENTRY, rows)
                session.change("UPDATE runs SET entries = entries + ? WHERE run_id = ?", len(rows), held.run_id)
            held.sequence += 1
            held.entries += len(rows)

    def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        """Keep a new record together with new blobs, in one transaction."""
        held = self._ours(lease)
        with about(held.run_id), held.mutex:
            held.check()
            if record.run_id != held.run_id:
                raise StateError(f"the record of {record.run_id} is no record of {held.run_id}", run_id=held.run_id)
            known = held.record.step_outputs if held.is_current_layout else {}
            text, steps = rows_of(record, {key: (step, held.digests[key]) for key, step in known.items()})
            digests = check_blobs(record, blobs)
            with _refusing(held), self._database.writing() as session:
                self._advance(session, held)
                replaced, gone = self._change(session, held, record, blobs, digests, steps)
                session.change(
                    "UPDATE runs SET layout = ?, status = ?, replaced = ?, entries = ?, record = ?, digest = ?"
                    " WHERE run_id = ?",
                    *(SCHEMA, record.status, replaced, held.entries - gone, text, digest_of(held.run_id, text)),
                    held.run_id,
                )
            held.sequence += 1
            held.entries -= gone
            held.record, held.replaced, held.digests = record, replaced, decode(text)["stepOutputs"]
            held.is_current_layout = True

    def _change(
        self,
        session: Session,
        held: RelationalLease,
        record: RunRecord,
        blobs: Mapping[str, bytes],
        digests: Mapping[str, str],
        steps: Mapping[str, tuple[str, str]],
    ) -> tuple[int, int]:
        """Carry out what a commit does beyond the run's own row: how often files were taken back, and entries gone."""
        run_id = held.run_id
        paths: set[str] | None = None

        def is_kept(path: str) -> bool:
            nonlocal paths
            if paths is None:
                paths = {found for (found,) in session.rows(_KNOWN, run_id)}
            return path in paths

        done = change(held.record, record, is_kept=is_kept, replaced=held.replaced)
        moves = [(place, run_id, path) for path, place in done.moved.items()]
        session.change_each("UPDATE files SET path = ? WHERE run_id = ? AND path = ?", moves)
        if done.forgotten is not None:
            session.change(
                "DELETE FROM files WHERE run_id = ? AND substr(path, 1, ?) = ?",
                *(run_id, len(done.forgotten), done.forgotten),
            )
        session.change_each(_INSERT_FILE, _file_rows(run_id, blobs, digests))
        away = [(run_id, key) for key in held.record.step_outputs if key not in record.step_outputs]
        session.change_each("DELETE FROM steps WHERE run_id = ? AND name = ?", away)
        session.change_each(_INSERT_STEP, [(run_id, key, text) for key, (text, _) in steps.items()])
        gone = sum(
            session.change("DELETE FROM entries WHERE run_id = ? AND step = ? AND stays = 0", run_id, step)
            for step in sorted(done.closed)
        )
        return done.replaced, gone

    def close(self) -> None:
        """Release the database; leases are given back by their owners."""
        self._database.close()

    # --- rows --------------------------------------------------------------------------------------------------------

    def _ours(self, lease: Lease) -> RelationalLease:
        if not isinstance(lease, RelationalLease):
            raise RunBusyError("this lease is from another store", kind="superseded", run_id=lease.run_id)
        return lease

    def _advance(self, session: Session, held: RelationalLease) -> None:
        """Raise the run's number, which fails for an owner that was superseded."""
        changed = session.change(
            "UPDATE runs SET sequence = sequence + 1 WHERE run_id = ? AND epoch = ? AND sequence = ?",
            *(held.run_id, held.epoch, held.sequence),
        )
        if not changed:
            raise held.superseded("was superseded: another owner has changed the run")

    def _row(self, run_id: str) -> RunRow:
        with self._database.reading() as session:
            return _run_row(session, check_run_id(run_id))

    def _found(self, session: Session, run_id: str) -> tuple[Any, ...]:
        return session.rows("SELECT run_id, layout, record, digest FROM runs WHERE run_id = ?", run_id)[0]

    def _stored(
        self, session: Session, run_id: str, *, with_entries: bool = False
    ) -> tuple[RunRow, RunRecord, tuple[Entry, ...]]:
        place = self._database.place
        row = _run_row(session, run_id)
        steps = session.rows("SELECT name, record FROM steps WHERE run_id = ?", run_id)
        record = read_record(row, [(name, text) for name, text in steps], place=place)
        if not with_entries:
            return row, record, ()
        found = session.rows(
            "SELECT sequence, place, entry, digest FROM entries WHERE run_id = ? ORDER BY sequence, place", run_id
        )
        return row, record, read_entries(row, [(s, p, e, d) for s, p, e, d in found], place=place)

    def _noted(self, run_id: str) -> Owner | None:
        """The newest owner of a run, whether it still lives or not; None where none is readable."""
        try:
            text = self._row(run_id).owner
            return None if text is None else structure(decode(text), Owner)
        except (MisfitError, PipekitError):
            return None


def _run_row(session: Session, run_id: str) -> RunRow:
    found = session.rows(f"SELECT {_RUN} FROM runs WHERE run_id = ?", run_id)  # noqa: S608 - our own names
    if not found:
        raise not_there(run_id)
    return RunRow(**dict(zip(_RUN.split(", "), found[0], strict=True)))


def _file_rows(run_id: str, files: Mapping[str, bytes], digests: Mapping[str, str]) -> list[tuple[object, ...]]:
    return [(run_id, path, digests[path], len(data), bytes(data)) for path, data in files.items()]


@contextmanager
def _refusing(held: RelationalLease) -> Iterator[None]:
    """After an error in here nothing more is written: what the database holds has to be looked at anew."""
    try:
        yield
    except BaseException as error:
        held.refused = error if isinstance(error, PipekitError) else StorageError(f"stopped: {error!r}")
        raise
