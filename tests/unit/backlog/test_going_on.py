"""A run of the workflow that a person corrects: only what the correction touches is made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipekit import Pipeline, Resume
from pipekit.events import ItemFinished, ItemReused, StepFinished

EXAMPLE = Path(__file__).parents[3] / "examples" / "museum-refinement.txt"


def corrected(folder: Path, **fields: Any) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The items made again and those taken over, by step, after a correction of candidate-3."""
    pipe = Pipeline({}, plugins=[], folder=folder)
    run = pipe.run(EXAMPLE)
    path = folder / ".pipeline" / run.run_id / "steps" / "step-2.json"
    content = json.loads(path.read_text())
    content["candidates"][2].update(fields)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1))
    made: dict[str, set[str]] = {}
    taken: dict[str, set[str]] = {}
    for event in pipe.resume_stream(run.run_id, Resume(accept_edits=True)):
        if isinstance(event, ItemFinished):
            made.setdefault(event.step, set()).add(event.item)
        elif isinstance(event, ItemReused):
            taken.setdefault(event.step, set()).add(event.item)
    return made, taken


@pytest.mark.parametrize(
    "fields", [{"description": "The guide stops on new phones; visitors gave up."}, {"type": "tech-debt"}]
)
def test_a_detail_corrected_in_one_candidate_leaves_the_others_current(tmp_path: Path, fields: dict[str, Any]) -> None:
    made, taken = corrected(tmp_path, **fields)

    assert set(made) == {
        "score-confidence",
        "enrich-context",
        "assess-risks",
        "generate-questions",
        "check-readiness",
    }
    assert all(items == {"candidate-3"} for items in made.values())
    assert all(len(items) == 4 for items in taken.values())


def test_so_does_one_that_is_edited_as_an_item(tmp_path: Path) -> None:
    pipe = Pipeline({}, plugins=[], folder=tmp_path)
    run = pipe.run(EXAMPLE)
    edits = {"candidate-3": {"description": "The guide stops on new phones; visitors gave up."}}
    events = list(pipe.resume_stream(run.run_id, Resume(edits=edits)))
    assert {one.item for one in events if isinstance(one, ItemFinished)} == {"candidate-3"}
    assert "extract-candidates" not in {one.step for one in events if isinstance(one, StepFinished)}


def test_a_title_is_what_siblings_look_at(tmp_path: Path) -> None:
    made, _ = corrected(tmp_path, title="Keep the sound on while the screen is locked")
    assert len(made["assess-risks"]) == 5
