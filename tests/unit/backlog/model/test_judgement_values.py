from __future__ import annotations

from typing import Any

import pytest

from pipekit import serde
from pipekit.backlog.model.candidate import Candidate, Claim, Span
from pipekit.backlog.model.confidence import Confidence, Scores
from pipekit.backlog.model.context import (
    Context,
    LessonLearned,
    RelevantAdr,
    Repetition,
    SiblingWork,
    SimilarWork,
    TechnicalDoc,
)
from pipekit.backlog.model.question import ProposedAnswer, Question, Questions
from pipekit.backlog.model.readiness import BatchReadiness, DorCheck, DorChecks, HeldBack, Readiness
from pipekit.backlog.model.risk import ArchitecturalConflict, RiskAssessment, RiskDependency, ScopeCreepIndicator

VALUES: dict[type, tuple[Any, set[str]]] = {
    Confidence: (
        Confidence(
            scores=Scores(completeness=1, clarity=2, testability=3, actionability=4),
            overall_confidence=3,
            needs_refinement=True,
            weaknesses=("no reason",),
        ),
        {"scores", "overallConfidence", "needsRefinement", "strengths", "weaknesses", "recommendations"},
    ),
    Context: (
        Context(
            similar_work=(SimilarWork(title="a", source="a.md", relevance=0.5, snippet="x"),),
            relevant_adrs=(RelevantAdr(id="A-1", title="b", decision="never", relevance=1.0),),
            technical_docs=(TechnicalDoc(title="c", source="c.md"),),
            lessons_learned=(LessonLearned(title="d", source="d.md"),),
            sibling_work=(
                SiblingWork(candidate_id="candidate-2", title="e", relationship="depends-on", reason="said"),
            ),
            repetition=Repetition(verdict="extends", reason="one title is in the other", title="a", source="a.md"),
            context_summary="found",
        ),
        {
            "similarWork",
            "relevantAdrs",
            "technicalDocs",
            "lessonsLearned",
            "siblingWork",
            "repetition",
            "contextSummary",
        },
    ),
    RiskAssessment: (
        RiskAssessment(
            risk_level="critical",
            complexity_level="low",
            scope_creep_indicators=(ScopeCreepIndicator(indicator="etc", severity="major", suggestion="stop"),),
            dependencies=(
                RiskDependency(
                    type="soft",
                    description="x",
                    status="mitigated_by_sibling",
                    mitigated_by="candidate-1",
                    residual_risk="none",
                ),
            ),
            architectural_conflicts=(ArchitecturalConflict(conflicts_with="x", description="y", resolution="z"),),
            unknowns=("who",),
            unknowns_evidence=(Claim(text="who", evidence=(Span(first=3, last=3, quote="Who?"),)),),
            danger_evidence=(Span(first=4, last=4, quote="It burns."),),
        ),
        {
            "riskLevel",
            "complexityLevel",
            "scopeCreepIndicators",
            "dependencies",
            "architecturalConflicts",
            "unknowns",
            "unknownsEvidence",
            "dangerEvidence",
            "overallAssessment",
        },
    ),
    Questions: (
        Questions(
            questions=(
                Question(
                    question="Who?",
                    priority="high",
                    category="scope",
                    target_role="developer",
                    proposed_answer=ProposedAnswer(answer="we", confidence=0.5, source="a.md"),
                ),
            ),
            readiness_blockers=("Who?",),
        ),
        {"questions", "readinessBlockers", "unnamedRoles"},
    ),
    Readiness: (
        Readiness(
            readiness_status="not-ready",
            readiness_score=0,
            dor_checks=DorChecks(required=(DorCheck(criterion="a", status="unchecked"),)),
        ),
        {"readinessStatus", "readinessScore", "dorChecks", "blockingIssues", "improvementActions"},
    ),
    BatchReadiness: (
        BatchReadiness(can_sprint_together=("a",), held_back=(HeldBack(candidate_id="b", reason="open"),)),
        {"canSprintTogether", "minimumViableSet", "heldBack", "notes"},
    ),
}


@pytest.mark.parametrize("type_", VALUES)
def test_a_value_survives_being_stored(type_: type) -> None:
    value, names = VALUES[type_]
    stored = serde.encode(serde.unstructure(value))
    assert set(serde.decode(stored)) == names
    assert serde.structure(serde.decode(stored), type_) == value


@pytest.mark.parametrize("type_", VALUES)
def test_a_value_can_be_shared_between_threads(type_: type) -> None:
    assert serde.is_immutable(type_)


@pytest.mark.parametrize("type_", VALUES)
def test_results_leave_the_candidate_id_to_the_framework(type_: type) -> None:
    assert "candidateId" not in VALUES[type_][1]


def test_a_wrong_word_is_refused() -> None:
    stored = serde.unstructure(VALUES[RiskAssessment][0])
    with pytest.raises(serde.MisfitError, match="risk"):
        serde.structure({**stored, "riskLevel": "terrible"}, RiskAssessment)


NEW_SINCE = {
    Candidate: (
        {
            "id": "candidate-1",
            "title": "Show the waiting list",
            "rawContext": "Show it.",
            "description": "Show it.",
            "type": "feature",
            "verified": True,
            "acceptanceCriteria": ["Sorted by date"],
        },
        "criteria_evidence",
    ),
    Question: (
        {"question": "Who?", "priority": "low", "category": "scope", "targetRole": "developer"},
        "evidence",
    ),
    ProposedAnswer: ({"answer": "we", "confidence": 0.5, "source": "the meeting, line 1"}, "evidence"),
    RiskAssessment: ({"riskLevel": "low", "complexityLevel": "low", "unknowns": ["who"]}, "unknowns_evidence"),
    RiskDependency: ({"type": "soft", "description": "x", "status": "unknown"}, "evidence"),
}


@pytest.mark.parametrize("type_", NEW_SINCE)
def test_what_was_kept_before_findings_had_places_is_still_read(type_: type) -> None:
    stored, field = NEW_SINCE[type_]
    assert getattr(serde.structure(stored, type_), field) == ()
