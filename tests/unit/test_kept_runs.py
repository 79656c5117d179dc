"""`Pipeline.once`: what is there already and still holds is given back, and nothing is paid for twice."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from pipekit import Pipeline, StepError, Text, Workflow, settings, step
from pipekit.errors import StateError, UsageError
from pipekit.errors import StepError as FailedStepError

CALLS: list[str] = []
STOPS: list[bool] = []


@settings
class JoinSettings:
    sign: str = "-"


@step
def words(text: str) -> list[str]:
    CALLS.append("words")
    return text.split()


@step
def joined(words: list[str], own: JoinSettings) -> str:
    CALLS.append("joined")
    if STOPS:
        raise StepError("not today")
    return own.sign.join(words)


@pytest.fixture(autouse=True)
def forget() -> None:
    CALLS.clear()
    STOPS.clear()


def pipeline(folder: Path, *, flags: dict[str, str] | None = None, **config: Any) -> Pipeline:
    workflow = Workflow(name="joining", input="text", input_type=str, steps=[words, joined])
    return Pipeline(config, workflow=workflow, plugins=[], folder=folder, environ={}, settings=flags)


def test_a_completed_run_is_given_back_without_a_call(tmp_path: Path) -> None:
    first = pipeline(tmp_path).once(Text("a b"))
    CALLS.clear()
    again = pipeline(tmp_path).once(Text("a b"))
    assert again.run_id == first.run_id
    assert again.of(joined) == "a-b"
    assert CALLS == []


@pytest.mark.parametrize("other", [Text("a c"), Text("a b", name="another")])
def test_another_input_and_the_same_under_another_name_get_a_run_of_their_own(tmp_path: Path, other: Text) -> None:
    first = pipeline(tmp_path).once(Text("a b"))
    assert pipeline(tmp_path).once(other).run_id != first.run_id


def test_other_flags_get_a_run_of_their_own_and_both_are_kept(tmp_path: Path) -> None:
    plus = {"steps.joined.sign": "+"}
    first, second = pipeline(tmp_path).once(Text("a b")), pipeline(tmp_path, flags=plus).once(Text("a b"))
    assert second.of(joined) == "a+b"
    CALLS.clear()
    assert pipeline(tmp_path).once(Text("a b")).run_id == first.run_id
    assert pipeline(tmp_path, flags=plus).once(Text("a b")).run_id == second.run_id
    assert CALLS == []


def test_a_run_with_flags_is_none_without_them(tmp_path: Path) -> None:
    pipeline(tmp_path, flags={"steps.joined.sign": "+"}).once(Text("a b"))
    assert pipeline(tmp_path).once(Text("a b")).of(joined) == "a-b"


def test_an_unfinished_run_is_gone_on_with(tmp_path: Path) -> None:
    STOPS.append(True)
    with pytest.raises(FailedStepError) as caught:
        pipeline(tmp_path).once(Text("a b"))
    STOPS.clear()
    result = pipeline(tmp_path).once(Text("a b"))
    assert result.run_id == caught.value.run_id
    assert CALLS == ["words", "joined", "joined"]


def test_what_no_longer_holds_is_made_in_a_new_run_that_begins_with_what_does(tmp_path: Path) -> None:
    first = pipeline(tmp_path).once(Text("a b"))
    changed = pipeline(tmp_path, steps={"joined": {"sign": "+"}})
    second = changed.once(Text("a b"))
    assert CALLS == ["words", "joined", "joined"]
    assert second.of(joined) == "a+b"
    assert second.record.parent_run_id == first.run_id
    assert pipeline(tmp_path).runs.get(first.run_id).artifact("joined", str) == "a-b"


def test_a_change_that_is_taken_back_finds_the_run_of_before(tmp_path: Path) -> None:
    first = pipeline(tmp_path).once(Text("a b"))
    pipeline(tmp_path, steps={"joined": {"sign": "+"}}).once(Text("a b"))
    CALLS.clear()
    assert pipeline(tmp_path).once(Text("a b")).run_id == first.run_id
    assert CALLS == []


def test_a_completed_run_goes_before_an_unfinished_one(tmp_path: Path) -> None:
    first = pipeline(tmp_path).once(Text("a b"))
    STOPS.append(True)
    with pytest.raises(FailedStepError):
        pipeline(tmp_path).run(Text("a b"))
    assert pipeline(tmp_path).once(Text("a b")).run_id == first.run_id


def test_a_damaged_run_stands_in_nobodys_way(tmp_path: Path) -> None:
    first = pipeline(tmp_path).once(Text("a b"))
    (tmp_path / ".pipeline" / first.run_id / "steps" / "step-joined.json").write_text('"c"')
    (tmp_path / ".pipeline" / first.run_id / "state.json").write_text("{")
    (tmp_path / ".pipeline" / first.run_id / "journal.jsonl").write_text("?")
    result = pipeline(tmp_path).once(Text("a b"))
    assert result.run_id != first.run_id
    assert result.of(joined) == "a-b"


def test_a_run_with_an_edited_file_is_told_and_neither_taken_nor_paid_for_again(tmp_path: Path) -> None:
    first = pipeline(tmp_path).once(Text("a b"))
    (tmp_path / ".pipeline" / first.run_id / "steps" / "step-joined.json").write_text('"c"')
    CALLS.clear()
    with pytest.raises(StateError) as caught:
        pipeline(tmp_path).once(Text("a b"))
    assert first.run_id in caught.value.hint
    assert CALLS == []
    assert len(list(pipeline(tmp_path).runs.find())) == 1


def test_a_stream_can_be_read_once_only_and_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can be read again"):
        pipeline(tmp_path).once(io.BytesIO(b"a b"))
