"""Runs in memory, until the process ends (``memory:``): for tests and for trying things out."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from attrs import define, field

from pipekit.errors import RunBusyError, StateError
from pipekit.interfaces.state_stores import Ability, Entry, Lease, Owner, RunQuery, RunSummary, StoredRun
from pipekit.serde import unstructure
from pipekit.state.ids import check_run_id
from pipekit.state.record import BlobRef, RunRecord
from pipekit.stores.changes import change, check_blobs, json_of, read_source
from pipekit.stores.layout import check_path
from pipekit.stores.listing import summary
from pipekit.stores.locks import busy
from pipekit.stores.run_errors import not_there, taken

__all__ = ["MemoryStore"]


@define
class _Run:
    record: RunRecord
    blobs: dict[str, bytes]
    entries: list[Entry] = field(factory=list)
    epoch: int = 0
    replaced: int = 0
    lease: _MemoryLease | None = None


class _MemoryLease:
    def __init__(self, run_id: str, epoch: int, owner: Owner, run: _Run) -> None:
        self.run_id = run_id
        self.epoch = epoch
        self.owner = owner
        self._run = run

    def release(self) -> None:
        """Give the run back; calling it again does nothing."""
        if self._run.lease is self:
            self._run.lease = None


class MemoryStore:
    """Keeps runs in this object and behaves like any store, but for durability and folders."""

    abilities: frozenset[Ability] = frozenset({"exclusive", "fenced", "query", "prune", "files"})

    def __init__(self) -> None:
        self._mutex = threading.RLock()
        self._runs: dict[str, _Run] = {}

    def __repr__(self) -> str:
        return f"<MemoryStore {len(self._runs)} runs>"

    def create(
        self,
        record: RunRecord,
        source: BinaryIO,
        blobs: Mapping[str, bytes] = MappingProxyType({}),
        entries: Sequence[Entry] = (),
    ) -> None:
        """Keep record and input together, or nothing."""
        run_id = check_run_id(record.run_id)
        json_of(record)
        json_of(tuple(entries), what="entry", run_id=run_id)
        check_blobs(record, blobs, is_new_run=True)
        kept = {path: bytes(data) for path, data in blobs.items()} | read_source(record, source)
        with self._mutex:
            if run_id in self._runs:
                raise taken(run_id)
            self._runs[run_id] = _Run(record, kept, list(entries), replaced=record.replaced)

    def acquire(self, run_id: str, owner: Owner) -> Lease:
        """The right to change the run."""
        with self._mutex:
            run = self._run(run_id)
            if run.lease is not None:
                raise busy(run_id, run.lease.owner)
            run.epoch += 1
            run.lease = _MemoryLease(run_id, run.epoch, owner, run)
            return run.lease

    def owner(self, run_id: str) -> Owner | None:
        """Who holds the run now."""
        with self._mutex:
            lease = self._run(run_id).lease
            return None if lease is None else lease.owner

    def load(self, run_id: str) -> StoredRun:
        """The newest committed record, and the entries that count."""
        with self._mutex:
            run = self._run(run_id)
            return StoredRun(record=run.record, entries=tuple(run.entries))

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        """Keep entries of open steps."""
        with self._mutex:
            run = self._held(lease)
            json_of(tuple(entries), what="entry", run_id=lease.run_id)
            run.entries.extend(entries)

    def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        """Keep a new record together with new blobs, all or nothing."""
        with self._mutex:
            run = self._held(lease)
            if record.run_id != lease.run_id:
                raise StateError(f"the record of {record.run_id} is no record of {lease.run_id}", run_id=lease.run_id)
            json_of(record)
            check_blobs(record, blobs)
            done = change(run.record, record, is_kept=run.blobs.__contains__, replaced=run.replaced)
            for path, place in done.moved.items():
                run.blobs[place] = run.blobs.pop(path)
            if done.forgotten is not None:
                run.blobs = {path: data for path, data in run.blobs.items() if not path.startswith(done.forgotten)}
            run.blobs.update({path: bytes(data) for path, data in blobs.items()})
            run.record, run.replaced = record, done.replaced
            run.entries = [entry for entry in run.entries if entry.stays or entry.step not in done.closed]

    def read(self, run_id: str, name: str) -> bytes:
        """One blob as committed."""
        check_path(name)
        with self._mutex:
            try:
                return self._run(run_id).blobs[name]
            except KeyError:
                raise StateError(
                    f"the run has no file of this name: {name}", kind="missing", file=name, run_id=run_id
                ) from None

    def files(self, run_id: str) -> Sequence[BlobRef]:
        """Every file as committed; see `Inventoried`."""
        with self._mutex:
            blobs = self._run(run_id).blobs
            return [
                BlobRef(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
                for path, data in sorted(blobs.items())
            ]

    def find(self, query: RunQuery) -> Iterator[RunSummary]:
        """Newest first."""
        with self._mutex:
            names = sorted((name for name in self._runs if name.startswith(query.prefix)), reverse=True)
        count = 0
        for name in names:
            if query.limit is not None and count >= query.limit:
                return
            with self._mutex:
                run = self._runs.get(name)
                if run is None:
                    continue
                found = summary(name, unstructure(run.record), partial(_is_held, run))
            if query.status in (None, found.status):
                count += 1
                yield found

    def delete(self, run_id: str) -> None:
        """Forget a run."""
        with self._mutex:
            lease = self._run(run_id).lease
            if lease is not None:
                raise busy(run_id, lease.owner)
            del self._runs[run_id]

    def folder(self, run_id: str) -> Path | None:
        """None: there is no folder."""
        with self._mutex:
            self._run(run_id)
        return None

    def close(self) -> None:
        """Nothing to release; the runs end with the object."""

    def _run(self, run_id: str) -> _Run:
        try:
            return self._runs[check_run_id(run_id)]
        except KeyError:
            raise not_there(run_id) from None

    def _held(self, lease: Lease) -> _Run:
        run = self._run(lease.run_id)
        if run.lease is not lease:
            raise RunBusyError(
                f"this lease on {lease.run_id} (epoch {lease.epoch}) was given back or superseded",
                kind="superseded",
                run_id=lease.run_id,
                hint=f"look at who has it: pipekit show {lease.run_id}",
            )
        return run


def _is_held(run: _Run) -> bool:
    return run.lease is not None
