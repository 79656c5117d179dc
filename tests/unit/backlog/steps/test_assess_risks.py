from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog import Candidate, Context, Meeting, RiskAssessment
from pipekit.backlog.model.context import RelevantAdr
from pipekit.backlog.steps.assess_risks import assess_risks


def need(**fields: Any) -> dict[str, Any]:
    return {"type": "blocking", "description": "Needs it", "status": "unresolved", **fields}


@pytest.fixture
def assessed(ask: Any, garden: Meeting, waiting_list: Candidate, register: Candidate) -> Any:
    def assess(context: Context | None = None, **fields: Any) -> RiskAssessment:
        answer = {"complexity": "low", "assessment": "Fine.", **fields}
        found = ask(assess_risks, answer, waiting_list, garden, [waiting_list, register], context=context)
        assert isinstance(found, RiskAssessment)
        return found

    return assess


def test_a_small_item_without_findings_has_a_low_risk(assessed: Any) -> None:
    assert assessed() == RiskAssessment(risk_level="low", complexity_level="low", overall_assessment="Fine.")


def test_what_a_sibling_takes_care_of_names_it(assessed: Any) -> None:
    found = assessed(dependencies=[need(status="mitigated_by_sibling", mitigatedBy="Candidate-2")])
    assert [(one.status, one.mitigated_by, one.residual_risk) for one in found.dependencies] == [
        ("mitigated_by_sibling", "candidate-2", "low")
    ]
    assert found.risk_level == "low"


@pytest.mark.parametrize("ghost", ["candidate-99", "candidate-1", "", None, "../../etc/passwd"])
def test_a_sibling_that_does_not_exist_takes_care_of_nothing(assessed: Any, ghost: str | None) -> None:
    found = assessed(dependencies=[need(status="mitigated_by_sibling", mitigatedBy=ghost, residualRisk="none")])
    assert [(one.status, one.mitigated_by, one.residual_risk) for one in found.dependencies] == [
        ("unknown", None, None)
    ]
    assert found.risk_level == "medium"


def test_something_is_resolved_when_the_meeting_says_so(assessed: Any) -> None:
    said, made_up = "No, the statutes don't allow it.", "All of that has been settled long ago"
    found = assessed(dependencies=[need(status="resolved", quote=said), need(status="resolved", quote=made_up)])
    assert [one.status for one in found.dependencies] == ["resolved", "unknown"]


def test_danger_counts_when_somebody_spoke_of_it(assessed: Any) -> None:
    assert assessed(danger="The pump may burst then.").risk_level == "high"
    assert assessed(danger="The pump will explode and kill us all").risk_level == "low"


def test_what_a_model_adds_of_its_own_stays_visible_and_counts_for_nothing(assessed: Any) -> None:
    invented = [{"text": f"Thing {n} could happen", "quote": "the sky is falling"} for n in range(9)]
    found = assessed(unknowns=invented, scopeCreep=[{"quote": "and the whole universe", "severity": "major"}])
    assert found.risk_level == "low"
    assert len(found.unknowns) == 9
    assert [one.severity for one in found.scope_creep_indicators] == ["minor"]


def test_stated_risks_count(assessed: Any) -> None:
    stated = [
        {"text": "Whether the board agrees", "quote": "I'd have to ask the board."},
        {"text": "What people ask", "quote": "people ask me every week"},
    ]
    assert assessed(unknowns=stated).risk_level == "medium"


def test_a_conflict_needs_something_that_is_known(assessed: Any) -> None:
    adr = RelevantAdr(id="ADR-3", title="Names are never shown", decision="No names.", relevance=0.8)
    conflicts = [
        {"conflictsWith": "ADR-3: Names are never shown", "description": "It shows names", "resolution": "Numbers"},
        {"conflictsWith": "ADR-77", "description": "It breaks something else"},
        {"conflictsWith": "ADR-3", "description": " "},
    ]
    found = assessed(Context(relevant_adrs=(adr,)), conflicts=conflicts)
    assert [one.description for one in found.architectural_conflicts] == ["It shows names"]
    assert found.unknowns == ("perhaps a conflict, with nothing that is known of: It breaks something else",)


def test_blank_findings_are_none(assessed: Any) -> None:
    found = assessed(
        dependencies=[need(description=" ")],
        scopeCreep=[{"quote": "", "severity": "major"}],
        unknowns=[{"text": "\n"}],
        danger="",
    )
    assert found == assessed()


def places(spans: Any) -> list[tuple[str, int]]:
    return [(span.match, span.first) for span in spans]


def test_every_finding_of_a_model_is_located_and_what_stands_nowhere_is_marked(assessed: Any) -> None:
    said, made_up = "The pump may burst then.", "The pipes are made of wood, all of them"
    found = assessed(
        dependencies=[need(quote=said), need(quote=made_up), need()],
        scopeCreep=[
            {"quote": "Could we sell seeds, too?", "severity": "major"},
            {"quote": made_up, "severity": "major"},
        ],
        unknowns=[{"text": "Will it burst?", "quote": said}, {"text": "Wood?", "quote": made_up}, {"text": "And ice?"}],
        danger=made_up,
    )
    nowhere = [("unsupported", 0)]
    assert [places(one.evidence) for one in found.dependencies] == [[("exact", 5)], nowhere, []]
    assert [places(one.evidence) for one in found.scope_creep_indicators] == [[("exact", 7)], nowhere]
    assert {one.text: places(one.evidence) for one in found.unknowns_evidence} == {
        "Will it burst?": [("exact", 5)],
        "Wood?": nowhere,
    }
    assert places(found.danger_evidence) == nowhere
    assert set(found.unknowns) == {"Will it burst?", "Wood?", "And ice?"}


def test_words_of_the_item_itself_need_no_place_in_the_meeting(assessed: Any) -> None:
    found = assessed(scopeCreep=[{"quote": "Members want to see their place", "severity": "major"}])
    assert [(one.severity, one.evidence) for one in found.scope_creep_indicators] == [("major", ())]


def test_a_conflict_that_was_stated_has_its_words(assessed: Any) -> None:
    found = assessed(conflicts=[{"conflictsWith": "the statutes don't allow it", "description": "It is forbidden"}])
    assert [places(one.evidence) for one in found.architectural_conflicts] == [[("exact", 8)]]
