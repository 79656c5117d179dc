"""Words: folding, sentences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.text import fold, sentences_of


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
