"""Quotes: what models do to words, and what is found of them all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog import Meeting, Utterance
from pipekit.backlog.asked.quotes import Quotes
from pipekit.backlog.text import fold

SAID = (
    "We’d like to see the list – sorted, and with names.",
    "It is fine if it is right as of last night.",
    "No, I don't think so.",
)
MEETING = Meeting(
    attendees=("Ann (PO)",),
    utterances=tuple(Utterance(text=text, line=n, last_line=n, speaker="Ann") for n, text in enumerate(SAID, start=11)),
)
QUOTES = Quotes(MEETING)


@pytest.mark.parametrize(
    "quote",
    [
        "We’d like to see the list – sorted",
        "We'd like to see the list - sorted",
        "we'd like  to see\nthe list – sorted",
        '"We’d like to see the list – sorted"',
        "[11] Ann: We’d like to see the list – sorted",
        "Ann (PO): We’d like to see the list – sorted",
        "We’d like to see the list – sorted.",
    ],
)
def test_a_quote_that_was_copied_nearly_right_is_kept_in_the_words_of_the_source(quote: str) -> None:
    (span,) = QUOTES.spans(quote)
    assert (span.quote, span.first, span.speaker, span.verified) == (
        "We’d like to see the list – sorted",
        11,
        "Ann",
        True,
    )


def test_a_quote_with_its_middle_left_out_is_found_in_pieces() -> None:
    spans = QUOTES.spans("We’d like to see the list … right as of last night.")
    assert [(span.first, span.verified) for span in spans] == [(11, True), (12, True)]


def test_a_paraphrase_is_marked_and_points_to_the_likeliest_place() -> None:
    (span,) = QUOTES.spans("They want the list sorted with the names shown")
    assert (span.first, span.verified) == (11, False)


@pytest.mark.parametrize(
    "quote", ["", "  ", "…", "so", "hink so", "Purple elephants dance on the roof", "list – sorte"]
)
def test_what_is_not_there_is_nowhere(quote: str) -> None:
    assert all(not span.verified for span in QUOTES.spans(quote))
    assert QUOTES.find(quote) is None


def test_a_statement_needs_its_words_in_the_meeting_and_not_just_any_quote() -> None:
    assert QUOTES.states("The list is right as of last night", "right as of last night")
    assert not QUOTES.states("The page loads within two seconds", "right as of last night")
    assert not QUOTES.states("The page loads within two seconds", "it must load within two seconds")


@given(st.lists(st.text(max_size=30), max_size=5), st.text(max_size=40))
def test_any_text_is_looked_up_without_a_fault_and_what_is_found_is_verbatim(texts: list[str], quote: str) -> None:
    meeting = Meeting(utterances=tuple(Utterance(text=text, line=n, last_line=n) for n, text in enumerate(texts, 1)))
    everything = " ".join(fold(text) for text in texts)
    for span in Quotes(meeting).spans(quote):
        assert not span.verified or span.quote in everything


@given(st.lists(st.text(min_size=6, max_size=30), min_size=1, max_size=5))
def test_every_utterance_with_enough_letters_is_found_in_its_own_meeting(texts: list[str]) -> None:
    meeting = Meeting(utterances=tuple(Utterance(text=text, line=n, last_line=n) for n, text in enumerate(texts, 1)))
    quotes = Quotes(meeting)
    for text in texts:
        if sum(char.isalnum() for char in fold(text)) >= 6:
            assert quotes.find(text) is not None
