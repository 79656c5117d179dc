"""Sentences here are from other meetings than the samples: a bank, a farm, a theatre, a hospital."""

from __future__ import annotations

from time import process_time

import pytest

from pipekit.backlog.offline import signals
from pipekit.backlog.offline.amounts import estimate_in, has_bound, has_measure


@pytest.mark.parametrize(
    "sentence",
    [
        "I don't know, honestly.",
        "We’re not sure yet.",
        "No clue.",
        "That's still unclear to me.",
        "Nobody knows who has the key.",
        "I'd have to check with the bank.",
        "This needs to be clarified with the auditors.",
        "TBD",
        "That is an open question.",
    ],
)
def test_doubt_is_heard(sentence: str) -> None:
    assert signals.doubts(sentence)


@pytest.mark.parametrize(
    "sentence", ["Yes, twelve.", "The form has four fields.", "We decided that last week.", "It opens at nine."]
)
def test_a_plain_statement_is_no_doubt(sentence: str) -> None:
    assert not signals.doubts(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "That blocks the whole story.",
        "This must be decided before we start.",
        "We can't estimate it until they answer.",
        "That's the key question.",
        "It has to be clarified first.",
    ],
)
def test_urgency_is_heard(sentence: str) -> None:
    assert signals.presses(sentence)


@pytest.mark.parametrize(
    "sentence", ["Blue or green, I don't mind.", "We talked about it before.", "It's a nice idea."]
)
def test_no_urgency_is_imagined(sentence: str) -> None:
    assert not signals.presses(sentence)


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Nobody knows who owns the lease.", "Who owns the lease?"),
        ("I'm not sure whether the barn has power.", "Is it settled whether the barn has power?"),
        ("We need to find out if guests may cancel.", "Is it settled whether guests may cancel?"),
        ("It's unclear how many seats we keep, and so on.", "Is it known how many seats we keep?"),
        ("The seats are blue.", None),
        ("Who owns the lease?", None),
    ],
)
def test_a_question_inside_a_statement_is_taken_out(sentence: str, question: str | None) -> None:
    assert signals.indirect_question(sentence) == question


@pytest.mark.parametrize(
    "sentence", ["Can you hear me?", "Anything else?", "Shall we move on?", "Right?", "How long will that take?"]
)
def test_questions_on_the_talk_itself_are_known(sentence: str) -> None:
    assert signals.is_about_the_meeting(sentence)


@pytest.mark.parametrize("sentence", ["Which currencies do we support?", "May a nurse see the dose of another ward?"])
def test_questions_on_the_product_are_not_about_the_meeting(sentence: str) -> None:
    assert signals.asks(sentence)
    assert not signals.is_about_the_meeting(sentence)


@pytest.mark.parametrize(
    ("sentence", "estimate"),
    [
        ("I'd say five points.", "five points"),
        ("13 story points", "13 story points"),
        ("It takes about three weeks.", "three weeks"),
        ("Two days, tops.", "Two days"),
        ("That's size M for me.", "size M"),
        ("Five points?", None),
        ("We took thirty points last time.", None),
        ("It happened two days ago.", None),
        ("Data is kept for 30 days.", None),
        ("Within five points of the reference.", None),
        ("The stage is ten metres wide.", None),
    ],
)
def test_an_estimate_is_told_from_other_numbers(sentence: str, estimate: str | None) -> None:
    assert estimate_in(sentence) == estimate


@pytest.mark.parametrize(
    "sentence", ["Answers within two seconds", "at most 5 retries", "99 % of calls", "up to ten rows"]
)
def test_measures_are_found(sentence: str) -> None:
    assert has_measure(sentence)


def test_a_bound_can_be_a_word() -> None:
    assert has_bound("A locked account can never be opened by a clerk")
    assert not has_bound("The screen looks nice")
    assert not has_measure("The screen looks nice")


@pytest.mark.parametrize(
    "sentence", ["There is a risk that milk spoils.", "I'm worried about the old valve.", "What if both press it"]
)
def test_warnings_are_heard(sentence: str) -> None:
    assert signals.warns(sentence)


@pytest.mark.parametrize("sentence", ["No worries.", "I see no risk in that.", "Don't worry about it."])
def test_reassurance_is_no_warning(sentence: str) -> None:
    assert not signals.warns(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "As a farmer I want to see the milk yield so that I can plan.",
        "Because the auditors ask for it.",
        "Clerks type it in by hand every day.",
        "The page crashes when the list is empty.",
        "Patients complain about it.",
    ],
)
def test_reasons_are_heard(sentence: str) -> None:
    assert signals.gives_reason(sentence)


@pytest.mark.parametrize("sentence", ["Add a blue button.", "A second list on the right side."])
def test_a_wish_alone_is_no_reason(sentence: str) -> None:
    assert not signals.gives_reason(sentence)


def test_stretching_words_count_only_without_a_measure() -> None:
    assert signals.elastic_words("Make the search faster and nicer") == ("faster", "nicer")
    assert signals.elastic_words("Make the search faster, below 200 ms") == ()
    assert signals.elastic_words("Show it as soon as it is there") == ()


@pytest.mark.parametrize(
    ("sentence", "severities"),
    [
        ("It shows prices, stock and so on.", ["major"]),
        ("While we're at it, add a logo.", ["moderate"]),
        ("Show the price.", []),
    ],
)
def test_a_scope_without_bounds_is_heard(sentence: str, severities: list[str]) -> None:
    assert [severity for _, severity in signals.creep_words(sentence)] == severities


def test_words_are_compared_by_their_stems() -> None:
    assert signals.content_words("The printers print") == signals.content_words("a printer, printing")
    assert signals.content_words("and so on, or not") == frozenset()


@pytest.mark.parametrize("said", ["1" * 100_000, "1." * 50_000, "1," * 50_000 + " x", "less than " * 10_000])
def test_long_numbers_take_no_longer_than_their_length(said: str) -> None:
    begun = process_time()
    has_bound(said)
    estimate_in(said)
    assert process_time() - begun < 10
