from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pipekit.backlog import Candidate, Context, Meeting, Questions
from pipekit.backlog.model.context import TechnicalDoc
from pipekit.backlog.model.question import Addressee
from pipekit.backlog.settings import QuestionSettings
from pipekit.backlog.steps.generate_questions import generate_questions

MOVED = "Do members who moved away still see it?"


def question(
    text: str = MOVED, priority: str = "critical", answer: dict[str, Any] | None = None, quote: str = ""
) -> dict[str, Any]:
    return {
        "question": text,
        "quote": quote,
        "context": "Work can't start without it.",
        "category": "business",
        "priority": priority,
        "targetRole": "stakeholder",
        "proposedAnswer": answer,
    }


def answered(quote: str, source: str = "meeting", **fields: Any) -> dict[str, Any]:
    return {"source": source, "quote": quote, "answer": "Yes.", "settles": True, "confidence": 0.9, **fields}


@pytest.fixture
def generated(ask: Any, garden: Meeting, waiting_list: Candidate, register: Candidate, ctx: Any) -> Any:
    def generate(*questions: dict[str, Any], context: Context | None = None) -> Questions:
        given = {"questions": list(questions)}
        both, settings = [waiting_list, register], QuestionSettings()
        found = ask(generate_questions, given, waiting_list, garden, both, settings, ctx, context=context)
        assert isinstance(found, Questions)
        return found

    return generate


def test_blockers_are_computed_and_urgent_questions_come_first(generated: Any) -> None:
    found = generated(question("How large?", "low"), question())
    assert [one.question for one in found.questions] == [MOVED, "How large?"]
    assert found.readiness_blockers == (MOVED,)


def test_an_answer_from_the_meeting_names_its_place_and_closes_the_question(generated: Any) -> None:
    found = generated(
        question(
            "How right must the place on the list be?", answer=answered("It's fine if it is right as of last night.")
        )
    )
    one = found.questions[-1]
    assert (one.status, one.answered_by, one.priority) == ("answered", "Bram", "low")
    assert one.proposed_answer is not None
    assert one.proposed_answer.source == "the meeting, line 2, Bram"
    assert one.question not in found.readiness_blockers


def test_words_about_something_else_close_no_question(generated: Any) -> None:
    found = generated(question("Who pays it?", answer=answered("No, the statutes don't allow it.")))
    assert found.questions[0].status == "needs_answer"
    assert found.readiness_blockers == ("Who pays it?", MOVED)


def test_an_answer_that_only_hints_leaves_the_question_open(generated: Any) -> None:
    found = generated(question(answer=answered("I'd have to ask the board.", settles=False)))
    assert found.questions[0].status == "needs_answer"
    assert found.questions[0].proposed_answer is not None
    assert found.readiness_blockers == (MOVED,)


@pytest.mark.parametrize(
    "answer",
    [
        answered("Everybody sees everything, that was settled"),
        answered(""),
        answered("It's fine if it is right as of last night.", answer=" "),
        answered("Members see it for ever", source="docs/rules.md"),
        answered("Members see it for ever", source="candidate-2"),
        answered("Members see it for ever", source="candidate-99"),
        answered(MOVED),
    ],
)
def test_an_answer_without_words_that_stand_somewhere_is_dropped(generated: Any, answer: dict[str, Any]) -> None:
    found = generated(question(answer=answer))
    assert (found.questions[0].proposed_answer, found.questions[0].status) == (None, "needs_answer")
    assert found.readiness_blockers == (MOVED,)


def test_a_sibling_that_says_it_closes_the_question(generated: Any) -> None:
    found = generated(
        question("Who takes the list off the paper?", answer=answered("off the paper first", "candidate-2"))
    )
    one = found.questions[-1]
    assert (one.status, one.answered_by) == ("answered_by_sibling", "candidate-2")
    assert one.proposed_answer is not None
    assert one.proposed_answer.source == "candidate-2 of the same meeting"


def test_what_a_document_says_is_a_proposal_and_closes_nothing(generated: Any) -> None:
    doc = TechnicalDoc(title="Rules", source="docs/rules.md", snippet="Former members see nothing.")
    answer = answered("former members see nothing", source="document docs/rules.md: Rules")
    found = generated(question(answer=answer), context=Context(technical_docs=(doc,)))
    (one,) = found.questions
    assert one.proposed_answer is not None
    assert (one.status, one.proposed_answer.source) == ("needs_answer", "docs/rules.md")


def test_blank_and_double_questions_are_left_out(generated: Any) -> None:
    assert len(generated(question(), question(MOVED.upper()), question(" "), question("?")).questions) == 1


def test_a_models_questions_are_addressed_by_the_teams_file_and_the_model_never_sees_it(
    answering: Any, garden: Meeting, waiting_list: Candidate, ctx: Any
) -> None:
    (ctx.project / "stakeholders.yaml").write_text("stakeholder: {name: Cecilia, contact: cecilia@example.org}")
    model = answering({"questions": [question(), question("Which colour?", "low")]})
    found = asyncio.run(generate_questions(waiting_list, garden, [waiting_list], QuestionSettings(), ctx, model))
    assert {one.addressed_to for one in found.questions} == {
        (Addressee(name="Cecilia", contact="cecilia@example.org"),)
    }
    assert "Cecilia" not in repr(model.inputs)


def test_what_the_meeting_left_open_is_there_whatever_a_model_leaves_out_or_calls_a_trifle(generated: Any) -> None:
    assert generated().readiness_blockers == (MOVED,)
    (one,) = generated(question(priority="low")).questions
    assert (one.question, one.priority) == (MOVED, "high")


def test_the_words_given_for_a_question_are_located_whatever_was_done_to_them(generated: Any) -> None:
    found = generated(
        question("Who asks the board?", quote="[4] Bram: i'd have to ask the board"),
        question("How fresh is it?", quote="It is fine if it was right as of last night"),
        question("Who pays it?", quote="The treasurer pays all of it"),
        question("Which colour?", quote=" "),
    )
    by_text = {one.question: [(span.match, span.first, span.quote) for span in one.evidence] for one in found.questions}
    assert by_text["Who asks the board?"] == [("folded", 4, "I'd have to ask the board")]
    assert [one[:2] for one in by_text["How fresh is it?"]] == [("close", 2)]
    assert by_text["Who pays it?"] == [("unsupported", 0, "The treasurer pays all of it")]
    assert by_text["Which colour?"] == []


@pytest.mark.parametrize("given", ["", "Those who emigrated to the moon, too"])
def test_a_question_that_the_meeting_asked_has_its_words_even_where_a_model_gives_none(
    generated: Any, given: str
) -> None:
    (one,) = generated(question(quote=given)).questions
    assert [(span.match, span.first) for span in one.evidence] == [("exact", 3), ("exact", 4)]


def test_an_answer_from_the_meeting_has_its_words(generated: Any) -> None:
    found = generated(question(answer=answered("I'd have to ask the board.", settles=False)))
    assert found.questions[0].proposed_answer is not None
    assert [(span.first, span.quote) for span in found.questions[0].proposed_answer.evidence] == [
        (4, "I'd have to ask the board.")
    ]


def test_an_answer_from_elsewhere_claims_no_words_of_the_meeting(generated: Any) -> None:
    doc = TechnicalDoc(title="Rules", source="docs/rules.md", snippet="Former members see nothing.")
    answer = answered("former members see nothing", source="docs/rules.md")
    (one,) = generated(question(answer=answer), context=Context(technical_docs=(doc,))).questions
    assert one.proposed_answer is not None
    assert one.proposed_answer.evidence == ()
