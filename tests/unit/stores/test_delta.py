"""Differences between records: what is written is what changed, and applying it gives the newer record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pipekit.serde import unstructure
from pipekit.state.record import AskedQuestion, BlobRef, InputRef, RunRecord, StepRecord, step_file
from pipekit.stores.delta import apply, difference, files_of

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def step(key: int, attempt: int) -> StepRecord:
    return StepRecord(
        key=key, name=f"step-{key}", path=step_file(key), sha256=f"{key}{attempt}" * 32, size=attempt, started_at=NOW,
        duration=0.5, attempt=attempt,
    )  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> RunRecord:
    keys = draw(st.lists(st.integers(1, 5), unique=True))
    steps = {str(key): step(key, draw(st.integers(1, 3))) for key in keys}
    names = draw(st.lists(st.sampled_from("abcd"), unique=True))
    return RunRecord(
        run_id="run-1",
        input_file="a.txt",
        started_at=NOW,
        updated_at=NOW + timedelta(seconds=draw(st.integers(0, 9))),
        status=draw(st.sampled_from(["running", "failed", "completed"])),
        current_step=draw(st.none() | st.integers(1, 5)),
        completed_steps=tuple(keys),
        step_outputs=steps,
        error=draw(st.none() | st.text(max_size=5)),
        outputs=tuple(BlobRef(path=f"output/{name}", sha256=name * 64, size=1) for name in names),
        questions=tuple(AskedQuestion(key=name, step="s", text=name) for name in names[:1]),
        attempts={f"step-{key}": 2 for key in keys[:2]},
    )


@given(records(), records())
def test_a_difference_turns_the_older_record_into_the_newer(before: RunRecord, after: RunRecord) -> None:
    assert apply(unstructure(before), difference(before, after)) == unstructure(after)


@given(records())
def test_records_that_are_the_same_differ_in_nothing(record: RunRecord) -> None:
    assert difference(record, evolve(record)) == {}


def test_a_committed_step_costs_its_own_entry_and_not_those_before_it() -> None:
    record = RunRecord(
        run_id="run-1", input_file="a.txt", started_at=NOW, updated_at=NOW, status="running", current_step=1
    )
    for key in range(1, 50):
        record = record.with_step(step(key, 1), next_step=key + 1, now=NOW)
    after = record.with_step(step(50, 1), next_step=None, now=NOW)
    found = difference(record, after)
    assert set(found["steps"]) == {"50"}
    assert found["lists"] == {"completedSteps": [49, [50]]}
    assert set(found["set"]) == {"currentStep"}


@pytest.mark.parametrize(
    "change", [{"lists": {"outputs": 3}}, {"lists": {"nothing": [0, []]}}, {"removed": ["9"]}, {"set": 3}, {"steps": 3}]
)
def test_what_is_no_difference_is_refused(change: dict[str, Any]) -> None:
    record = unstructure(
        RunRecord(run_id="r", input_file="a", started_at=NOW, updated_at=NOW, status="running", current_step=1)
    )
    with pytest.raises((KeyError, TypeError, ValueError)):
        apply(record, change)


def test_the_files_of_a_record_are_its_steps_outputs_and_input() -> None:
    record = RunRecord(
        run_id="r", input_file="a", started_at=NOW, updated_at=NOW, status="running", current_step=None,
        step_outputs={"1": step(1, 1)}, outputs=(BlobRef(path="output/a.md", sha256="a" * 64, size=1),),
        input=InputRef(name="a", path="input/original.txt", sha256="b" * 64, size=1),
    )  # fmt: skip
    assert set(files_of(record)) == {"steps/step-1.json", "output/a.md", "input/original.txt"}
