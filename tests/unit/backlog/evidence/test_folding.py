"""What copying changes makes no difference, and the way back from folded text leads to whole letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.evidence.folding import Folded, folded, says_something
from pipekit.backlog.text import fold

#: Letters that are more than one character, or become it: composed, joined, turned around, unseen, spelt out.
HOSTILE = st.text(alphabet="aEß ﬁ…“'–-é\u0301\u0323İΣς☕👩\u200d🚀\u200f\u00ad한ᄒ\u1161가Ⅷ½\u00a0x", max_size=12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“We’d like it”", '"We\'d like it"'),
        ("sorted – by date", "SORTED - by date"),
        ("caf\u00e9", "cafe\u0301"),
        ("Straße", "STRASSE"),
        ("ﬁne… then", "fine... then"),
        ("ｆｕｌｌ １２", "full 12"),
        ("co\u00adoperate", "cooperate"),
        ("\u202bשלום\u202c", "שלום"),
        ("❤\ufe0f", "❤"),
        ("ΣΟΦΟΣ", "σοφος"),
    ],
)
def test_texts_that_differ_in_what_copying_changes_are_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_words_that_differ_stay_different() -> None:
    assert folded("the list") != folded("the lists")
    assert folded("resume") != folded("résumé")


@given(st.lists(HOSTILE.map(fold), max_size=4), st.data())
def test_the_way_back_leads_to_a_stretch_with_the_same_folded_text(pieces: list[str], data: st.DataObject) -> None:
    text = " ".join(piece for piece in pieces if piece)
    row = Folded(pieces)
    begin = data.draw(st.integers(0, len(row.text)))
    end = data.draw(st.integers(begin, len(row.text)))
    origin = row.origin(begin, end)
    assert row.text == folded(text)
    if origin is not None:
        assert folded(text[slice(*origin)]) == row.text[begin:end]


def test_half_of_a_letter_has_no_way_back() -> None:
    row = Folded(["Straße"])
    assert row.text == "strasse"
    assert row.origin(0, 5) is None
    assert row.origin(0, 6) == (0, 5)


@pytest.mark.parametrize("text", ["", " ", "?!", "“…”", "—", "\u0301", "\u200b"])
def test_punctuation_alone_says_nothing(text: str) -> None:
    assert not says_something(text)


@pytest.mark.parametrize("text", ["a", "7", "👍", "ه", "字"])
def test_a_letter_a_digit_or_a_picture_says_something(text: str) -> None:
    assert says_something(text)
