"""Runs copied from one store to another, whatever stores they are: each whole, or not at all.

What is copied is what a store gives out: the record, the input, the entries, and every file with its digest, those of
the history too. The source is only read. A run that is in the target already is compared and left as it is, so that a
copy which was interrupted goes on when it is asked for again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from attrs import fields, frozen

from pipekit.errors import PipekitError, RunBusyError, RunNotFoundError, StateError, StorageError
from pipekit.interfaces.state_stores import Entry, Inventoried, Owner, StateStore, StoredRun
from pipekit.state.record import BlobRef, RunRecord
from pipekit.stores.locks import busy
from pipekit.verifying import read_verified

__all__ = ["Copied", "CopiedRun", "copy_run", "copy_runs"]

#: So many differences between two runs are named.
_NAMED = 4


@frozen(kw_only=True)
class CopiedRun:
    """A run that is in the target now; ``is_new``: it wasn't before. ``size`` counts the bytes of its files."""

    run_id: str
    is_new: bool
    files: int
    size: int


@frozen(kw_only=True)
class Copied:
    """What came of several runs; ``failed`` are those that aren't in the target as they are in the source, and why.

    ``refusal`` is the last of them when the medium that was copied to refused it: the rest wasn't tried.
    """

    runs: tuple[CopiedRun, ...]
    failed: tuple[tuple[str, PipekitError], ...] = ()
    not_reached: tuple[str, ...] = ()
    refusal: StorageError | None = None


@frozen
class _Snapshot:
    """All of a run at one moment, each file checked against its digest."""

    stored: StoredRun
    files: Mapping[str, bytes]

    @property
    def digests(self) -> dict[str, str]:
        return {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}


