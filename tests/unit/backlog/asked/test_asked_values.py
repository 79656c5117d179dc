"""What is asked for can be described to a model, and leaves nothing to it that a program knows better."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipekit.backlog.asked.confidence import AskedConfidence
from pipekit.backlog.asked.dependencies import AskedDependencies
from pipekit.backlog.asked.event import AskedEvent
from pipekit.backlog.asked.extraction import AskedExtraction
from pipekit.backlog.asked.questions import AskedQuestions
from pipekit.backlog.asked.risks import AskedRisks
from pipekit.llm.schema import schema_of
from pipekit.serde import MisfitError, structure

ASKED: tuple[type[Any], ...] = (
    AskedConfidence,
    AskedDependencies,
    AskedEvent,
    AskedExtraction,
    AskedQuestions,
    AskedRisks,
)


@pytest.mark.parametrize("cls", ASKED)
def test_it_has_a_schema_that_describes_each_part_and_is_short(cls: type[Any]) -> None:
    schema = schema_of(cls)
    for part in (schema, *schema.get("$defs", {}).values()):
        assert part["description"]
        assert part["additionalProperties"] is False
    assert len(json.dumps(schema)) < 4_000


@pytest.mark.parametrize("cls", ASKED)
def test_no_id_place_verdict_or_mark_of_its_own_is_asked_for(cls: type[Any]) -> None:
    text = json.dumps(schema_of(cls))
    for name in ("id", "verified", "first", "last", "line", "start", "overallConfidence", "needsRefinement",
                 "riskLevel", "readinessBlockers", "sequence", "candidateId"):  # fmt: skip
        assert f'"{name}":' not in text


@pytest.mark.parametrize("cls", ASKED)
def test_an_empty_object_is_no_answer(cls: type[Any]) -> None:
    with pytest.raises(MisfitError):
        structure({}, cls)


@pytest.mark.parametrize(("score", "fits"), [(0, True), (100, True), (101, False), (-1, False), ("75", False)])
def test_scores_stay_within_their_bounds(score: object, fits: bool) -> None:
    part = {"found": [], "missing": [], "score": score}
    answer = dict.fromkeys(("completeness", "clarity", "testability", "actionability"), part)
    if fits:
        structure({**answer, "recommendations": []}, AskedConfidence)
    else:
        with pytest.raises(MisfitError, match="score"):
            structure({**answer, "recommendations": []}, AskedConfidence)
