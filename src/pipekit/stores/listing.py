"""Lines of a listing, made from a record's JSON without the cost of structuring all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import get_args

from pipekit.errors import PipekitError, StateError
from pipekit.interfaces.state_stores import RunSummary, ShownStatus
from pipekit.serde import JSON
from pipekit.state.record import Status, StepKey

__all__ = ["summary", "unreadable"]


def summary(run_id: str, record: Mapping[str, JSON], is_held: Callable[[], bool]) -> RunSummary:
    """A run's line; a running run that nobody holds is interrupted. `StateError` when the record has another shape."""
    try:
        status: ShownStatus = record["status"]
        if status not in get_args(Status):
            raise ValueError(f"unknown status {ascii(status)[:40]}")
        if status == "running" and not is_held():
            status = "interrupted"
        current = record["currentStep"]
        return RunSummary(
            run_id=run_id,
            status=status,
            workflow=str(record["workflow"]),
            input_file=str(record["inputFile"]),
            started_at=_moment(record["startedAt"]),
            updated_at=_moment(record["updatedAt"]),
            current_step=None if current is None else _key(current),
            completed_steps=tuple(_key(key) for key in record["completedSteps"]),
            reason=_reason(record),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise StateError(f"the record has another shape ({type(error).__name__}: {error})", run_id=run_id) from error


def unreadable(run_id: str, error: PipekitError) -> RunSummary:
    """The line of a run that can't be read; one that a newer pipekit wrote is sound."""
    if error.kind == "newer":
        return RunSummary(run_id=run_id, status="newer", reason=error.message)
    return RunSummary(run_id=run_id, status="damaged", reason=str(error))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _key(value: JSON) -> StepKey:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError("a step's key is a number or a name")
    return value


def _reason(record: Mapping[str, JSON]) -> str | None:
    reason = record["pausedReason"] if record["status"] == "paused" else record["error"]
    return None if reason is None else str(reason)
