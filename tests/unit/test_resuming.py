"""Going on with a run: what still holds is kept, what changed is said, and only that is made again."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from attrs import frozen

from pipekit import LLM, Each, Pipeline, Resume, Selection, Step, StepError, Text, Workflow, hookimpl, settings, step
from pipekit.errors import PipekitError, StateError
from pipekit.errors import StepError as FailedStepError
from pipekit.events import ItemReused, StepReused, StepStarted
from pipekit.testing import ScriptedProvider

CALLS: list[str] = []


def calls() -> list[str]:
    """What was called, step after step; the items of a step begin in no fixed order."""
    return [call for _, group in groupby(CALLS, key=lambda call: call.split()[0]) for call in sorted(group)]


@frozen
class Word:
    id: str
    text: str
    note: str = ""


@frozen
class Sibling:
    """What words look at of each other."""

    id: str
    text: str


@settings
class CountSettings:
    least: int = 0


@settings
class AddSettings:
    factor: int = 1


@step(provides="words")
def split_text(text: str) -> list[Word]:
    CALLS.append("split")
    return [Word(f"w{index}", word) for index, word in enumerate(text.split(), start=1)]


@step(provides="lengths", each="words")
def count_letters(word: Word, words: Sequence[Sibling], own: CountSettings) -> int:
    CALLS.append(f"count {word.text}")
    return max(own.least, len(word.text))


@step(provides="doubles", each="words")
def double(word: Word, lengths: int) -> int:
    CALLS.append(f"double {word.text}")
    return lengths * 2


@step
def add_up(lengths: Each[int], own: AddSettings) -> int:
    CALLS.append("add")
    return sum(lengths.values()) * own.factor


@step
def stop_here(add_up: int) -> int:
    CALLS.append("stop")
    if STOPS:
        raise StepError("not today")
    return add_up


STOPS: list[bool] = []


@pytest.fixture(autouse=True)
def forget() -> None:
    CALLS.clear()
    STOPS.clear()


def pipeline(folder: Path, *steps: Step[..., Any, Any], **config: Any) -> Pipeline:
    chosen = steps or (split_text, count_letters, double, add_up)
    workflow = Workflow(name="letters", input="text", input_type=str, steps=chosen)
    return Pipeline(config, workflow=workflow, plugins=[], folder=folder)


def edit(folder: Path, run_id: str, name: str, change: Mapping[int, Mapping[str, Any]]) -> None:
    path = folder / ".pipeline" / run_id / "steps" / f"step-{name}.json"
    content = json.loads(path.read_text())
    for position, fields in change.items():
        content[position].update(fields)
    path.write_text(json.dumps(content, indent=2))


def unfinished(folder: Path, text: str = "a bb ccc") -> str:
    """A run whose last step failed."""
    STOPS.append(True)
    with pytest.raises(FailedStepError) as caught:
        pipeline(folder, split_text, count_letters, double, add_up, stop_here).run(Text(text))
    STOPS.clear()
    CALLS.clear()
    return caught.value.run_id or ""


# --- what changed ----------------------------------------------------------------------------------------------------


def test_a_setting_that_changed_under_a_finished_step_stops_the_resume_before_any_call(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    changed = pipeline(
        tmp_path, split_text, count_letters, double, add_up, stop_here, steps={"count-letters": {"least": 2}}
    )
    with pytest.raises(StateError) as caught:
        changed.resume(run_id)
    assert caught.value.kind == "stale"
    assert str(caught.value) == "1 finished step no longer holds: count-letters: settings changed"
    assert "--stale rerun" in caught.value.hint
    assert "--stale keep" in caught.value.hint
    assert CALLS == []
    assert changed.runs.get(run_id).record.status == "failed"


def test_stale_rerun_makes_it_again_with_what_comes_out_differently_and_nothing_else(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    changed = pipeline(
        tmp_path, split_text, count_letters, double, add_up, stop_here, steps={"count-letters": {"least": 2}}
    )
    result = changed.resume(run_id, Resume(stale="rerun"))
    assert calls() == ["count a", "count bb", "count ccc", "double a", "add", "stop"]
    assert dict(result.of(double)) == {"w1": 4, "w2": 4, "w3": 6}
    assert [(past.step.name, past.reason) for past in result.record.history] == [
        ("count-letters", "settings changed"),
        ("double", "w1: lengths changed"),
        ("add-up", "input lengths changed"),
    ]


def test_a_step_made_again_with_the_same_outcome_leaves_the_rest_as_it_is(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    changed = pipeline(
        tmp_path, split_text, count_letters, double, add_up, stop_here, steps={"count-letters": {"least": 1}}
    )
    stream = changed.resume_stream(run_id, Resume(stale="rerun"))
    reused = [event.step for event in stream if isinstance(event, StepReused)]
    assert calls() == ["count a", "count bb", "count ccc", "stop"]
    assert reused == ["split-text", "double", "add-up"]


def test_stale_keep_goes_on_marks_the_step_and_asks_no_more(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    steps = (split_text, count_letters, double, add_up, stop_here)
    changed = pipeline(tmp_path, *steps, steps={"add-up": {"factor": 2}})
    STOPS.append(True)
    with pytest.raises(FailedStepError):
        changed.resume(run_id, Resume(stale="keep"))
    record = changed.runs.get(run_id).record
    assert record.step_outputs["add-up"].stale == ("settings changed",)
    STOPS.clear()
    assert changed.resume(run_id).of(stop_here) == 6
    assert "add" not in CALLS


def test_a_change_that_touches_only_unfinished_steps_is_no_drift(tmp_path: Path) -> None:
    paused = pipeline(tmp_path).run(Text("a bb"), select=Selection(until="double"))
    result = pipeline(tmp_path, steps={"add-up": {"factor": 10}}).resume(paused.run_id)
    assert result.of(add_up) == 30


def test_a_completed_run_says_what_changed_and_is_left_alone(tmp_path: Path) -> None:
    run_id = pipeline(tmp_path).run(Text("a bb")).run_id
    CALLS.clear()
    changed = pipeline(tmp_path, steps={"add-up": {"factor": 10}})
    result = changed.resume(run_id)
    assert CALLS == []
    assert result.warnings == ("add-up: settings changed; --stale rerun makes it again",)
    assert changed.resume(run_id, Resume(stale="rerun")).of(add_up) == 30
    assert CALLS == ["add"]


def test_the_version_of_a_step_is_part_of_what_it_stands_for(tmp_path: Path) -> None:
    first: Step[..., Any, Any] = Step(add_up.fn, name="add-up")
    second: Step[..., Any, Any] = Step(add_up.fn, name="add-up", version="2")
    run_id = pipeline(tmp_path, split_text, count_letters, first).run(Text("a bb")).run_id
    result = pipeline(tmp_path, split_text, count_letters, second).resume(run_id)
    assert result.warnings == ("add-up: version changed: own 1 → own 2; --stale rerun makes it again",)


def test_a_changed_function_of_an_own_step_is_noticed(tmp_path: Path) -> None:
    @step(name="add-up")
    def other(lengths: Each[int], own: AddSettings) -> int:
        return 1 + sum(lengths.values())

    run_id = pipeline(tmp_path).run(Text("a bb")).run_id
    result = pipeline(tmp_path, split_text, count_letters, double, other).resume(run_id)
    assert result.warnings == ("add-up: code changed; --stale rerun makes it again",)


OWN_FILE = """
from pipekit import step

