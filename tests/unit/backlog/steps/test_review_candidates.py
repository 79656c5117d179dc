from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipekit import Each, Pipeline, Resume
from pipekit.backlog import Candidate, Confidence, Meeting, Review, Scores, refined
from pipekit.backlog.settings import ReviewSettings
from pipekit.backlog.steps.review_candidates import review_candidates
from pipekit.errors import ConfigError, PlanError, UsageError
from pipekit.testing import run_step

EXAMPLE = Path(__file__).parents[4] / "examples" / "museum-refinement.txt"
CONFIG: Mapping[str, Any] = {"steps": {"review-candidates": {"enabled": True}}}
CRITERIA = (
    "It is done when a member can look up the place by name, and the place is right as of last night. Five points."
)


def aspect(score: int) -> dict[str, object]:
    return {"found": [], "missing": [f"what is missing at {score}"], "score": score}


def reply(score: int) -> dict[str, object]:
    names = ("completeness", "clarity", "testability", "actionability")
    return {**{name: aspect(score) for name in names}, "recommendations": []}


@pytest.fixture
def review(garden: Meeting, waiting_list: Candidate) -> Any:
    """The review of a candidate with this score, as people answer; scores are what the model says each time."""

    def reviewed(score: int, *, scores: Sequence[int] = (), **answers: object) -> Review:
        found = Scores(completeness=score, clarity=score, testability=score, actionability=score)
        confidence = Confidence(scores=found, overall_confidence=score)
        made = run_step(
            review_candidates,
            replies=[reply(one) for one in scores] or [reply(1)],
            answers={f"{waiting_list.id}/{key.replace('_', '-')}": said for key, said in answers.items()},
            meeting=garden,
            candidates=[waiting_list],
            confidence={waiting_list.id: confidence},
        )
        assert isinstance(made, Each)
        result = made[waiting_list.id]
        assert isinstance(result, Review)
        return result

    return reviewed


@pytest.mark.parametrize("score", [75, 100])
def test_a_good_score_passes_and_asks_nobody(review: Any, score: int) -> None:
    assert review(score) == Review(decision="passed", confidence=review(score).confidence)


@pytest.mark.parametrize("score", [50, 74])
@pytest.mark.parametrize(("said", "decision"), [("approve", "approved"), ("Reject", "rejected")])
def test_a_middling_score_needs_a_person(review: Any, score: int, said: str, decision: str) -> None:
    assert review(score, approval=said).decision == decision
    with pytest.raises(UsageError, match="approval"):
        review(score)


def test_below_that_people_add_what_is_missing_and_it_is_scored_again(review: Any) -> None:
    found = review(20, scores=[49, 80], context_1="It is for members.", context_2="They ask every week.")
    assert (found.decision, found.confidence.overall_confidence) == ("passed", 80)
    assert [(one.before, one.after) for one in found.rounds] == [(20, 49), (49, 80)]
    assert found.notes == ("It is for members.", "They ask every week.")


def test_after_the_last_round_a_person_decides(review: Any) -> None:
    added = {f"context_{number}": f"Something more, {number}." for number in (1, 2, 3)}
    found = review(20, scores=[21, 22, 23], **added, approval="approve")
    assert (found.decision, found.confidence.overall_confidence, len(found.rounds)) == ("approved", 23, 3)


@pytest.mark.parametrize(("said", "decision"), [("approve", "approved"), ("reject", "rejected")])
def test_whoever_is_asked_what_is_missing_may_decide_at_once(review: Any, said: str, decision: str) -> None:
    assert review(20, context_1=said).decision == decision


def test_criteria_that_people_state_count_as_stated(review: Any) -> None:
    found = review(20, scores=[90], context_1=CRITERIA)
    assert found.added_criteria == (
        "A member can look up the place by name",
        "The place is right as of last night",
    )


