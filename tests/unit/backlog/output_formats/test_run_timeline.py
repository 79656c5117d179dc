"""The line of time: pauses left out, steps beside each other kept so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipekit.backlog.output_formats.run_timeline import timeline
from pipekit.state.record import StepRecord


def step(name: str, start: float, duration: float) -> StepRecord:
    begun = datetime(2026, 11, 25, tzinfo=UTC) + timedelta(seconds=start)
    return StepRecord(key=name, name=name, path="", sha256="", size=0, started_at=begun, duration=duration)


def bars(*steps: StepRecord) -> list[tuple[str, float, float]]:
    return [(bar.step.name, bar.offset, bar.length) for bar in timeline(steps)]


def test_steps_follow_each_other_in_the_order_of_their_start() -> None:
    assert bars(step("b", 1, 3), step("a", 0, 1)) == [("a", 0, 0.25), ("b", 0.25, 0.75)]


def test_a_nights_pause_takes_no_room() -> None:
    assert bars(step("a", 0, 2), step("b", 40_000, 2)) == [("a", 0, 0.5), ("b", 0.5, 0.5)]


def test_steps_at_the_same_time_lie_above_each_other() -> None:
    assert bars(step("a", 0, 4), step("b", 1, 2), step("c", 3, 1)) == [("a", 0, 1), ("b", 0.25, 0.5), ("c", 0.75, 0.25)]


def test_no_steps_and_steps_without_a_length_are_no_trouble() -> None:
    assert bars() == []
    assert bars(step("a", 0, 0)) == [("a", 0, 0)]