def copy_runs(
    source: StateStore,
    target: StateStore,
    run_ids: Iterable[str],
    *,
    tell: Callable[[str, CopiedRun | PipekitError], None] = lambda _, __: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Copied:
    """Copy these runs, one after the other; one that can't be copied stops none of the others.

    ``tell`` hears what came of each as it comes. No other run is begun after ``is_stopped`` says so, or once the target
    refused one: the rest is not reached.
    """
    runs: list[CopiedRun] = []
    failed: list[tuple[str, PipekitError]] = []
    wanted = list(dict.fromkeys(run_ids))
    for place, run_id in enumerate(wanted):
        if is_stopped():
            return Copied(runs=tuple(runs), failed=tuple(failed), not_reached=tuple(wanted[place:]))
        run: _Snapshot | None = None
        try:
            run = _snapshot(source, run_id)
            done = _keep(run, target)
        except PipekitError as error:
            failed.append((run_id, error))
            tell(run_id, error)
            if run is not None and isinstance(error, StorageError):
                left = tuple(wanted[place + 1 :])
                return Copied(runs=tuple(runs), failed=tuple(failed), not_reached=left, refusal=error)
        else:
            runs.append(done)
            tell(run_id, done)
    return Copied(runs=tuple(runs), failed=tuple(failed))


def copy_run(source: StateStore, target: StateStore, run_id: str) -> CopiedRun:
    """Copy a run, and read back what was written.

    `RunBusyError` while somebody works on it, `StateError` for one of which something is damaged, and for a name that
    another run has in the target.
    """
    return _keep(_snapshot(source, run_id), target)


def _keep(run: _Snapshot, target: StateStore) -> CopiedRun:
    record = run.stored.record
    run_id = record.run_id
    made = CopiedRun(
        run_id=run_id, is_new=True, files=len(run.files), size=sum(len(data) for data in run.files.values())
    )
    if _is_there(target, run_id):
        return _compared(run, target, made)
    content = {path: data for path, data in run.files.items() if record.input is None or path != record.input.path}
    try:
        original = io.BytesIO(run.files[record.input.path] if record.input else b"")
        target.create(record, original, content, run.stored.entries)
    except StateError:
        if _is_there(target, run_id):  # somebody else has copied it in the meantime
            return _compared(run, target, made)
        raise
    except StorageError as error:
        error.hint = _again(error)
        raise
    wrong = _differences(run, _read(target, run_id, None))
    if wrong:
        with suppress(PipekitError):
            target.delete(run_id)
        raise StateError(
            f"what was written isn't what is read back, which differs in {_named(wrong)}",
            kind="not-as-written",
            run_id=run_id,
            hint="the copy was removed, and nothing was changed in the source; look at the target's disk, then again",
        )
    return made


def _again(error: StorageError) -> str:
    """What to do about the medium; not how to go on with a run, which is no worse for it."""
    return f"{error.hint.partition(': pipekit resume')[0]}; then the same command again, which goes on"


def _snapshot(store: StateStore, run_id: str) -> _Snapshot:
    """All of a run that nobody works on; nobody did while it was read, either."""
    _refuse_held(store, run_id)
    stored = store.load(run_id)
    try:
        run = _read(store, run_id, stored)
    except StateError:
        _refuse_held(store, run_id)  # whoever took it since moves files
        raise
    _refuse_held(store, run_id)
    if store.load(run_id) != stored:
        raise RunBusyError(
            f"somebody went on with {run_id} while it was read",
            kind="changed",
            run_id=run_id,
            hint="copy it again: the same command",
        )
    return run


def _refuse_held(store: StateStore, run_id: str) -> None:
    holder: Owner | None = store.owner(run_id)
    if holder is not None:
        raise busy(run_id, holder)


def _read(store: StateStore, run_id: str, stored: StoredRun | None) -> _Snapshot:
    stored = stored or store.load(run_id)
    hint = f"nothing was copied; see what can be saved: pipekit repair {run_id}"
    files = {
        ref.path: read_verified(store, run_id, ref.path, ref.sha256, hint=hint) for ref in _files(store, stored.record)
    }
    if not isinstance(store, Inventoried):
        files.update(_past_outputs(store, stored.record))
    return _Snapshot(stored, files)


def _files(store: StateStore, record: RunRecord) -> Sequence[BlobRef]:
    """The files of a run: those that its record names, and all others that the store knows of, where it tells."""
    steps = [*record.step_outputs.values(), *(past.step for past in record.history)]
    kept = [BlobRef(path=step.path, sha256=step.sha256, size=step.size) for step in steps]
    source = record.input
    begun = [] if source is None else [BlobRef(path=source.path, sha256=source.sha256, size=source.size)]
    named = {ref.path: ref for ref in (*begun, *kept, *record.outputs)}
    known = {ref.path: ref for ref in store.files(record.run_id)} if isinstance(store, Inventoried) else {}
    return list({**known, **named}.values())


def _past_outputs(store: StateStore, record: RunRecord) -> dict[str, bytes]:
    """The output files of steps that were taken back: a record doesn't say which of them the store still has."""
    found: dict[str, bytes] = {}
    for past in record.history:
        for path in (f"history/{past.number}/{output}" for output in past.step.outputs):
            with suppress(StateError):
                found[path] = store.read(record.run_id, path)
    return found


def _is_there(store: StateStore, run_id: str) -> bool:
    try:
        store.owner(run_id)
    except RunNotFoundError:
        return False
    return True


def _compared(run: _Snapshot, target: StateStore, made: CopiedRun) -> CopiedRun:
    """The run that is in the target, which is left as it is; `StateError` unless it is the same."""
    run_id = made.run_id
    try:
        there = _read(target, run_id, None)
    except StateError as error:
        raise StateError(
            f"it is there already, and damaged there: {error.message}",
            file=error.file,
            kind=error.kind,
            expected=error.expected,
            found=error.found,
            run_id=run_id,
            hint="nothing was changed; repair or remove the one in the target, or copy to another store",
        ) from error
    if wrong := _differences(run, there):
        raise StateError(
            f"it is there already, and another one, which differs in {_named(wrong)}",
            kind="different",
            run_id=run_id,
            hint="nothing was changed; somebody went on with one of the two. To have both, copy to another store; "
            f"look at this one, and with --store at the other: pipekit show {run_id}",
        )
    return CopiedRun(run_id=run_id, is_new=False, files=made.files, size=made.size)


def _differences(one: _Snapshot, other: _Snapshot) -> list[str]:
    """What the other run has otherwise, in words."""
    before, after = one.stored.record, other.stored.record
    names = ["status", *(field.name for field in fields(RunRecord) if field.name != "status")]
    wrong = [
        f"{name.replace('_', ' ')}{_shown(getattr(before, name), getattr(after, name))}"
        for name in names
        if getattr(before, name) != getattr(after, name)
    ]
    if _grouped(one.stored.entries) != _grouped(other.stored.entries):
        wrong.append("work inside its steps")
    mine, theirs = one.digests, other.digests
    return [*wrong, *sorted(path for path in mine.keys() | theirs.keys() if mine.get(path) != theirs.get(path))]


def _shown(before: object, after: object) -> str:
    return f" ({before} here, {after} there)" if isinstance(before, str) and isinstance(after, str) else ""


def _grouped(entries: Iterable[Entry]) -> dict[tuple[str, bool], list[Entry]]:
    """Entries in the order that counts: stores may keep those that stay apart from those that pass."""
    groups: dict[tuple[str, bool], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.step, entry.stays), []).append(entry)
    return groups


def _named(wrong: Sequence[str]) -> str:
    return ", ".join(wrong[:_NAMED]) + (f", and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else "")
