from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog import Candidate, Meeting
from pipekit.backlog.settings import ScoreSettings
from pipekit.backlog.steps.score_confidence import score_confidence
from pipekit.backlog.weighing import ScoreWeights
from pipekit.serde import MisfitError

NAMES = ("completeness", "clarity", "testability", "actionability")


def answer(*scores: int, **fields: Any) -> dict[str, Any]:
    parts = {
        name: {"found": [f"{name} is good"], "missing": ["Nobody knows", " "], "score": score}
        for name, score in zip(NAMES, scores, strict=True)
    }
    return {**parts, "recommendations": ["Ask."], **fields}


def test_the_mean_and_the_flag_are_computed(ask: Any, garden: Meeting, waiting_list: Candidate, ctx: Any) -> None:
    settings = ScoreSettings(
        weights=ScoreWeights(completeness=1.0, clarity=0.0, testability=0.0, actionability=1.0), threshold=60
    )
    found = ask(score_confidence, answer(90, 0, 0, 20), waiting_list, garden, [waiting_list], settings, ctx)
    assert (found.overall_confidence, found.needs_refinement) == (55, True)
    assert found.strengths == tuple(f"{name} is good" for name in NAMES)
    assert (found.weaknesses, found.recommendations) == (("Nobody knows",), ("Ask.",))


def test_a_model_that_scores_everything_75_gets_no_flag_of_its_own(
    ask: Any, garden: Meeting, waiting_list: Candidate, ctx: Any
) -> None:
    found = ask(score_confidence, answer(75, 75, 75, 75), waiting_list, garden, [], ScoreSettings(threshold=76), ctx)
    assert (found.overall_confidence, found.needs_refinement) == (75, True)


def test_a_verdict_that_nobody_asked_for_is_no_answer(
    ask: Any, garden: Meeting, waiting_list: Candidate, ctx: Any
) -> None:
    with pytest.raises(MisfitError, match="overallConfidence"):
        ask(score_confidence, answer(1, 2, 3, 4, overallConfidence=100), waiting_list, garden, [], ScoreSettings(), ctx)


def test_the_teams_file_weighs_what_a_model_scored(
    ask: Any, garden: Meeting, waiting_list: Candidate, ctx: Any
) -> None:
    (ctx.project / "scoring.yaml").write_text(
        "weights: {testability: 1, clarity: 0, completeness: 0, actionability: 0}"
    )
    found = ask(score_confidence, answer(90, 80, 30, 70), waiting_list, garden, [], ScoreSettings(), ctx)
    assert (found.overall_confidence, found.needs_refinement) == (30, True)