FACTOR = 1


def edit() -> None:
    pass


def weigh(text: str) -> int:
    return len(text) * FACTOR


@step
def measure(text: str) -> int:
    edit()
    return weigh(text)


@step
def double(measure: int) -> int:
    return measure * 2
"""


def loaded_from(file: Path) -> ModuleType:
    """The module of a file as it is now, loaded as another process would."""
    spec = importlib.util.spec_from_file_location("own_steps", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("before", "after", "stale"),
    [
        ("return weigh(text)", "return weigh(text) + 1", ["measure: code changed"]),
        ("len(text) * FACTOR", "len(text) + FACTOR", ["measure: code changed"]),
        ("FACTOR = 1", "FACTOR = 7", ["measure: code changed"]),
        ("return measure * 2", "return measure * 3", ["double: code changed"]),
        ("FACTOR = 1", "FACTOR = 1\n\nOTHER = 2", []),
    ],
)
def test_a_file_of_steps_that_is_edited_while_the_run_is_under_way_makes_no_step_look_current_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, stale: Sequence[str]
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # it would be taken for an edit of the same second
    file = tmp_path / "own_steps.py"
    file.write_text(OWN_FILE)
    assert OWN_FILE.count(before) == 1
    module = loaded_from(file)
    module.edit = lambda: file.write_text(OWN_FILE.replace(before, after))  # type: ignore[attr-defined]
    run_id = pipeline(tmp_path, module.measure, module.double).run(Text("a bb")).run_id
    assert file.read_text() != OWN_FILE

    module = loaded_from(file)
    result = pipeline(tmp_path, module.measure, module.double).resume(run_id)
    assert list(result.warnings) == [f"{said}; --stale rerun makes it again" for said in stale]


def test_a_rerun_that_is_cut_short_goes_on_without_a_question(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    steps = (split_text, count_letters, double, add_up, stop_here)
    changed = pipeline(tmp_path, *steps, steps={"count-letters": {"least": 2}})
    stream = changed.resume_stream(run_id, Resume(stale="rerun"))
    for event in stream:
        if isinstance(event, StepStarted) and event.step == "double":
            break
    stream.close()
    CALLS.clear()

    result = changed.resume(run_id)
    assert result.status == "completed"
    assert dict(result.of(double)) == {"w1": 4, "w2": 4, "w3": 6}
    assert "count a" not in CALLS
    assert "double bb" not in CALLS


def test_a_flag_that_is_given_now_goes_before_the_one_the_run_was_started_with(tmp_path: Path) -> None:
    workflow = Workflow(name="letters", input="text", input_type=str, steps=[split_text, count_letters, double, add_up])

    def flagged(**flags: str) -> Pipeline:
        settings = {f"steps.add-up.{name}": text for name, text in flags.items()}
        return Pipeline({}, workflow=workflow, plugins=[], folder=tmp_path, settings=settings)

    run_id = flagged(factor="2").run(Text("a bb ccc")).run_id
    assert flagged().resume(run_id, Resume(from_step="add-up")).of(add_up) == 12
    assert flagged(factor="3").resume(run_id, Resume(from_step="add-up")).of(add_up) == 18
    assert flagged().resume(run_id, Resume(from_step="add-up")).of(add_up) == 18


# --- edited by hand --------------------------------------------------------------------------------------------------


def test_an_edited_file_is_refused_with_both_ways_to_go_on(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    edit(tmp_path, run_id, "split-text", {1: {"note": "mine"}})
    with pytest.raises(StateError, match="was changed or damaged") as caught:
        pipeline(tmp_path, split_text, count_letters, double, add_up, stop_here).resume(run_id)
    assert f"pipekit resume {run_id} --accept-edits" in caught.value.hint
    assert f"pipekit resume {run_id} --from-step split-text" in caught.value.hint
    assert CALLS == []


def test_when_one_item_is_corrected_only_it_and_what_reads_it_run_again(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    edit(tmp_path, run_id, "split-text", {1: {"note": "a detail that siblings don't look at"}})
    pipe = pipeline(tmp_path, split_text, count_letters, double, add_up, stop_here)
    stream = pipe.resume_stream(run_id, Resume(accept_edits=True))
    reused = {event.item for event in stream if isinstance(event, ItemReused) and event.step == "count-letters"}

    assert calls() == ["count bb", "double bb", "stop"]
    assert reused == {"w1", "w3"}
    record = stream.result.record
    assert record.step_outputs["split-text"].made_by == "human"
    assert stream.result.artifact("words", list[Word])[1].note == "a detail that siblings don't look at"
    assert [past.reason for past in record.history] == ["w2: words changed", "w2: words changed"]


def test_what_siblings_look_at_makes_all_of_them_again(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    edit(tmp_path, run_id, "split-text", {1: {"text": "bbbbb"}})
    pipe = pipeline(tmp_path, split_text, count_letters, double, add_up, stop_here)
    result = pipe.resume(run_id, Resume(accept_edits=True))
    assert calls() == ["count a", "count bbbbb", "count ccc", "double bbbbb", "add", "stop"]
    assert result.of(stop_here) == 9


def test_an_item_may_be_added_or_taken_away_by_hand(tmp_path: Path) -> None:
    run_id = pipeline(tmp_path).run(Text("a bb ccc")).run_id
    CALLS.clear()
    path = tmp_path / ".pipeline" / run_id / "steps/step-split-text.json"
    words = json.loads(path.read_text())
    path.write_text(json.dumps([words[2], words[0], {"id": "w9", "text": "dddd", "note": ""}]))
    result = pipeline(tmp_path).resume(run_id, Resume(accept_edits=True))
    assert dict(result.of(double)) == {"w3": 6, "w1": 2, "w9": 8}
    assert result.of(add_up) == 8


def test_edited_results_of_items_are_taken_too(tmp_path: Path) -> None:
    run_id = pipeline(tmp_path).run(Text("a bb ccc")).run_id
    CALLS.clear()
    path = tmp_path / ".pipeline" / run_id / "steps/step-count-letters.json"
    path.write_text(path.read_text().replace('"value":3', '"value":30'))
    result = pipeline(tmp_path).resume(run_id, Resume(accept_edits=True))
    assert calls() == ["double ccc", "add"]
    assert result.of(add_up) == 33


def test_an_edit_that_does_not_fit_its_type_is_refused_with_its_field(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    edit(tmp_path, run_id, "split-text", {1: {"text": 5}})
    with pytest.raises(StateError, match="doesn't fit what split-text makes: .*expected text") as caught:
        pipeline(tmp_path, split_text, count_letters, double, add_up, stop_here).resume(
            run_id, Resume(accept_edits=True)
        )
    assert caught.value.kind == "edit"
    assert CALLS == []


def test_an_edit_does_not_hide_another_change(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    edit(tmp_path, run_id, "split-text", {1: {"note": "mine"}})
    pipe = pipeline(tmp_path, split_text, count_letters, double, add_up, stop_here, steps={"add-up": {"factor": 3}})
    with pytest.raises(StateError, match="add-up: settings changed"):
        pipe.resume(run_id, Resume(accept_edits=True))


def test_an_edit_of_a_completed_run_does_not_hide_another_change_either(tmp_path: Path) -> None:
    run_id = pipeline(tmp_path).run(Text("a bb ccc")).run_id
    edit(tmp_path, run_id, "split-text", {1: {"note": "mine"}})
    CALLS.clear()
    pipe = pipeline(tmp_path, steps={"add-up": {"factor": 3}})
    with pytest.raises(StateError, match="add-up: settings changed"):
        pipe.resume(run_id, Resume(accept_edits=True))
    assert CALLS == []


# --- from a step -----------------------------------------------------------------------------------------------------


def test_from_step_moves_what_it_replaces_to_the_history_and_takes_no_item_over(tmp_path: Path) -> None:
    run_id = pipeline(tmp_path).run(Text("a bb")).run_id
    CALLS.clear()
    result = pipeline(tmp_path).resume(run_id, Resume(from_step="count-letters"))
    assert calls() == ["count a", "count bb", "double a", "double bb", "add"]
    folder = tmp_path / ".pipeline" / run_id
    for past in result.record.history:
        assert past.reason == "--from-step count-letters"
        assert (folder / past.step.path).exists()
    assert {step.name: step.attempt for step in result.record.step_outputs.values()} == {
        "split-text": 1,
        "count-letters": 2,
        "double": 2,
        "add-up": 2,
    }


def test_from_step_helps_over_a_damaged_file(tmp_path: Path) -> None:
    run_id = pipeline(tmp_path).run(Text("a bb")).run_id
    path = tmp_path / ".pipeline" / run_id / "steps/step-count-letters.json"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(StateError, match="step-count-letters.json was changed or damaged"):
        pipeline(tmp_path).resume(run_id)
    assert pipeline(tmp_path).resume(run_id, Resume(from_step="count-letters")).of(add_up) == 3


def test_from_step_drops_what_an_unfinished_step_had_kept(tmp_path: Path) -> None:
    fails = [True]

    @step(provides="lengths", each="words")
    def count_letters(word: Word) -> int:
        CALLS.append(f"count {word.text}")
        if fails and word.text == "bb":
            raise StepError("no")
        return len(word.text)

    pipe = pipeline(tmp_path, split_text, count_letters)
    with pytest.raises(FailedStepError) as caught:
        pipe.run(Text("a bb"))
    fails.clear()
    CALLS.clear()
    pipe.resume(caught.value.run_id or "", Resume(from_step="split-text"))
    assert calls() == ["split", "count a", "count bb"]


def test_until_a_step_that_is_done_already_runs_nothing(tmp_path: Path) -> None:
    paused = pipeline(tmp_path).run(Text("a bb"), select=Selection(until="double"))
    CALLS.clear()
    again = pipeline(tmp_path).resume(paused.run_id, Resume(select=Selection(until="count-letters")))
    assert again.status == "paused"
    assert CALLS == []


# --- forks -----------------------------------------------------------------------------------------------------------


def test_a_fork_begins_with_what_is_finished_and_leaves_its_parent_alone(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path)
    parent = pipe.run(Text("a bb ccc")).run_id
    folder = tmp_path / ".pipeline"
    before = {path: path.read_bytes() for path in sorted((folder / parent).rglob("*")) if path.is_file()}
    CALLS.clear()

    forked = pipeline(tmp_path, steps={"add-up": {"factor": 2}}).fork(parent, Resume(from_step="add-up"))

    assert CALLS == ["add"]
    assert forked.run_id != parent
    assert forked.record.parent_run_id == parent
    assert forked.of(add_up) == 12
    assert {path: path.read_bytes() for path in sorted((folder / parent).rglob("*")) if path.is_file()} == before
    assert pipe.runs.get(parent).artifact("add_up", int) == 6


def test_a_fork_takes_along_what_is_finished_inside_the_open_step(tmp_path: Path) -> None:
    fails = [True]

    @step(provides="lengths", each="words")
    def count_letters(word: Word) -> int:
        CALLS.append(f"count {word.text}")
        if fails and word.text == "bb":
            raise StepError("no")
        return len(word.text)

    pipe = pipeline(tmp_path, split_text, count_letters)
    with pytest.raises(FailedStepError) as caught:
        pipe.run(Text("a bb ccc"))
    fails.clear()
    CALLS.clear()
    forked = pipe.fork(caught.value.run_id or "")
    assert CALLS == ["count bb"]
    assert dict(forked.of(count_letters)) == {"w1": 1, "w2": 2, "w3": 3}
    CALLS.clear()
    assert dict(pipe.resume(caught.value.run_id or "").of(count_letters)) == {"w1": 1, "w2": 2, "w3": 3}
    assert CALLS == ["count bb"]


def test_a_fork_with_stale_steps_stops_before_anything_is_made(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    changed = pipeline(tmp_path, split_text, count_letters, double, add_up, stop_here, steps={"add-up": {"factor": 3}})
    with pytest.raises(StateError, match="add-up: settings changed"):
        changed.fork(run_id)
    assert len(list((tmp_path / ".pipeline").glob("*"))) == 1
    assert changed.fork(run_id, Resume(stale="rerun")).of(stop_here) == 18
    assert calls() == ["add", "stop"]


def test_a_fork_of_an_edited_run_takes_the_edit_and_leaves_the_parent_to_decide(tmp_path: Path) -> None:
    run_id = pipeline(tmp_path).run(Text("a bb ccc")).run_id
    edit(tmp_path, run_id, "split-text", {1: {"note": "mine"}})
    CALLS.clear()
    forked = pipeline(tmp_path).fork(run_id, Resume(accept_edits=True))
    assert calls() == ["count bb", "double bb"]
    assert forked.artifact("words", list[Word])[1].note == "mine"
    with pytest.raises(StateError):
        pipeline(tmp_path).runs.get(run_id)


def test_a_fork_begins_without_the_attempts_that_its_parent_replaced(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path)
    parent = pipe.run(Text("a bb")).run_id
    assert pipe.resume(parent, Resume(from_step="count-letters")).record.history
    forked = pipe.fork(parent, Resume(from_step="add-up"))
    assert [past.step.name for past in forked.record.history] == []
    assert not list((tmp_path / ".pipeline" / forked.run_id).glob("history/*"))


def test_a_fork_from_a_step_beyond_the_plan_is_a_usage_error(tmp_path: Path) -> None:
    run_id = pipeline(tmp_path).run(Text("a")).run_id
    with pytest.raises(PipekitError, match="no step"):
        pipeline(tmp_path).fork(run_id, Resume(from_step="12"))


# --- the order of things ---------------------------------------------------------------------------------------------


def test_every_step_that_runs_is_told(tmp_path: Path) -> None:
    run_id = unfinished(tmp_path)
    stream = pipeline(tmp_path, split_text, count_letters, double, add_up, stop_here).resume_stream(run_id)
    assert [event.step for event in stream if isinstance(event, StepStarted)] == ["stop-here"]


# --- how a model was asked -------------------------------------------------------------------------------------------


@step
async def judge(text: str, llm: LLM) -> str:
    return await llm.ask("judge", returns=str, text=text)


class Models:
    pipekit_api = 1

    @hookimpl
    def pipekit_llm_providers(self) -> Any:
        return {"acme": lambda: ScriptedProvider("fine")}


def asking(folder: Path, **llm: Any) -> Pipeline:
    (folder / "prompts").mkdir(exist_ok=True)
    (folder / "prompts" / "judge.md").write_text("Judge {{ text }}\n")
    workflow = Workflow(name="asking", input="text", input_type=str, steps=[judge, stop_here_too])
    return Pipeline(
        {"llm": {"model": "acme/m", **llm}}, workflow=workflow, plugins=[Models()], folder=folder, environ={}
    )


@step
def stop_here_too(judge: str) -> str:
    return judge


def test_what_makes_a_model_answer_otherwise_is_part_of_what_its_step_stands_for(tmp_path: Path) -> None:
    run_id = asking(tmp_path, temperature=0.2).run(Text("x")).run_id
    assert asking(tmp_path, temperature=0.2, timeout=7).resume(run_id).warnings == ()
    assert asking(tmp_path, temperature=0.7, maxTokens=900).resume(run_id).warnings == (
        "judge: maxTokens changed: none → 900; temperature changed: 0.2 → 0.7; --stale rerun makes it again",
    )
