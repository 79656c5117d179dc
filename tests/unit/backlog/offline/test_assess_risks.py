from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog.model.context import Context, RelevantAdr
from pipekit.backlog.model.dependency import Dependency, DependencyMap
from pipekit.backlog.offline.assess_risks import assess_risks


def _needs(source: str, target: str, **fields: Any) -> DependencyMap:
    given: dict[str, Any] = {"type": "blocks", "reason": "it needs the new valve", "strength": "hard"}
    edge = Dependency(source=source, target=target, **{**given, **fields})
    return DependencyMap(dependencies=(edge,))


def test_nothing_said_about_risks_is_a_low_risk(talk: Any, about: Any) -> None:
    found = assess_risks(about("Blue button", 1), talk("Ann: The button becomes blue."), [])
    assert (found.risk_level, found.complexity_level, found.unknowns) == ("low", "low", ())
    assert found.overall_assessment.startswith("Nothing in the meeting tells of a risk.")


def test_a_stated_risk_is_kept_word_for_word(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Cool the milk.", "Bob: There is a risk that the milk spoils when the power fails.")
    found = assess_risks(about("Cool the milk", 1, 2), meeting, [])
    assert found.unknowns == ("There is a risk that the milk spoils when the power fails.",)
    assert "the milk spoils" in found.overall_assessment


def test_what_a_sibling_takes_care_of_names_it(talk: Any, about: Any) -> None:
    tank = about("Cool the milk", 1)
    valve = about("New valve", 2, id="candidate-2", acceptance_criteria=("It closes in one second", "It never leaks"))
    meeting = talk("Ann: Cool the milk, it needs the new valve.", "Bob: A new valve.")
    found = assess_risks(tank, meeting, [tank, valve], _needs("candidate-1", "candidate-2"))
    (dependency,) = found.dependencies
    assert (dependency.type, dependency.status) == ("blocking", "mitigated_by_sibling")
    assert (dependency.mitigated_by, dependency.residual_risk) == ("candidate-2", "none")
    assert "it needs the new valve" in dependency.description
    assert found.risk_level == "low"


@pytest.mark.parametrize(
    ("criteria", "strength", "type_", "residual"),
    [(("a",), "hard", "blocking", "low"), ((), "hard", "blocking", "medium"), ((), "soft", "soft", "low")],
)
def test_a_sibling_that_is_vague_itself_leaves_a_risk(
    talk: Any, about: Any, criteria: tuple[str, ...], strength: str, type_: str, residual: str
) -> None:
    tank, valve = about("Cool the milk", 1), about("New valve", id="candidate-2", acceptance_criteria=criteria)
    dependencies = _needs("candidate-1", "candidate-2", strength=strength)
    (found,) = assess_risks(tank, talk("Ann: Cool."), [tank, valve], dependencies).dependencies
    assert (found.type, found.residual_risk) == (type_, residual)


def test_waiting_for_somebody_outside_is_unresolved_until_it_is_settled(talk: Any, about: Any) -> None:
    candidate = about("Cool the milk", 1)
    waiting = assess_risks(candidate, talk("Ann: We are waiting for the approval of the vendor."), [])
    settled = assess_risks(candidate, talk("Ann: It needs the approval of the vendor, who has confirmed it."), [])
    assert [(entry.type, entry.status) for entry in waiting.dependencies] == [("external", "unresolved")]
    assert [(entry.type, entry.status) for entry in settled.dependencies] == [("external", "resolved")]


def test_an_answer_that_must_come_from_outside_is_a_dependency(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Which label must it carry?", "Bob: We'd have to ask the authorities.")
    (found,) = assess_risks(about("Label the milk", 1, 2), meeting, []).dependencies
    assert (found.type, found.status) == ("external", "unresolved")
    assert "Which label must it carry?" in found.description


def test_a_scope_without_bounds_is_told(talk: Any, about: Any) -> None:
    meeting = talk("Ann: It shows the yield, the fat and so on.", "Bob: While we're at it, add the weather.")
    found = assess_risks(about("Milk report", 1, 2), meeting, [])
    assert [indicator.severity for indicator in found.scope_creep_indicators] == ["major", "moderate"]
    assert "and so on" in found.scope_creep_indicators[0].indicator


def test_a_decision_that_forbids_it_is_a_conflict(talk: Any, about: Any) -> None:
    adr = RelevantAdr(
        id="A-7", title="Weekly figures", decision="Yields are kept per week, never per hour.", relevance=0.6
    )
    candidate = about("Milk report", 1, description="Show the yield of each hour")
    found = assess_risks(candidate, talk("Ann: A report."), [], None, Context(relevant_adrs=(adr,)))
    assert [conflict.conflicts_with for conflict in found.architectural_conflicts] == ["A-7 Weekly figures"]


def test_a_grave_fault_is_a_high_risk(talk: Any, about: Any) -> None:
    meeting = talk("Ann: The dose is wrong, a patient nearly died.")
    found = assess_risks(about("Wrong dose", 1, type="bug"), meeting, [])
    assert found.risk_level == "high"
    assert "nearly died" in found.overall_assessment


@pytest.mark.parametrize(
    ("line", "complexity"),
    [
        ("Ann: Two points.", "low"),
        ("Ann: Eight points.", "medium"),
        ("Ann: Thirteen points, and a migration of the old data to the new platform.", "high"),
    ],
)
def test_complexity_follows_the_size_and_what_it_is_made_of(talk: Any, about: Any, line: str, complexity: str) -> None:
    assert assess_risks(about("Cool the milk", 1), talk(line), []).complexity_level == complexity
