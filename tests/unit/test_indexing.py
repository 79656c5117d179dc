from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipekit import Pipeline
from pipekit.errors import PlanError, UsageError
from pipekit.retrieval.indexed import DEFAULT_PATH, IndexRetriever, IndexSettings
from pipekit.retrieval.stored_index import Changes

MEETING = Path(__file__).parents[1] / "data" / "meetings" / "museum-refinement.txt"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {"notes/a.md": "# Walrus", "notes/sub/b.md": "# Otter", "docs/c.md": "# Seal"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def _pipeline(project: Path) -> Pipeline:
    return Pipeline({}, plugins=[], folder=project)


def _index(project: Path, *paths: str, runs: bool = False, anew: bool = False) -> Changes:
    return _pipeline(project).index([project / path for path in paths], runs=runs, anew=anew)[1]


def _found(project: Path, query: str) -> list[str]:
    return sorted(hit.source for hit in IndexRetriever(IndexSettings(), project).search(query, limit=20))


def test_addresses_are_relative_to_the_configuration_wherever_the_file_was_named(project: Path) -> None:
    assert _index(project, "notes").added == ["notes/a.md", "notes/sub/b.md"]
    assert _index(project, "notes/sub", "notes/a.md").unchanged == 2
    assert _index(project, ".").added == ["docs/c.md"]
    assert _found(project, "walrus otter seal") == ["docs/c.md", "notes/a.md", "notes/sub/b.md"]


def test_a_file_that_is_below_two_of_the_paths_is_indexed_once(project: Path) -> None:
    assert _index(project, ".", "notes", "notes/a.md").added == ["docs/c.md", "notes/a.md", "notes/sub/b.md"]


def test_without_a_path_all_that_was_indexed_is_looked_at(project: Path) -> None:
    _index(project, "notes")
    _index(project, "docs")
    (project / "notes" / "a.md").unlink()
    (project / "docs" / "d.md").write_text("# New")
    changes = _index(project)
    assert (changes.added, changes.removed, changes.unchanged) == (["docs/d.md"], ["notes/a.md"], 2)


def test_a_folder_that_is_gone_is_left_in_until_it_is_named(project: Path) -> None:
    _index(project, "notes", "docs")
    (project / "docs" / "c.md").unlink()
    (project / "docs").rmdir()
    changes = _index(project)
    assert changes.removed == []
    assert changes.left_out == [("docs", "isn't there any more; name it to take out what was found there")]
    assert _index(project, "docs").removed == ["docs/c.md"]


def test_a_file_that_is_gone_can_be_named_to_take_it_out(project: Path) -> None:
    _index(project, "notes")
    (project / "notes" / "a.md").unlink()
    assert _index(project, "notes/a.md").removed == ["notes/a.md"]


def test_anew_without_a_path_is_made_of_all_it_was_made_of(project: Path) -> None:
    _index(project, "notes")
    _index(project, "docs")
    assert len(_index(project, anew=True).added) == 3


def test_what_was_never_there_is_a_mistake(project: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        _index(project, "nowhere")
    with pytest.raises(UsageError, match="nothing was indexed yet"):
        _index(project)
    assert not (project / DEFAULT_PATH).exists()


def test_the_place_of_the_index_is_a_setting(project: Path) -> None:
    pipeline = Pipeline({"retrievers": {"index": {"path": "kept/past.db"}}}, plugins=[], folder=project)
    assert pipeline.index([project / "notes"])[0] == project / "kept" / "past.db"
    wrong = Pipeline({"retrievers": {"index": {"path": "past.txt"}}}, plugins=[], folder=project)
    with pytest.raises(PlanError):
        wrong.index([project / "notes"])


def test_hostile_files_are_left_out_each_with_its_reason(project: Path) -> None:
    notes = project / "notes"
    (notes / "binary.md").write_bytes(b"\0walrus")
    (notes / "circle.md").symlink_to("circle.md")
    (notes / "out.md").symlink_to(project.parent / "elsewhere.md")
    (notes / "text.txt").write_text("walrus")
    os.mkfifo(notes / "pipe.md")
    (notes / "half.md").write_text('---\ntitle: "half \\uD800 a walrus"\n---\n')
    (project.parent / "elsewhere.md").write_text("walrus")
    (notes / os.fsdecode(b"\xff.md")).write_text("# Walrus")
    changes = _index(project, "notes", "notes/text.txt")
    assert sorted(changes.added) == ["notes/\\xff.md", "notes/a.md", "notes/half.md", "notes/sub/b.md"]
    reasons = dict(changes.left_out)
    assert set(reasons) == {
        "notes/binary.md",
        "notes/circle.md",
        "notes/out.md",
        "notes/pipe.md",
        "notes/text.txt",
    }
    assert "leads out" in reasons["notes/out.md"]
    assert "ends with none of .md" in reasons["notes/text.txt"]
    assert "notes/\\xff.md" in _found(project, "walrus")


def test_what_runs_refined_is_found_and_its_files_are_checked(project: Path) -> None:
    pipeline = _pipeline(project)
    first = pipeline.run(MEETING)
    changes = _index(project, "notes", runs=True)
    of_run = [key for key in changes.added if key.startswith("run:")]
    assert of_run
    assert all(key.startswith(f"run:{first.run_id}/candidates/candidate-") for key in of_run)
    assert set(_found(project, "book an entry time")) & set(of_run)

    assert first.folder is not None
    with (first.folder / "output" / "candidates" / "candidate-1.md").open("a") as file:
        file.write("forged")
    changes = _index(project, runs=True)
    assert changes.removed == [f"run:{first.run_id}/candidates/candidate-1.md"]
    assert "was changed or damaged" in dict(changes.left_out)[f"run:{first.run_id}/candidates/candidate-1.md"]


def test_of_runs_over_the_same_input_the_newest_is_taken(project: Path) -> None:
    pipeline = _pipeline(project)
    older = pipeline.run(MEETING)
    _index(project, runs=True)
    newer = pipeline.run(MEETING)
    changes = _index(project, runs=True)
    assert {key.split("/")[0] for key in changes.added} == {f"run:{newer.run_id}"}
    assert {key.split("/")[0] for key in changes.removed} == {f"run:{older.run_id}"}
    assert dict(changes.left_out)[f"run:{older.run_id}"] == "there is a newer run of the same input"


def test_runs_of_any_store_are_read(project: Path) -> None:
    pipeline = Pipeline({}, plugins=[], folder=project, store="memory:")
    pipeline.run(MEETING)
    assert pipeline.index(runs=True)[1].added


def test_a_run_finds_what_the_index_holds(project: Path) -> None:
    (project / "notes" / "entry.md").write_text("---\nid: N-7\ntype: feature\n---\n# Book an entry time\n")
    _index(project, "notes")
    pipeline = Pipeline({"retrievers": {"index": {}}}, plugins=[], folder=project)
    context = pipeline.run(MEETING).view.value("context")
    assert any(work["source"] == "N-7 (notes/entry.md)" for one in context.values() for work in one["similarWork"])
