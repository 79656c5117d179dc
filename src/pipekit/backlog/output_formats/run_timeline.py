"""What a run took: its steps along one line of time, with their tokens and what they cost."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from pipekit.state.record import StepRecord

__all__ = ["Bar", "timeline"]


@frozen
class Bar:
    """A step: where its bar begins and how long it is, both as a share of the whole from 0 to 1."""

    step: StepRecord
    offset: float
    length: float


def timeline(steps: Sequence[StepRecord]) -> list[Bar]:
    """The steps in order of their start. Time in which none of them worked, such as a night's pause, is left out."""
    placed: list[tuple[StepRecord, float]] = []
    left_out = busy_until = 0.0
    begin = min((one.started_at for one in steps), default=None)
    for step in sorted(steps, key=lambda one: one.started_at):
        assert begin is not None
        start = (step.started_at - begin).total_seconds() - left_out
        idle = max(0.0, start - busy_until)
        left_out += idle
        start = max(0.0, start - idle)
        busy_until = max(busy_until, start + step.duration)
        placed.append((step, start))
    whole = busy_until or 1.0
    return [Bar(step, start / whole, step.duration / whole) for step, start in placed]
