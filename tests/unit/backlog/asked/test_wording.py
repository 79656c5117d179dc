"""Texts of a model on one line, cut and compared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.asked.wording import MAX_TITLE, each_once, one_line, share_of_words, shortened, title_from


@given(st.text(max_size=300))
def test_a_title_is_one_line_of_at_most_eighty_characters(text: str) -> None:
    title = title_from(text)
    assert len(title) <= MAX_TITLE
    assert "\n" not in title
    assert "\x1b" not in title


def test_a_title_of_two_hundred_characters_is_cut_at_a_word() -> None:
    title = title_from("Show members their place on the waiting list " * 5)
    assert title == "Show members their place on the waiting list Show members their place on the…"


@given(st.text(max_size=100), st.integers(min_value=2, max_value=60))
def test_what_is_short_enough_stays_as_it_is(text: str, length: int) -> None:
    line = one_line(text)
    assert shortened(text, length) == line if len(line) <= length else len(shortened(text, length)) <= length


def test_each_text_comes_once_where_it_came_first() -> None:
    assert each_once(["b", " a ", "B", "", "…", "a"]) == ("b", "a")


def test_inflected_words_count_as_the_same() -> None:
    assert share_of_words("members visiting gardens", "a member visits the garden") > 0.6
