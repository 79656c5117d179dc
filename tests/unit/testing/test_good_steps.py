"""The steps of the workflow pass the contract that strangers' steps pass."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import pytest

from pipekit import Each, Text
from pipekit.backlog import Candidate, Confidence, Meeting, Readiness, Scores
from pipekit.backlog.settings import ReviewSettings
from pipekit.backlog.steps.review_candidates import review_candidates
from pipekit.backlog.steps.write_output import OutputSettings
from pipekit.backlog.workflow import STEPS
from pipekit.interfaces import FormatName, RunView, Step
from pipekit.testing import Replies, StepContract, sample_run

TALK = """\
Ada: First, search. As a reader I want to search by author so that I find a book faster.
Ada: It's done when the list is sorted by title.
Ben: Next, the export. We should let staff export loans as CSV. Who needs that?
Ada: The export can't start until the search is done.
"""
BY_NAME: Mapping[str, Step[..., Any, Any]] = {step.name: step for step in STEPS}


@cache
def run() -> RunView:
    return sample_run(source=Text(TALK, name="talk.txt"), plugins=[])


def made(name: str, type_: Any) -> Any:
    return run().artifact(name, type_)


def aspect(score: int) -> dict[str, object]:
    return {"found": ["I find a book faster"], "missing": ["who it is for"], "score": score}


class BacklogStep(StepContract):
    __test__ = False

    @pytest.fixture
    def inputs(self) -> Mapping[str, object]:
        return {"meeting": made("meeting", Meeting), "candidates": made("candidates", list[Candidate])}


class TestDetectEvent(BacklogStep):
    __test__ = True
    step = BY_NAME["detect-event"]

    @pytest.fixture
    def inputs(self) -> Mapping[str, object]:
        return {"meeting": made("meeting", Meeting)}

    @pytest.fixture
    def replies(self) -> Replies:
        return [{"indicators": ["First, search."], "eventType": "refinement", "confidence": 0.9}]


class TestExtractCandidates(TestDetectEvent):
    step = BY_NAME["extract-candidates"]

    @pytest.fixture
    def replies(self) -> Replies:
        quote = "I want to search by author"
        one = {"quotes": [quote], "title": "Search by author", "type": "feature", "description": quote}
        return [
            {"candidates": [{**one, "acceptanceCriteria": [], "mentionedBy": ["Ada"]}], "rejected": [], "notes": []}
        ]


class TestMapDependencies(BacklogStep):
    __test__ = True
    step = BY_NAME["map-dependencies"]

    @pytest.fixture
    def replies(self) -> Replies:
        quote = "The export can't start until the search is done."
        edge = {"quote": quote, "source": "candidate-2", "target": "candidate-1", "type": "blocks"}
        return [{"dependencies": [{**edge, "strength": "hard", "reason": quote}]}]


class TestScoreConfidence(BacklogStep):
    __test__ = True
    step = BY_NAME["score-confidence"]

    @pytest.fixture
    def replies(self) -> Replies:
        names = ("completeness", "clarity", "testability", "actionability")
        return [{**{name: aspect(score) for name in names}, "recommendations": []} for score in (80, 40)]


class TestReviewCandidates(TestScoreConfidence):
    step = review_candidates
    answers: ClassVar[Mapping[str, object]] = {
        "candidate-1/context-1": "It is for members. Done when the first result shows up within a second.",
        "candidate-1/approval": "approve",
        "candidate-2/context-1": "reject",
    }

    @pytest.fixture
    def inputs(self) -> Mapping[str, object]:
        scores = Scores(completeness=20, clarity=20, testability=20, actionability=20)
        poor = Confidence(scores=scores, overall_confidence=20)
        candidates = made("candidates", list[Candidate])
        return {
            "meeting": made("meeting", Meeting),
            "candidates": candidates,
            "confidence": {one.id: poor for one in candidates},
        }

    @pytest.fixture
    def replies(self) -> Replies:
        names = ("completeness", "clarity", "testability", "actionability")
        return [{**{name: aspect(60) for name in names}, "recommendations": []}]

    @pytest.fixture
    def settings(self) -> ReviewSettings:
        """One round, so that the rules, which score otherwise than the model, ask the same."""
        return ReviewSettings(rounds=1)


class TestAssessRisks(BacklogStep):
    __test__ = True
    step = BY_NAME["assess-risks"]

    @pytest.fixture
    def replies(self) -> Replies:
        unknown = {"quote": "Who needs that?", "text": "Nobody knows who needs it"}
        return [{"complexity": "low", "assessment": "Fine."}, {"unknowns": [unknown], "complexity": "high"}]


class TestGenerateQuestions(BacklogStep):
    __test__ = True
    step = BY_NAME["generate-questions"]

    @pytest.fixture
    def replies(self) -> Replies:
        asked = {"question": "Who needs that?", "context": "asked by Ben", "category": "scope", "priority": "high"}
        return [{"questions": []}, {"questions": [{**asked, "targetRole": "product-owner", "proposedAnswer": None}]}]


class TestEnrichContext(BacklogStep):
    __test__ = True
    step = BY_NAME["enrich-context"]


class TestCheckReadiness(BacklogStep):
    __test__ = True
    step = BY_NAME["check-readiness"]


class TestBatchReadiness(BacklogStep):
    __test__ = True
    step = BY_NAME["batch-readiness"]

    @pytest.fixture
    def inputs(self) -> Mapping[str, object]:
        return {"candidates": made("candidates", list[Candidate]), "readiness": made("readiness", Each[Readiness])}


class TestWriteOutput(BacklogStep):
    __test__ = True
    step = BY_NAME["write-output"]

    @pytest.fixture
    def settings(self) -> OutputSettings:
        """Without the JSON file: it says how long each step took, and its size depends on those digits."""
        return OutputSettings(formats=(FormatName("markdown"), FormatName("summary")))


def test_each_step_of_the_workflow_is_tested_here() -> None:
    tested = {one.step.name for one in globals().values() if isinstance(one, type) and hasattr(one, "step")}
    assert tested == {*BY_NAME, review_candidates.name}
