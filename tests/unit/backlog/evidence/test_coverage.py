"""How much of what is said to come from a meeting is there."""

from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog import (
    Candidate,
    Claim,
    Dependency,
    ProposedAnswer,
    Question,
    Questions,
    RefinedCandidate,
    RejectedItem,
    RiskAssessment,
    Span,
)
from pipekit.backlog.evidence.coverage import Coverage, SupportedClaim, coverage_of
from pipekit.backlog.model.risk import RiskDependency


def found(*matches: Any) -> tuple[Span, ...]:
    return tuple(Span(first=1, last=1, quote="x", verified=one in ("exact", "folded"), match=one) for one in matches)


def candidate(**fields: Any) -> Candidate:
    given = {
        "id": "candidate-1",
        "title": "Show the list",
        "raw_context": "x",
        "description": "x",
        "type": "feature",
        "verified": True,
        "evidence": found("exact"),
    }
    return Candidate(**{**given, **fields})


def claims(*matches: Any) -> Coverage:
    return Coverage(claims=tuple(SupportedClaim(kind="risk", text="x", match=one) for one in matches))


def test_everything_that_claims_to_come_from_the_meeting_is_counted_and_nothing_else() -> None:
    item = RefinedCandidate(
        candidate=candidate(
            acceptance_criteria=("a", "by a person"), criteria_evidence=(Claim(text="a", evidence=found("folded")),)
        ),
        dependencies=(
            Dependency(source="candidate-1", target="candidate-2", type="blocks", evidence=found("exact")),
            Dependency(source="candidate-1", target="candidate-3", type="extends"),
        ),
        risks=RiskAssessment(
            risk_level="low",
            complexity_level="low",
            dependencies=(
                RiskDependency(type="soft", description="said", status="unknown", evidence=found("close")),
                RiskDependency(type="soft", description="supposed", status="unknown"),
            ),
            unknowns=("u", "of the model's own"),
            unknowns_evidence=(Claim(text="u", evidence=found("unsupported")),),
        ),
        questions=Questions(
            questions=(
                Question(
                    question="Who?",
                    priority="low",
                    category="scope",
                    target_role="developer",
                    evidence=found("exact"),
                    proposed_answer=ProposedAnswer(answer="We", confidence=1, source="x", evidence=found("exact")),
                ),
                Question(question="What for?", priority="low", category="scope", target_role="developer"),
            )
        ),
    )
    turned_down = RejectedItem(title="Sell seeds", reason="rejected", evidence=found("exact"))

    coverage = coverage_of([item], [turned_down])

    assert [(one.kind, one.match) for one in coverage.claims] == [
        ("candidate", "exact"),
        ("criterion", "folded"),
        ("dependency", "exact"),
        ("risk", "unsupported"),
        ("risk", "close"),
        ("question", "exact"),
        ("answer", "exact"),
        ("rejected", "exact"),
    ]
    assert str(coverage) == "6 of 8 claims stand in the meeting word for word, 1 nearly, 1 not at all"
    assert coverage.share == 0.75
    assert [(one.match, one.text) for one in coverage.doubtful] == [("unsupported", "u"), ("close", "said")]
    told = coverage.to_json()
    assert (told["claims"], told["exact"], told["folded"], told["close"], told["unsupported"]) == (8, 5, 1, 1, 1)
    assert told["byKind"]["risk"] == {"claims": 2, "exact": 0, "folded": 0, "close": 1, "unsupported": 1}  # type: ignore[index]


def test_a_claim_is_as_well_supported_as_the_worst_of_the_words_given_for_it() -> None:
    (one,) = coverage_of([RefinedCandidate(candidate=candidate(evidence=found("exact", "unsupported")))]).claims
    assert one.match == "unsupported"


def test_a_criterion_that_a_person_has_changed_claims_nothing_any_more() -> None:
    changed = candidate(acceptance_criteria=("b",), criteria_evidence=(Claim(text="a", evidence=found("exact")),))
    assert [one.kind for one in coverage_of([RefinedCandidate(candidate=changed)]).claims] == ["candidate"]


@pytest.mark.parametrize(
    ("coverage", "sentence"),
    [
        (claims(), "nothing is said to come from the meeting"),
        (claims("exact"), "the only claim stands in the meeting word for word"),
        (claims("exact", "folded"), "all 2 claims stand in the meeting word for word"),
        (claims("exact", "close"), "1 of 2 claims stand in the meeting word for word, 1 nearly"),
        (claims("unsupported"), "0 of 1 claim stands in the meeting word for word, 1 not at all"),
    ],
)
def test_it_is_told_in_one_sentence(coverage: Coverage, sentence: str) -> None:
    assert str(coverage) == sentence


def test_without_any_claim_there_is_no_share() -> None:
    assert claims().share is None
    assert claims().to_json()["share"] is None
