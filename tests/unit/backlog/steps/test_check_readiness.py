"""The step that judges readiness: one Definition of Ready for all candidates of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipekit import Pipeline
from pipekit.backlog import refined
from pipekit.backlog.model.readiness import Readiness
from pipekit.backlog.offline import check_readiness as rule

MEETING = Path(__file__).parents[3] / "data" / "meetings" / "museum-refinement.txt"


def test_all_candidates_meet_the_same_definition_when_the_file_is_edited_during_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "dor.yaml"
    file.write_text("required: [{text: First, check: clear-title}]")
    judged = rule.check_readiness

    def judged_and_edited(*given: Any, **named: Any) -> Readiness:
        file.write_text("required: [{text: Second, check: clear-title}]")
        return judged(*given, **named)

    monkeypatch.setattr(rule, "check_readiness", judged_and_edited)
    items = refined(Pipeline({}, plugins=[], store="memory:", folder=tmp_path).run(MEETING))

    assert len(items) > 1
    judgements = [item.readiness for item in items if item.readiness is not None]
    assert len(judgements) == len(items)
    assert {check.criterion for one in judgements for check in one.dor_checks.required} == {"First"}
