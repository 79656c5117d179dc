"""Forgetting old runs: only completed ones, and of those only the ones that were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

from attrs import frozen

from pipekit.errors import PipekitError, RunBusyError, RunNotFoundError, StorageError, UsageError
from pipekit.interfaces.state_stores import RunQuery, RunSummary, StateStore

__all__ = ["PruneError", "Pruned", "prune"]

_HELD = "somebody works on it"


@frozen(kw_only=True)
class Pruned:
    """What a prune did: the runs removed, those left with the reason, and how many leftovers were swept."""

    removed: tuple[RunSummary, ...]
    left: tuple[tuple[RunSummary, str], ...]
    swept: int = 0


class PruneError(StorageError):
    """Something could not be removed; ``pruned`` says what was all the same."""

    def __init__(self, message: str, *, pruned: Pruned, **common: object) -> None:
        super().__init__(message, **common)  # type: ignore[arg-type]
        self.pruned = pruned


@runtime_checkable
class _Sweeping(Protocol):
    """A store in which killed commands leave something."""

    def sweep(self) -> int: ...


@runtime_checkable
class _Careful(Protocol):
    """A store that can look at a run once more when nobody else can change it, and forget it then."""

    def delete_unchanged(self, run: RunSummary) -> None: ...


def prune(
    store: StateStore,
    *,
    keep: int | None,
    older_than: timedelta | None,
    dry_run: bool = False,
    now: datetime | None = None,
) -> Pruned:
    """Forget completed runs: all but the newest ``keep``, and of those only what last changed before ``older_than``.

    A run that somebody holds, or went on with in the meantime, is left. What can't be removed doesn't stop the rest;
    it is a `PruneError` at the end. With ``dry_run`` nothing is changed, and the answer is the same.
    """
    _check(store, keep, older_than)
    moment = datetime.now(UTC) if now is None else now.astimezone(UTC)
    removed: list[RunSummary] = []
    left: list[tuple[RunSummary, str]] = []
    errors: list[PipekitError] = []
    swept = 0
    if not dry_run and isinstance(store, _Sweeping):
        try:
            swept = store.sweep()
        except PipekitError as error:
            errors.append(error)
    # Listed to the end before anything goes: not every store can be changed while it is read.
    for run, reason in list(_chosen(store, keep, older_than, moment)):
        if reason is not None:
            left.append((run, reason))
            continue
        try:
            if dry_run:
                if store.owner(run.run_id) is not None:
                    left.append((run, _HELD))
                    continue
            else:
                _forget(store, run)
        except RunNotFoundError:
            continue  # somebody else removed it
        except RunBusyError:
            left.append((run, _HELD))
        except PipekitError as error:
            errors.append(error)
            if _is_gone(store, run.run_id):
                removed.append(run)  # the run is; what it leaves the next prune sweeps
            else:
                left.append((run, f"can't be removed: {error.message}"))
        else:
            removed.append(run)
    pruned = Pruned(removed=tuple(removed), left=tuple(left), swept=swept)
    if errors:
        raise _failed(errors, pruned, _command(keep, older_than)) from errors[0]
    return pruned


def _check(store: StateStore, keep: int | None, older_than: timedelta | None) -> None:
    if keep is None and older_than is None:
        raise UsageError(
            "say which completed runs may go",
            hint="all but the newest: pipekit prune --keep 20, or the old ones: pipekit prune --older-than 30d",
        )
    if keep is not None and keep < 0:
        raise UsageError(f"fewer than none can't be kept: {keep}", hint="pipekit prune --keep 20")
    if older_than is not None and older_than < timedelta(0):
        raise UsageError(f"an age is not below zero: {older_than}", hint="pipekit prune --older-than 30d")
    if "prune" not in store.abilities:
        raise UsageError(f"this store forgets no runs: {store!r}", hint="remove them with the store's own tools")


def _chosen(
    store: StateStore, keep: int | None, older_than: timedelta | None, now: datetime
) -> Iterator[tuple[RunSummary, str | None]]:
    """Each run, newest first, with the reason to leave it; None when it may go."""
    completed = 0
    for run in store.find(RunQuery()):
        completed += run.status == "completed"
        if run.status == "damaged":
            yield run, "damaged: a person must look at it"
        elif run.status == "newer":
            yield run, "written by a newer pipekit"
        elif run.status != "completed":
            yield run, f"{run.status}: not finished"
        elif keep is not None and completed <= keep:
            yield run, f"among the newest {keep}"
        elif older_than is not None and run.updated_at is None:
            yield run, "its last change is unknown"
        elif older_than is not None and run.updated_at is not None and now - run.updated_at <= older_than:
            yield run, "changed too recently"
        else:
            yield run, None


def _forget(store: StateStore, run: RunSummary) -> None:
    if isinstance(store, _Careful):
        store.delete_unchanged(run)
        return
    record = store.load(run.run_id).record
    if record.status != "completed" or record.updated_at != run.updated_at:
        raise RunBusyError(f"somebody went on with {run.run_id}", run_id=run.run_id)
    store.delete(run.run_id)


def _is_gone(store: StateStore, run_id: str) -> bool:
    try:
        store.owner(run_id)
    except RunNotFoundError:
        return True
    except PipekitError:
        return False
    return False


def _command(keep: int | None, older_than: timedelta | None) -> str:
    """What was asked for, as one types it; an age in whole minutes, never a younger one."""
    words = ["pipekit prune"]
    if keep is not None:
        words.append(f"--keep {keep}")
    if older_than is not None:
        minutes = -(-older_than // timedelta(minutes=1))
        size, unit = next((size, unit) for size, unit in ((1440, "d"), (60, "h"), (1, "m")) if minutes % size == 0)
        words.append(f"--older-than {minutes // size}{unit}")
    return " ".join(words)


def _failed(errors: list[PipekitError], pruned: Pruned, command: str) -> PruneError:
    first = errors[0]
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    path = getattr(first, "path", None)
    return PruneError(
        f"{first.message}{others}",
        pruned=pruned,
        where=first.where,
        path=path,
        errno=getattr(first, "errno", None),
        hint=f"{first.hint or 'see to the cause, then go on'}: {command}",
    )
