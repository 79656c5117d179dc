"""Words and places: folding, sentences, quotes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog import Meeting, Utterance
from pipekit.backlog.text import fold, locate, sentences_of


def a_meeting(*texts: str) -> Meeting:
    return Meeting(utterances=tuple(Utterance(text=text, line=n, last_line=n) for n, text in enumerate(texts, start=1)))


def test_a_quote_across_two_cues_is_found_with_both_places() -> None:
    span = locate(a_meeting("We want to set a date", "so that it goes online."), "a date so that\n it goes")
    assert span is not None
    assert (span.first, span.last, span.verified) == (1, 2, True)


def test_a_quote_that_was_changed_is_not_found() -> None:
    assert locate(a_meeting("We want a date."), "We want the date.") is None


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=6))
def test_every_sentence_of_a_meeting_is_found_in_it(texts: list[str]) -> None:
    meeting = a_meeting(*texts)
    for text in texts:
        for sentence in sentences_of(text):
            assert locate(meeting, sentence) is not None


@given(st.text(max_size=200))
def test_no_word_is_lost_between_sentences(text: str) -> None:
    assert fold(" ".join(sentences_of(text))) == fold(text)


def test_sentences_end_where_they_end() -> None:
    assert sentences_of("It works. Does it? Yes, e.g. here! Fine") == [
        "It works.",
        "Does it?",
        "Yes, e.g. here!",
        "Fine",
    ]
