from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog.model.context import Context, TechnicalDoc
from pipekit.backlog.model.dependency import Dependency, DependencyMap
from pipekit.backlog.model.question import Question
from pipekit.backlog.offline.assess_risks import assess_risks
from pipekit.backlog.offline.generate_questions import generate_questions

ASKED = "Ann: Which label must the bottle carry?"


def _first(meeting: Any, candidate: Any, *others: Any, **found: Any) -> Question:
    return generate_questions(candidate, meeting, [candidate, *others], **found).questions[0]


@pytest.mark.parametrize(
    ("reply", "priority"),
    [
        ("Bob: No idea. It has to be decided before we start.", "critical"),
        ("Bob: I'm not sure.", "high"),
    ],
)
def test_a_question_left_open_is_as_urgent_as_they_said(talk: Any, about: Any, reply: str, priority: str) -> None:
    question = _first(talk(ASKED, reply), about("Label the milk", 1, 2))
    assert question.question == "Which label must the bottle carry?"
    assert (question.priority, question.status) == (priority, "needs_answer")
    assert question.proposed_answer is None
    assert "asked by Ann" in question.context


def test_an_open_question_blocks_readiness(talk: Any, about: Any) -> None:
    found = generate_questions(about("Label the milk", 1, 2), talk(ASKED, "Bob: No idea, it blocks us."), [])
    assert "Which label must the bottle carry?" in found.readiness_blockers


def test_for_a_spike_finding_out_is_the_work(talk: Any, about: Any) -> None:
    spike = about("Label the milk", 1, 2, type="spike")
    assert _first(talk(ASKED, "Bob: No idea."), spike).priority == "medium"
    assert generate_questions(spike, talk(ASKED, "Bob: No idea."), []).readiness_blockers == ()


def test_an_answered_question_names_who_answered_and_where(talk: Any, about: Any) -> None:
    found = generate_questions(about("Label the milk", 1, 2), talk(ASKED, "Bob: The green label of the dairy."), [])
    (question,) = [question for question in found.questions if question.status == "answered"]
    assert question.answered_by == "Bob"
    assert question.proposed_answer is not None
    assert question.proposed_answer.answer == "The green label of the dairy."
    assert question.proposed_answer.source == "the meeting, line 2, Bob"


def test_an_answer_from_outside_the_team_is_asked_of_a_stakeholder(talk: Any, about: Any) -> None:
    question = _first(talk(ASKED, "Bob: We'd have to ask the authorities."), about("Label the milk", 1, 2))
    assert question.target_role == "stakeholder"


def test_a_proposed_answer_comes_from_a_document_and_names_it(talk: Any, about: Any) -> None:
    doc = TechnicalDoc(title="Labels", source="docs/labels.md", snippet="The bottle must carry the green label.")
    question = _first(
        talk(ASKED, "Bob: No idea."), about("Milk in glass", 1, 2), context=Context(technical_docs=(doc,))
    )
    assert question.proposed_answer is not None
    assert question.proposed_answer.answer == "The bottle must carry the green label."
    assert question.proposed_answer.source == "docs/labels.md"
    assert question.status == "needs_answer"


def test_a_document_about_something_else_proposes_nothing(talk: Any, about: Any) -> None:
    doc = TechnicalDoc(title="Barn doors", source="docs/doors.md", snippet="Doors open outwards.")
    question = _first(
        talk(ASKED, "Bob: No idea."), about("Milk in glass", 1, 2), context=Context(technical_docs=(doc,))
    )
    assert question.proposed_answer is None


def test_what_a_sibling_states_is_answered_by_it(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Which bank account receives the deposit of the guest?")
    sibling = about(
        "Deposits",
        id="candidate-2",
        acceptance_criteria=("The deposit of the guest goes to the bank account of the hotel",),
    )
    found = generate_questions(about("Cancel a booking", 1), meeting, [about("Cancel a booking", 1), sibling])
    (question,) = [question for question in found.questions if "deposit" in question.question]
    assert (question.status, question.answered_by) == ("answered_by_sibling", "candidate-2")


def test_a_question_that_work_waits_for_is_never_called_answered_by_a_sibling(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Which bank account receives the deposit?", "Bob: No idea, and it blocks us.")
    sibling = about("Deposits", id="candidate-2", acceptance_criteria=("The bank account receives the deposit",))
    assert _first(meeting, about("Cancel a booking", 1, 2), sibling).status == "needs_answer"


def test_what_is_missing_is_asked_for(talk: Any, about: Any) -> None:
    found = generate_questions(about("Faster search", 1), talk("Ann: Search."), [])
    asked = {question.category: question for question in reversed(found.questions)}
    assert asked["acceptance-criteria"].priority == "high"
    assert asked["business"].question == "Who needs “Faster search”, and what happens without it?"
    assert asked["technical"].target_role == "developer"
    assert any("“faster”" in question.question for question in found.questions)


def test_what_is_there_is_not_asked_for(talk: Any, about: Any) -> None:
    candidate = about(
        "Label the milk", 1, acceptance_criteria=("The label is green", "Bottles without a label are sorted out")
    )
    meeting = talk("Ann: The law wants it because customers must know. Two points.")
    assert generate_questions(candidate, meeting, []).questions == ()


def test_what_it_needs_first_is_answered_by_the_sibling_that_makes_it(talk: Any, about: Any) -> None:
    candidate, valve = about("Cool the milk", 1), about("New valve", id="candidate-2")
    meeting = talk("Ann: Cool it.")
    edge = Dependency(source="candidate-1", target="candidate-2", type="blocks", reason="said", strength="hard")
    risks = assess_risks(candidate, meeting, [candidate, valve], DependencyMap(dependencies=(edge,)))
    found = generate_questions(candidate, meeting, [candidate, valve], risks=risks)
    (question,) = [question for question in found.questions if question.category == "dependency"]
    assert (question.status, question.answered_by) == ("answered_by_sibling", "candidate-2")


def test_a_stated_risk_that_nobody_took_on_is_asked_about(talk: Any, about: Any) -> None:
    candidate = about("Cool the milk", 1)
    meeting = talk("Ann: There is a risk that the milk spoils when the power fails.")
    risks = assess_risks(candidate, meeting, [])
    found = generate_questions(candidate, meeting, [], risks=risks)
    assert any("the milk spoils" in question.question for question in found.questions)


def test_nothing_is_asked_twice(talk: Any, about: Any) -> None:
    meeting = talk(ASKED, "Bob: No idea.", "Eve: So which label must the bottle carry?", "Bob: No idea!")
    found = generate_questions(about("Label the milk", 1, 2, 3, 4), meeting, [])
    assert sum("label must the bottle carry" in question.question for question in found.questions) == 1
