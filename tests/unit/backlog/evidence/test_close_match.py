"""A quote with some words changed is found where it comes from, and nothing else is taken for it."""

from __future__ import annotations

from difflib import SequenceMatcher

from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.evidence.close_match import CLOSE, CloseMatcher

TALK = (
    "good morning. the export is late every monday and nobody is told why. yes, and the list of members has no dates. "
    "could we get a reminder two days before the course begins? that would save us a lot of calls. fine by me."
)
MATCHER = CloseMatcher(TALK)


def test_words_that_were_changed_left_out_or_put_in_are_found_around_the_same_place() -> None:
    for quote in (
        "the export is always late every monday and nobody is told why",
        "the export is late every monday and nobody told why",
        "an export is late every monday and nobody is told",
    ):
        best = MATCHER.closest(quote)[0]
        assert TALK[best.begin : best.end].startswith(("the export is late", "export is late"))
        assert CLOSE <= best.similarity < 1


def test_other_words_of_the_same_matter_are_not_close() -> None:
    assert MATCHER.closest("the exports keep failing and people complain on mondays") == []
    assert MATCHER.closest("purple elephants dance on the roof") == []


def test_a_short_quote_is_close_to_nothing() -> None:
    assert MATCHER.closest("the exports late") == []


def test_a_quote_longer_than_the_text_is_close_to_nothing() -> None:
    assert CloseMatcher("one two three four").closest("one two three four " * 40) == []
    assert CloseMatcher("").closest("one two three four five") == []


def test_in_a_script_without_blanks_characters_stand_for_words() -> None:
    matcher = CloseMatcher("おはようございます。毎週月曜日に在庫一覧を送る必要があります。以上です。")
    best = matcher.closest("毎週月曜日に在庫の一覧を送る必要がある")[0]
    assert best.similarity >= CLOSE


WORDS = st.sampled_from(["the", "list", "of", "dates", "we", "need", "export", "late", "mail", "twice", "a", "it"])
SENTENCES = st.lists(WORDS, min_size=1, max_size=25).map(" ".join)


@given(SENTENCES, SENTENCES)
def test_no_close_match_lies_under_the_threshold_or_outside_of_the_text(text: str, quote: str) -> None:
    for one in CloseMatcher(text).closest(quote):
        assert 0 <= one.begin < one.end <= len(text)
        there = text[one.begin : one.end]
        assert SequenceMatcher(None, there, quote, autojunk=False).ratio() == one.similarity >= CLOSE
