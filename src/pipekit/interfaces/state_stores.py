"""State stores: where runs are kept.

A store keeps bytes and tells the truth; what a run *is* stands in `pipekit.state`. The engine serialises the calls
that change one run; calls for different runs come from many threads at once. Stores raise `StorageError` when the
medium refuses, `StateError` for what is damaged or of another version, `RunBusyError` when somebody else owns the
run, and `RunNotFoundError`.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, runtime_checkable

from attrs import field, frozen

from pipekit.errors import StateError
from pipekit.serde import JSON, MisfitError, structure
from pipekit.state.ledger import CHARGE, Charge
from pipekit.state.record import BlobRef, RunRecord, StepKey

__all__ = [
    "Ability",
    "Damage",
    "Entry",
    "Inventoried",
    "Lease",
    "Owner",
    "Repairable",
    "RunQuery",
    "RunSummary",
    "ShownStatus",
    "StateStore",
    "StoreURL",
    "StoredRun",
]

Ability = Literal["durable", "exclusive", "fenced", "query", "prune", "folders", "repair", "files"]
#: What listings show: the stored statuses, and two that are derived.
ShownStatus = Literal["running", "completed", "failed", "paused", "interrupted", "damaged", "newer"]


@frozen
class StoreURL:
    """Where a store keeps its runs: ``scheme:location``. Relative paths count from ``folder``."""

    scheme: str
    location: str
    folder: Path

    @property
    def path(self) -> Path:
        """The location as an absolute path."""
        return (self.folder / self.location).absolute()


@frozen(kw_only=True)
class Owner:
    """The process that works on a run."""

    pid: int
    host: str
    since: datetime

    @classmethod
    def this_process(cls) -> Owner:
        """This process, from now on."""
        return cls(pid=os.getpid(), host=platform.node(), since=datetime.now(UTC))


@frozen(kw_only=True)
class Entry:
    """A finished piece of work inside an open step: ``kind`` (item, once, reply, answer, …), key and JSON value.

    A ``charge`` is a line of the run's ledger; see `pipekit.state.ledger`.

    ``attempt`` is the step's attempt that it belongs to: after a rerun older entries count no more. One that ``stays``
    is kept when its step commits (a model's reply, paid for); any other passes, since the step's own output holds it.
    """

    step: str
    kind: str
    key: str
    value: JSON
    attempt: int = 1
    stays: bool = False


@frozen(kw_only=True)
class StoredRun:
    """The newest committed record, the entries of open steps, and those of any step that stay."""

    record: RunRecord
    entries: tuple[Entry, ...] = ()

    @property
    def counting(self) -> tuple[Entry, ...]:
        """The entries of the attempts that are under way. Those of earlier attempts may still lie on the disk."""
        return tuple(entry for entry in self.entries if entry.attempt == self.record.attempt_of(entry.step))

    @property
    def ledger(self) -> tuple[Charge, ...]:
        """What the run's attempts at models took, in order: also those of steps that were taken back since."""
        # Of one attempt the last entry counts: the one before it said that it was begun.
        kept = {(entry.step, entry.key): entry for entry in self.entries if entry.kind == CHARGE}
        try:
            charges: list[Charge] = [structure(entry.value, Charge) for entry in kept.values()]
            return tuple(charge for charge in charges if charge.ending != "withdrawn")
        except MisfitError as error:
            raise StateError(
                f"the ledger of {self.record.run_id} has a line that is none: {error.problems[0]}",
                kind="misfit",
                run_id=self.record.run_id,
                hint=f"see what can be saved: pipekit repair {self.record.run_id}",
            ) from error


@frozen(kw_only=True)
class RunQuery:
    """Which runs: by shown status, by prefix of the id, at most ``limit``, newest first."""

    status: ShownStatus | None = None
    prefix: str = ""
    limit: int | None = None


@frozen(kw_only=True)
class RunSummary:
    """A line of a listing. ``reason`` says why a run is damaged, paused or failed; times may be unknown.

    A ``newer`` run was written by a pipekit that this one is too old to read: nothing is wrong with it.
    """

    run_id: str
    status: ShownStatus
    workflow: str = ""
    input_file: str = ""
    started_at: datetime | None = None
    updated_at: datetime | None = None
    current_step: StepKey | None = None
    completed_steps: tuple[StepKey, ...] = field(default=())
    reason: str | None = None


@frozen(kw_only=True)
class Damage:
    """Something of a run that isn't as it was written, and what a repair does about it.

    ``file`` is a path inside the run; ``step`` has to be done again; ``expected`` and ``found`` are digests where they
    are known.
    """

    file: str
    problem: str
    remedy: str
    step: str | None = None
    expected: str | None = None
    found: str | None = None


class Lease(Protocol):
    """The right to change one run, until released or until the process ends."""

    @property
    def run_id(self) -> str:
        """The run."""
        ...

    @property
    def epoch(self) -> int:
        """Higher than that of any owner before."""
        ...

    def release(self) -> None:
        """Give the run back; calling it again does nothing."""
        ...


@runtime_checkable
class StateStore(Protocol):
    """Keeps records, inputs, step outputs and journals of runs.

    ``abilities`` are declared: ``durable`` (survives a power cut after each commit), ``exclusive`` (two owners never),
    ``fenced`` (an older epoch is refused), ``query``, ``prune``, ``folders`` (runs are folders people can open),
    ``repair`` (see `Repairable`), ``files`` (see `Inventoried`).
    """

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can do, declared."""
        ...

    def create(
        self,
        record: RunRecord,
        source: BinaryIO,
        blobs: Mapping[str, bytes] = ...,
        entries: Sequence[Entry] = ...,
    ) -> None:
        """Keep record and input together, or nothing. ``record.input`` says where the input goes and its digest.

        A run that begins with work of another one brings its ``blobs`` (path in the run → bytes) and ``entries``. One
        that is copied from another store brings its history, too: blobs below ``history/``.
        """
        ...

    def acquire(self, run_id: str, owner: Owner) -> Lease:
        """The right to change the run, with a higher epoch than ever before, or `RunBusyError` at once."""
        ...

    def owner(self, run_id: str) -> Owner | None:
        """Who holds the run now, None when nobody; asked of the lock, never of a clock."""
        ...

    def load(self, run_id: str) -> StoredRun:
        """The newest committed record, and the entries that count; a torn last entry is dropped."""
        ...

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        """Keep entries of open steps, all of them durable on return; an older epoch is refused."""
        ...

    def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        """Keep a new record together with new blobs (path in the run → bytes), all or nothing, durable on return.

        Files that the record before named and this one doesn't are taken back: they go to ``history/<n>/``, where n
        counts how often that happened in the run (``record.replaced``). A step whose output is new closes: its
        entries are dropped, but for those that stay.
        """
        ...

    def read(self, run_id: str, name: str) -> bytes:
        """One blob as committed, by its path in the run (input, step output, output file); not checked."""
        ...

    def find(self, query: RunQuery) -> Iterable[RunSummary]:
        """Newest first, reading only what it yields; a damaged run is yielded as damaged."""
        ...

    def delete(self, run_id: str) -> None:
        """Forget a run; `RunBusyError` while somebody holds it."""
        ...

    def folder(self, run_id: str) -> Path | None:
        """The run's folder where there is one to open, else None."""
        ...

    def close(self) -> None:
        """Release what the store holds."""
        ...


@runtime_checkable
class Repairable(Protocol):
    """A store with the ability ``repair``: it finds damage in its runs, and goes on from what is intact."""

    def examine(self, run_id: str) -> Sequence[Damage]:
        """Everything that is damaged, each with what a repair does about it; changes nothing.

        `StateError` (kind ``beyond-repair``) where nothing can be done.
        """
        ...

    def repair(self, run_id: str, owner: Owner) -> Sequence[Damage]:
        """Move what is damaged aside and take back the steps it belongs to; what was done."""
        ...


@runtime_checkable
class Inventoried(Protocol):
    """A store with the ability ``files``: it knows every file that it keeps of a run, so that none is left behind."""

    def files(self, run_id: str) -> Sequence[BlobRef]:
        """Every file as committed, by path: input, step outputs, output files and what is kept in the history."""
        ...
