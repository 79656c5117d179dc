from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.model.question import (
    PRIORITIES,
    ProposedAnswer,
    Question,
    QuestionPriority,
    readiness_blockers,
    with_blockers,
)

QUESTION = Question(question="Who pays?", priority="critical", category="business", target_role="product-owner")
ORDER: tuple[QuestionPriority, ...] = ("low", "critical", "high", "low")
QUESTIONS = st.builds(
    Question,
    question=st.text(min_size=1, max_size=20),
    priority=st.sampled_from(PRIORITIES),
    category=st.just("scope"),
    target_role=st.just("developer"),
    status=st.sampled_from(["needs_answer", "answered", "answered_by_sibling"]),
)


def test_an_open_critical_question_blocks() -> None:
    assert readiness_blockers([QUESTION]) == ("Who pays?",)
    assert readiness_blockers([evolve(QUESTION, priority="high")]) == ("Who pays?",)


@pytest.mark.parametrize(
    "question",
    [
        evolve(QUESTION, priority="medium"),
        evolve(QUESTION, status="answered"),
        evolve(QUESTION, status="answered_by_sibling"),
    ],
)
def test_an_answered_or_less_urgent_question_does_not_block(question: Question) -> None:
    assert readiness_blockers([question]) == ()


def test_questions_come_by_priority_and_else_in_their_order() -> None:
    low, critical, high, low_too = (
        evolve(QUESTION, question=str(number), priority=priority) for number, priority in enumerate(ORDER)
    )
    assert with_blockers([low, critical, high, low_too]).questions == (critical, high, low, low_too)


@given(st.lists(QUESTIONS, max_size=8))
def test_blockers_are_exactly_the_open_urgent_questions(questions: list[Question]) -> None:
    found = with_blockers(questions)
    assert sorted(found.questions, key=repr) == sorted(questions, key=repr)
    assert sorted(found.readiness_blockers) == sorted(
        question.question
        for question in questions
        if question.status == "needs_answer" and question.priority in ("critical", "high")
    )


@pytest.mark.parametrize(("answer", "source"), [("yes", ""), ("", "the meeting")])
def test_a_proposed_answer_needs_words_and_a_source(answer: str, source: str) -> None:
    with pytest.raises(ValueError):
        ProposedAnswer(answer=answer, confidence=0.5, source=source)