def test_the_bounds_are_settings_and_stand_in_their_order() -> None:
    assert (ReviewSettings(pass_at=60, approve_at=60).pass_at, ReviewSettings().rounds) == (60, 3)
    with pytest.raises(ValueError, match=r"approveAt \(80\) can't be above passAt \(75\)"):
        ReviewSettings(approve_at=80)
    with pytest.raises(PlanError) as caught:
        Pipeline({"steps": {"review-candidates": {"enabled": True, "passAt": 10}}}, plugins=[]).plan()
    (fault,) = caught.value.faults
    assert isinstance(fault, ConfigError)
    assert "can't be above passAt" in str(fault)


@pytest.fixture
def pipe(tmp_path: Path) -> Pipeline:
    return Pipeline(CONFIG, plugins=[], folder=tmp_path)


def test_nobody_is_asked_unless_it_is_switched_on(tmp_path: Path) -> None:
    planned = Pipeline({}, plugins=[], folder=tmp_path).plan().steps
    assert "review-candidates" not in [step.name for step in planned if step.decision == "run"]


def test_a_reviewed_run_goes_on_with_what_people_added_and_without_what_they_rejected(
    pipe: Pipeline, tmp_path: Path
) -> None:
    run = pipe.run(EXAMPLE)
    asked = {one.item: one for one in run.questions}
    assert list(asked) == ["candidate-2", "candidate-4", "candidate-5"]
    assert "missing: No acceptance criteria were stated" in asked["candidate-2"].context

    said = {"candidate-2": CRITERIA, "candidate-4": "reject", "candidate-5": "approve"}
    second = pipe.resume(run.run_id, Resume(answers={one.key: said[str(item)] for item, one in asked.items()}))
    assert [one.key for one in second.questions] == ["review-candidates/candidate-2/approval"]
    assert f"added: {CRITERIA}" in second.questions[0].context
    done = pipe.resume(run.run_id, Resume(answers={second.questions[0].key: "approve"}))

    by_id = {one.candidate.id: one for one in refined(done)}
    assert by_id["candidate-2"].candidate.notes == (CRITERIA,)
    assert by_id["candidate-2"].confidence is not None
    assert by_id["candidate-2"].confidence.overall_confidence > 50
    assert by_id["candidate-2"].readiness is not None
    passed = {one.criterion for one in by_id["candidate-2"].readiness.dor_checks.required if one.status == "pass"}
    assert any("acceptance criteria" in criterion for criterion in passed)
    assert by_id["candidate-4"].readiness is None
    assert done.warnings == ()

    folder = tmp_path / ".pipeline" / run.run_id / "output"
    summary = (folder / "summary.md").read_text()
    assert "approved by a person, after people added to it once: from 29 to" in summary
    assert "framework as the guide (rejected in the review)" in summary
    assert "| 4 | Investigate whether" in summary
    assert sorted(path.name for path in (folder / "candidates").iterdir()) == [
        f"candidate-{number}.md" for number in (1, 2, 3, 5)
    ]
    added = (folder / "candidates" / "candidate-2.md").read_text()
    assert f"- Added after the meeting: {CRITERIA}" in added
    assert "- [ ] A member can look up the place by name" in added

    pages = pipe.format(run.run_id, ["html", "csv", "github"])
    assert all(path.stat().st_size for path in pages)
    report = (folder / "report.html").read_text()
    assert "Added after the meeting" in report
    assert "Approved by a person" in report
    assert "scanner app" not in (folder / "jira.csv").read_text()


def test_what_people_add_is_data_in_every_output(pipe: Pipeline, tmp_path: Path) -> None:
    run = pipe.run(EXAMPLE)
    hostile = "<script>alert(1)</script> =HYPERLINK(1) | **x** \u202e"
    answers = {one.key: hostile if one.or_text else "approve" for one in run.questions}
    while run.questions:
        run = pipe.resume(run.run_id, Resume(answers=answers))
        answers = {one.key: "approve" for one in run.questions}
    pipe.format(run.run_id, ["html", "csv", "summary"])
    folder = tmp_path / ".pipeline" / run.run_id / "output"
    assert "<script>" not in (folder / "report.html").read_text()
    assert "<script>" not in (folder / "summary.md").read_text()
    assert "\u202e" not in "".join(path.read_text() for path in folder.glob("*.csv"))
