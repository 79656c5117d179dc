"""What comes of a run: typed artifacts, files, and the pipeline as a Runnable."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from attrs import frozen

from pipekit import Each, Pipeline, Selection, Text, Workflow, step
from pipekit.errors import UsageError


@frozen
class Word:
    id: str
    text: str


@step(provides="words")
def split(text: str) -> list[Word]:
    return [Word(f"w{number}", word) for number, word in enumerate(text.split(), start=1)]


@step(provides="lengths", each="words")
def measure(word: Word) -> int:
    return len(word.text)


@frozen
class Extremes:
    shortest: int
    longest: int


@step(provides=("shortest", "longest"))
def compare(lengths: Each[int]) -> Extremes:
    return Extremes(min(lengths.values()), max(lengths.values()))


WORDS = Workflow(name="words", input="text", input_type=str, steps=[split, measure, compare])


def pipeline(folder: Path) -> Pipeline:
    return Pipeline({}, workflow=WORDS, plugins=[], folder=folder)


def test_the_artifact_of_a_step_has_the_type_its_function_gives(tmp_path: Path) -> None:
    result = pipeline(tmp_path).run(Text("one three"))
    assert result.of(split) == [Word("w1", "one"), Word("w2", "three")]
    assert dict(result.of(measure).items()) == {"w1": 3, "w2": 5}
    assert result.of(compare) == Extremes(3, 5)


def test_an_artifact_of_a_step_one_can_not_import_is_found_by_its_name(tmp_path: Path) -> None:
    result = pipeline(tmp_path).run(Text("one three"))
    assert result.artifact("longest", int) == 5
    assert result.artifact("words", list[Word])[1].text == "three"
    with pytest.raises(UsageError, match="no step has made 'longst'") as caught:
        result.artifact("longst", int)
    assert (caught.value.hint, caught.value.run_id) == ("did you mean longest?", result.run_id)


def test_a_step_that_has_made_nothing_is_an_error_and_the_pause_says_where_it_goes_on(tmp_path: Path) -> None:
    result = pipeline(tmp_path).run(Text("one three"), select=Selection(until="split"))
    assert result.status == "paused"
    assert result.pause is not None
    assert (result.pause.reason, result.pause.next_step) == ("until", "measure")
    with pytest.raises(UsageError, match="the step compare has made nothing"):
        result.of(compare)
    with pytest.raises(UsageError, match="no step has made 'lengths'") as caught:
        result.of(measure)
    assert caught.value.hint == "there are: text, words"


def test_the_result_names_the_runs_folder_and_its_record(tmp_path: Path) -> None:
    result = pipeline(tmp_path).run(Text("one"))
    assert result.folder == tmp_path / ".pipeline" / result.run_id
    assert result.record.completed_steps == ("split", "measure", "compare")
    assert result.usage.calls == 0


def test_a_pipeline_is_a_runnable_that_takes_text(tmp_path: Path) -> None:
    runnable = pipeline(tmp_path).as_runnable(of=compare)
    assert runnable.invoke("one three") == Extremes(3, 5)
    assert asyncio.run(runnable.ainvoke("one three five")) == Extremes(3, 5)
    assert runnable.batch(["a bb", "ccc"]) == [Extremes(1, 2), Extremes(3, 3)]


def test_a_runnable_may_take_paths_and_composes_with_others(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("one three")
    runnable = pipeline(tmp_path).as_runnable(accepts="path")
    chain = runnable | (lambda result: result.status)
    assert chain.invoke(tmp_path / "words.txt") == "completed"
    assert chain.invoke(str(tmp_path / "words.txt")) == "completed"


def test_a_runnable_takes_text_or_paths_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be text or path"):
        pipeline(tmp_path).as_runnable(accepts="url")  # type: ignore[arg-type]
