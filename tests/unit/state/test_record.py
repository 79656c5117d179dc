"""The record: what is finished, what was taken back, and how often."""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve

from pipekit.state.record import HISTORY_KEPT, BlobRef, RunRecord, StepRecord, Usage, step_file

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def done(name: str, key: int, **more: object) -> StepRecord:
    return StepRecord(
        key=key, name=name, path=step_file(key), sha256="0" * 64, size=1, started_at=NOW, duration=1.0,
        usage=Usage(calls=1, input_tokens=10, output_tokens=5, cost=0.5), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def record() -> RunRecord:
    made = RunRecord(
        run_id="run-1", input_file="a.txt", started_at=NOW, updated_at=NOW, status="running", current_step=1
    )
    for key, name in enumerate(("split", "weigh", "report"), start=1):
        made = made.with_step(done(name, key), next_step=key + 1 if key < 3 else None, now=NOW)
    return made


def test_finished_steps_stand_in_the_order_in_which_they_finished() -> None:
    made = record()
    assert made.completed_steps == (1, 2, 3)
    again = made.with_step(done("split", 1), next_step=None, now=NOW)
    assert again.completed_steps == (2, 3, 1)


def test_usage_is_the_sum_over_finished_steps_and_unknown_cost_stays_unknown() -> None:
    assert record().usage == Usage(calls=3, input_tokens=30, output_tokens=15, cost=1.5)
    assert (Usage(cost=1.0) + Usage(cost=None)).cost is None
    assert record().usage.total_tokens == 45


def test_what_is_taken_back_goes_to_the_history_with_its_reason_and_begins_anew() -> None:
    back = record().taken_back({"weigh": "settings changed", "report": "reads weigh"}, now=NOW, reusable=["weigh"])
    assert back.completed_steps == (1,)
    assert set(back.step_outputs) == {"1"}
    assert [(past.number, past.step.path, past.reason, past.is_reusable) for past in back.history] == [
        (1, "history/1/steps/step-2.json", "settings changed", True),
        (1, "history/1/steps/step-3.json", "reads weigh", False),
    ]
    assert (back.attempt_of("split"), back.attempt_of("weigh"), back.attempt_of("report")) == (1, 2, 2)


def test_taking_back_what_is_not_finished_changes_nothing() -> None:
    made = record()
    assert made.taken_back({"publish": "why not"}, now=NOW) is made


def test_files_for_people_go_with_the_step_that_made_them() -> None:
    made = record()
    outputs = (
        BlobRef(path="output/a.md", sha256="0" * 64, size=1),
        BlobRef(path="output/b.md", sha256="0" * 64, size=1),
    )
    made = made.with_step(done("report", 3, outputs=("output/b.md",)), next_step=None, now=NOW)
    back = evolve(made, outputs=outputs).taken_back({"report": "again"}, now=NOW)
    assert [ref.path for ref in back.outputs] == ["output/a.md"]


def test_the_history_keeps_the_newest_attempts_only() -> None:
    made = record()
    for _ in range(HISTORY_KEPT + 3):
        made = made.taken_back({"weigh": "again"}, now=NOW).with_step(done("weigh", 2), next_step=None, now=NOW)
    assert [past.number for past in made.history] == list(range(4, 4 + HISTORY_KEPT))
    assert made.replaced == HISTORY_KEPT + 3
    assert made.attempt_of("weigh") == HISTORY_KEPT + 4
