from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog.offline.discussion import discussion_of, sentences


def _only_question(meeting: Any, candidate: Any) -> Any:
    (question,) = discussion_of(meeting, candidate).questions()
    return question


def test_a_question_that_nobody_could_answer_is_open(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Which currencies do we support?", "Bob: No idea.")
    question = _only_question(meeting, about("Pay in foreign money", 1, 2))
    assert question.text == "Which currencies do we support?"
    assert question.answer is None
    assert [doubt.text for doubt in question.doubts] == ["No idea."]
    assert not question.is_pressing


def test_a_question_that_somebody_answered_is_answered(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Which currencies do we support?", "Bob: Euros and pounds, as today.")
    question = _only_question(meeting, about("Pay in foreign money", 1, 2))
    assert question.answer.text == "Euros and pounds, as today."
    assert question.answer.speaker == "Bob"


def test_a_question_presses_when_work_waits_for_its_answer(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Which currencies do we support?", "Bob: I don't know. That must be settled before we start.")
    assert _only_question(meeting, about("Pay in foreign money", 1, 2)).is_pressing


def test_a_doubt_after_a_first_answer_leaves_it_open(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Who signs the contract?", "Bob: The director signs it. Or not, I'm not sure.")
    assert _only_question(meeting, about("Digital contract", 1, 2)).answer is None


def test_nobody_replying_leaves_it_open(talk: Any, about: Any) -> None:
    assert _only_question(talk("Ann: Who signs the contract?"), about("Digital contract", 1)).answer is None


def test_what_was_said_later_about_something_else_is_no_answer(talk: Any, about: Any) -> None:
    meeting = talk(
        "Ann: Who signs the contract?", "Bob: Lunch!", "Ann: Next topic.", "Bob: The contract has two pages."
    )
    assert _only_question(meeting, about("Digital contract", 1, 4)).answer is None


def test_several_questions_in_a_row_share_the_reply(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Who signs the contract? And who pays the notary?", "Bob: We have to ask Legal.")
    questions = discussion_of(meeting, about("Digital contract", 1, 2)).questions()
    assert [question.text for question in questions] == ["Who signs the contract?", "Who pays the notary?"]
    assert all(question.answer is None and question.doubts for question in questions)


def test_options_belong_to_the_question_before(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Who pays the notary? Us or them?", "Bob: Them, always.")
    assert _only_question(meeting, about("Digital contract", 1, 2)).text == "Who pays the notary?"


@pytest.mark.parametrize(
    "line", ["Ann: Anything else?", "Ann: Can you hear me now?", "Ann: How long is that?", "Ann: Really?"]
)
def test_questions_on_the_talk_itself_are_left_out(talk: Any, about: Any, line: str) -> None:
    assert discussion_of(talk(line, "Bob: I don't know."), about("Digital contract", 1, 2)).questions() == ()


def test_the_proposal_itself_is_no_open_question(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Could we offer a digital contract?", "Bob: I don't know what it costs.")
    questions = discussion_of(meeting, about("Offer a digital contract", 1, 2)).questions()
    assert [question.text for question in questions] == ["Is it known what it costs?"]


def test_in_notes_the_answer_stands_in_the_same_bullet(talk: Any, about: Any) -> None:
    meeting = talk("- which fee applies? the lower one (law of 2020)", "- which bank? → Eve asks the treasury")
    first, second = discussion_of(meeting, about("Fees of the bank", 1, 2)).questions()
    assert first.answer is not None
    assert second.answer is None


def test_what_is_about_a_sibling_alone_is_left_out(talk: Any, about: Any) -> None:
    meeting = talk("Ann: The barn door needs a sensor. The milk report needs a second column.")
    door = about("Sensor for the barn door", 1)
    report = about("Second column of the milk report", 1, id="candidate-2")
    remarks = discussion_of(meeting, door, [door, report]).remarks
    assert [remark.text for remark in remarks] == ["The barn door needs a sensor."]


def test_warnings_in_one_turn_are_one(talk: Any, about: Any) -> None:
    meeting = talk(
        "Ann: There is a risk that the milk spoils overnight. I'm worried about the old valve there.",
        "Bob: And otherwise the truck comes for nothing.",
    )
    warnings = discussion_of(meeting, about("Cooling", 1, 2)).warnings()
    assert tuple(one.text for one in warnings) == (
        "There is a risk that the milk spoils overnight. I'm worried about the old valve there.",
        "And otherwise the truck comes for nothing.",
    )
    assert [[span.first for span in one.evidence] for one in warnings] == [[1, 1], [2]]


def test_the_last_estimate_counts(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Eight points.", "Bob: With the old valve, three points.")
    estimate = discussion_of(meeting, about("Cooling", 1, 2)).estimate()
    assert estimate is not None
    assert (estimate[0], estimate[1].speaker) == ("three points", "Bob")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ("One.", "Two!", "Three?")),
        ("Version 1.5 is out, i.e. now. Good.", ("Version 1.5 is out, i.e. now.", "Good.")),
        ("which bank? → Eve asks", ("which bank?", "→ Eve asks")),
        ("", ()),
        ("…", ()),
    ],
)
def test_sentences_are_told_apart(text: str, parts: tuple[str, ...]) -> None:
    assert sentences(text) == parts


def test_nothing_said_gives_nothing(talk: Any, about: Any) -> None:
    discussion = discussion_of(talk(), about("Cooling"))
    assert (discussion.questions(), discussion.warnings(), discussion.estimate()) == ((), (), None)
