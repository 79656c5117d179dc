"""Outputs written again from what a run keeps: which formats, which files, and what stays as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from attrs import evolve

from pipekit import LLM, Pipeline, Rendering, Selection, Step, Text, Workflow, hookimpl, settings, step
from pipekit.errors import PlanError, PluginError, RunBusyError, RunNotFoundError, StateError, UsageError
from pipekit.interfaces import FormatName, OutputFile, Owner, RunView, StateStore
from pipekit.options import Resume
from pipekit.results import RunResult
from pipekit.stores.memory import MemoryStore


@settings
class WriteSettings:
    formats: tuple[FormatName, ...] = (FormatName("page"),)


@step
def count_words(text: str) -> int:
    return len(text.split())


@step
def write_all(count_words: int, own: WriteSettings, rendering: Rendering) -> int:
    return len(rendering.render(own.formats))


def _shout(text: str) -> str:
    return text.upper()


@step(after="write-all", offline=_shout)
async def ask_somebody(text: str, llm: LLM) -> str:
    return await llm.ask("ask-somebody", returns=str, text=text)


@step
def list_formats(text: str, own: WriteSettings) -> int:
    return len(own.formats)


class Page:
    """The number of words, under a title that a test may change between a run and the next look."""

    needs = ("count_words",)
    title = "words"

    def render(self, run: RunView) -> Iterable[OutputFile]:
        if not self.title:
            raise ValueError("no title")
        text = f"{self.title}: {run.artifact('count_words', int)} of {run.original.decode()}"
        yield OutputFile(path="pages/page.md", content=text.encode())


class Names:
    """What is there; it does without anything."""

    needs = ("count_words?",)

    def render(self, run: RunView) -> Iterable[OutputFile]:
        yield OutputFile(path="names.txt", content=" ".join(run.names).encode())


def a_plugin() -> ModuleType:
    def pipekit_output_formats() -> Mapping[str, Callable[..., Any]]:
        return {"page": Page, "names": Names}

    module = ModuleType("pages")
    module.pipekit_output_formats = hookimpl(pipekit_output_formats)  # type: ignore[attr-defined]
    return module


def pipeline(folder: Path, *steps: Step[..., Any, Any], store: StateStore | None = None, **config: Any) -> Pipeline:
    chosen = steps or (count_words, write_all)
    workflow = Workflow(name="words", input="text", input_type=str, steps=chosen)
    return Pipeline(config, workflow=workflow, plugins=[a_plugin()], store=store, folder=folder)


def finished(folder: Path, **config: Any) -> RunResult:
    return pipeline(folder, **config).run(Text("a bee sees"))


def texts(paths: Sequence[Path]) -> dict[str, str]:
    return {path.name: path.read_text() for path in paths}


# --- which formats -------------------------------------------------------------------------------------------------


def test_without_formats_those_of_the_rendering_steps_are_written_again_in_the_runs_folder(tmp_path: Path) -> None:
    result = finished(tmp_path)
    (page,) = result.outputs
    page.unlink()

    assert pipeline(tmp_path).format("last") == [page]
    assert page.read_text() == "words: 3 of a bee sees"


def test_the_formats_of_today_and_not_those_of_the_run_are_written(tmp_path: Path) -> None:
    finished(tmp_path)
    now = pipeline(tmp_path, steps={"write-all": {"formats": ["names", "page"]}})
    assert texts(now.format("last")) == {
        "names.txt": "text count_words write_all",
        "page.md": "words: 3 of a bee sees",
    }


def test_formats_asked_for_are_written_in_place_of_the_configured_ones(tmp_path: Path) -> None:
    result = finished(tmp_path)
    written = pipeline(tmp_path).format(result.run_id, ["names"])
    assert [path.name for path in written] == ["names.txt"]


def test_a_workflow_that_renders_nothing_says_how_to_name_formats(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path, count_words)
    pipe.run(Text("a bee"))
    with pytest.raises(UsageError, match="no step of this workflow renders outputs") as caught:
        pipe.format("last")
    assert (caught.value.code, caught.value.hint) == (2, "name formats: --formats json,summary")
    assert texts(pipe.format("last", ["page"])) == {"page.md": "words: 2 of a bee"}


def test_a_step_that_only_names_formats_and_renders_none_has_no_say(tmp_path: Path) -> None:
    pipe = pipeline(
        tmp_path, count_words, write_all, list_formats, steps={"list-formats": {"formats": ["names", "page"]}}
    )
    pipe.run(Text("a bee"))
    assert [path.name for path in pipe.format("last")] == ["page.md"]


def test_a_model_that_only_other_steps_need_may_be_missing(tmp_path: Path) -> None:
    steps = (count_words, write_all, ask_somebody)
    pipeline(tmp_path, *steps).run(Text("a bee"), select=Selection(until="write-all"))
    other = pipeline(tmp_path, *steps, llm={"model": "nobody/large"})
    with pytest.raises(PlanError) as caught:
        other.resume("last")
    assert any("nobody" in fault.message for fault in caught.value.faults)
    assert [path.name for path in other.format("last")] == ["page.md"]


def test_a_format_that_is_not_installed_is_named_with_one_that_is(tmp_path: Path) -> None:
    finished(tmp_path)
    with pytest.raises(PluginError, match="the output format 'pag'") as caught:
        pipeline(tmp_path).format("last", ["pag"])
    assert (caught.value.code, caught.value.hint) == (9, "did you mean page?")


def test_a_format_whose_needs_the_run_has_not_made_yet_is_refused_with_two_ways_on(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path)
    run_id = pipe.run(Text("a bee"), select=Selection(skip=("count-words", "write-all"))).run_id
    with pytest.raises(UsageError) as caught:
        pipe.format(run_id, ["names", "page"])
    error = caught.value
    assert error.message == "the output format page needs 'count_words', which this run hasn't made yet"
    assert (error.code, error.kind) == (2, "need")
    assert error.hint.splitlines() == [
        f"choose other formats: pipekit format {run_id} --formats NAME",
        f"or have it made first: pipekit resume {run_id}",
    ]
    assert pipe.runs.record(run_id).outputs == ()  # neither of the two was written
    assert texts(pipe.format(run_id, ["names"])) == {"names.txt": "text"}


# --- what is kept --------------------------------------------------------------------------------------------------


def test_new_files_take_the_place_of_old_ones_and_the_record_knows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = finished(tmp_path)
    monkeypatch.setattr(Page, "title", "count")
    pipe = pipeline(tmp_path)
    pipe.format("last", ["page", "names"])

    record = pipe.runs.record(result.run_id)
    assert result.folder is not None
    assert [ref.path for ref in record.outputs] == ["output/pages/page.md", "output/names.txt"]
    for ref in record.outputs:
        content = (result.folder / ref.path).read_bytes()
        assert (ref.sha256, ref.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (result.folder / "output" / "pages" / "page.md").read_text() == "count: 3 of a bee sees"


def test_files_of_other_formats_stay_in_the_run(tmp_path: Path) -> None:
    result = finished(tmp_path)
    pipe = pipeline(tmp_path)
    pipe.format("last", ["names"])
    assert result.outputs[0].read_text() == "words: 3 of a bee sees"
    assert len(pipe.runs.record("last").outputs) == 2


def test_nothing_but_outputs_and_the_time_of_change_differs_afterwards(tmp_path: Path) -> None:
    before = finished(tmp_path).record
    pipe = pipeline(tmp_path)
    pipe.format("last", ["names"])
    after = pipe.runs.record("last")
    assert after.updated_at > before.updated_at
    assert evolve(after, updated_at=before.updated_at, outputs=before.outputs) == before


def test_a_paused_run_stays_paused_and_can_go_on(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path)
    run_id = pipe.run(Text("a bee"), select=Selection(until="count-words")).run_id
    assert texts(pipe.format(run_id, ["page"])) == {"page.md": "words: 2 of a bee"}
    assert pipe.runs.record(run_id).status == "paused"
    assert pipe.resume(run_id).status == "completed"


# --- where copies go -----------------------------------------------------------------------------------------------


def test_with_an_output_folder_the_copies_there_are_what_is_told_and_only_the_new_ones(tmp_path: Path) -> None:
    where: dict[str, Any] = {"output": {"dir": "out"}}
    result = finished(tmp_path, **where)
    copied = tmp_path / "out" / result.run_id
    assert pipeline(tmp_path, **where).format("last", ["names"]) == [copied / "names.txt"]
    assert sorted(path.name for path in copied.rglob("*.*")) == ["names.txt", "page.md"]


def test_a_store_without_folders_gets_its_outputs_copied_into_the_folder_output(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path, store=MemoryStore())
    result = pipe.run(Text("a bee sees"))
    page = tmp_path / "output" / result.run_id / "pages" / "page.md"
    page.unlink()
    assert pipe.format("last") == [page]
    assert page.read_text() == "words: 3 of a bee sees"


# --- what goes wrong -----------------------------------------------------------------------------------------------


def test_a_run_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError) as caught:
        pipeline(tmp_path).format("last")
    assert caught.value.code == 12


def test_a_run_that_somebody_holds_is_left_alone(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path, store=(store := MemoryStore()))
    result = pipe.run(Text("a bee sees"))
    lease = store.acquire(result.run_id, Owner.this_process())
    with pytest.raises(RunBusyError) as caught:
        pipe.format("last", ["names"])
    assert caught.value.code == 8
    assert len(pipe.runs.record("last").outputs) == 1
    lease.release()
    assert len(pipe.format("last", ["names"])) == 1


def test_a_format_that_raises_changes_nothing_and_gives_the_run_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = finished(tmp_path)
    pipe = pipeline(tmp_path)
    monkeypatch.setattr(Page, "title", "")
    with pytest.raises(PluginError, match="the output format page of pages raised ValueError: no title"):
        pipe.format("last", ["names", "page"])
    assert pipe.runs.record("last") == before.record
    assert before.outputs[0].read_text() == "words: 3 of a bee sees"
    monkeypatch.setattr(Page, "title", "count")
    assert texts(pipe.format("last")) == {"page.md": "count: 3 of a bee sees"}


def test_outputs_are_not_made_from_a_step_that_was_changed_by_hand(tmp_path: Path) -> None:
    result = finished(tmp_path)
    assert result.folder is not None
    (changed,) = (result.folder / "steps").glob("*count-words.json")
    changed.write_text("99")
    with pytest.raises(StateError) as caught:
        pipeline(tmp_path).format("last")
    assert (caught.value.code, caught.value.step, caught.value.file) == (7, "count-words", str(changed))
    assert "--accept-edits" in caught.value.hint
    assert result.outputs[0].read_text() == "words: 3 of a bee sees"


# --- what somebody changed -----------------------------------------------------------------------------------------


def test_an_output_that_somebody_changed_is_not_written_over(tmp_path: Path) -> None:
    result = finished(tmp_path)
    (page,) = result.outputs
    page.write_text("my notes")
    with pytest.raises(StateError, match=r"output/pages/page\.md was changed or damaged") as caught:
        pipeline(tmp_path).format("last")
    assert (caught.value.code, page.read_text()) == (7, "my notes")
    assert f"pipekit resume {result.run_id} --from-step write-all" in caught.value.hint
    # What the hint offers makes it again, and keeps the changed file.
    again = pipeline(tmp_path).resume("last", Resume(from_step="write-all"))
    assert texts(again.outputs) == {"page.md": "words: 3 of a bee sees"}
    assert again.folder is not None
    assert [path.read_text() for path in (again.folder / "history").rglob("page.md")] == ["my notes"]


def test_a_changed_output_of_another_format_is_no_obstacle(tmp_path: Path) -> None:
    (page,) = finished(tmp_path).outputs
    page.write_text("my notes")
    assert [path.name for path in pipeline(tmp_path).format("last", ["names"])] == ["names.txt"]
    assert page.read_text() == "my notes"


def test_a_changed_copy_is_not_written_over_and_a_missing_one_is_written(tmp_path: Path) -> None:
    (copy,) = finished(tmp_path, output={"dir": "out"}).outputs
    copy.write_text("my notes")
    pipe = pipeline(tmp_path, output={"dir": "out"})
    with pytest.raises(StateError, match="was changed since it was copied there") as caught:
        pipe.format("last")
    assert (caught.value.code, caught.value.file, copy.read_text()) == (7, str(copy), "my notes")
    copy.rename(copy.with_name("mine.md"))
    assert pipe.format("last") == [copy]
    assert copy.read_text() == "words: 3 of a bee sees"


def test_a_finished_run_goes_to_a_new_folder_only_if_its_outputs_are_what_was_made(tmp_path: Path) -> None:
    (page,) = finished(tmp_path).outputs
    pipe = pipeline(tmp_path, output={"dir": "out"})
    page.write_text("my notes")
    with pytest.raises(StateError, match="was changed or damaged"):
        pipe.resume("last")
    assert not (tmp_path / "out").exists()
    page.unlink()
    with pytest.raises(StateError, match="missing: output/pages/page.md") as caught:
        pipe.resume("last")
    assert caught.value.hint == f"have it made again: pipekit format {caught.value.run_id}"
    (copy,) = pipe.format("last")
    assert copy.read_text() == "words: 3 of a bee sees"


def test_a_rerun_that_makes_it_anew_keeps_the_changed_copy_under_another_name_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy,) = finished(tmp_path, output={"dir": "out"}).outputs
    copy.write_text("my notes")
    monkeypatch.setattr(Page, "title", "count")
    again = pipeline(tmp_path, output={"dir": "out"}).resume("last", Resume(from_step="write-all"))
    assert again.outputs == (copy,)
    assert copy.read_text() == "count: 3 of a bee sees"
    assert copy.with_name("page.edited-1.md").read_text() == "my notes"
    assert again.warnings == (f"{copy} was changed since it was copied; it is kept as page.edited-1.md",)
    # A copy that nobody changed is replaced without a word.
    monkeypatch.setattr(Page, "title", "sum")
    once_more = pipeline(tmp_path, output={"dir": "out"}).resume("last", Resume(from_step="write-all"))
    assert (copy.read_text(), once_more.warnings) == ("sum: 3 of a bee sees", ())
    assert len(list(copy.parent.iterdir())) == 2
