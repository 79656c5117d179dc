"""Errors of a store say which run they are about, and how to go on with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipekit.errors import PipekitError, RunNotFoundError, StateError, StorageError

__all__ = ["about", "not_there", "taken"]


@contextmanager
def about(run_id: str, *, is_kept: bool = True) -> Iterator[None]:
    """Say of which run an error is, and how to go on after one of the disk; ``is_kept`` is whether one could."""
    try:
        yield
    except StorageError as error:
        error.run_id = error.run_id or run_id
        if is_kept and "pipekit " not in error.hint:
            error.hint = f"{error.hint}: pipekit resume {run_id}"
        raise
    except PipekitError as error:
        error.run_id = error.run_id or run_id
        raise


def taken(run_id: str) -> StateError:
    """The error for whoever makes a run whose name another one has."""
    return StateError(f"there is a run of this name already: {run_id}", run_id=run_id)


def not_there(run_id: str) -> RunNotFoundError:
    """The error for whoever names a run that there is none of."""
    return RunNotFoundError(
        f"no run of this name: {run_id}", run_id=run_id, hint="pipekit list shows the runs there are"
    )
