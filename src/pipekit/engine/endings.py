"""How a run ends: the record of one that is completed, paused or failed."""

from __future__ import annotations

from attrs import evolve

from pipekit.state.record import AskedQuestion, PausedReason, RunRecord, StepKey

__all__ = ["completed", "failed", "paused"]


def completed(record: RunRecord) -> RunRecord:
    """Nothing is left to do."""
    return evolve(
        record, status="completed", current_step=None, paused_reason=None, error=None, error_code=None, questions=()
    )


def paused(
    record: RunRecord, next_step: StepKey | None, reason: PausedReason, questions: tuple[AskedQuestion, ...] = ()
) -> RunRecord:
    """Stopped before ``next_step``; completed where nothing is left, and the stop came too late to leave anything."""
    if next_step is None:
        return completed(record)
    return evolve(
        record,
        status="paused",
        paused_reason=reason,
        current_step=next_step,
        error=None,
        error_code=None,
        questions=questions,
    )


def failed(record: RunRecord, next_step: StepKey | None, said: str, code: int) -> RunRecord:
    """Ended by an error; ``said`` is its text, masked."""
    return evolve(
        record,
        status="failed",
        paused_reason=None,
        current_step=next_step,
        error=said,
        error_code=code,
        questions=(),
    )
