"""Whether two texts speak of the same thing."""

from __future__ import annotations

import pytest

from pipekit.backlog.scoring.wording import evened, mentions, overlap


def test_ways_to_write_the_same_become_one() -> None:
    assert (
        evened("It\u2019s  \u201cNew\u201d \u2013\u00a0a\ufb01le\u2026\n&amp; mo\u0308re")
        == 'it\'s "new" - afile... & m\u00f6re'
    )


@pytest.mark.parametrize(
    ("stem", "text", "occurs"),
    [
        ("app", "it happens", False),
        ("app", "the apps", True),
        ("crash", "it precrashes", True),
        ("30", "after 130 days", False),
        ("30", "after 30 days", True),
        (".vtt", "a.vtt file", True),
        ("Caf\u00e9", "a cafe\u0301 bar", True),
    ],
)
def test_a_short_stem_begins_a_word_and_a_long_one_stands_anywhere(stem: str, text: str, occurs: bool) -> None:
    assert mentions([[stem]], evened(text)) == float(occurs)


def test_one_stem_of_every_group_has_to_occur() -> None:
    groups: list[list[object]] = [["ticket", "slot"], ["book"], [30]]
    assert mentions(groups, "book a time slot within 30 days") == 1.0
    assert mentions(groups, "book a time slot") == pytest.approx(2 / 3)
    assert mentions([], "anything") == 0.0


def test_overlap_is_the_share_of_the_passage_that_is_quoted_without_empty_words() -> None:
    assert overlap("We should port the scanner", ["port the scanner app"]) == pytest.approx(2 / 3)
    assert overlap("nothing of it", ["port the scanner", "of it nothing"]) == 1.0
    assert overlap("port", []) == 0.0
    assert overlap("of the", ["to the"]) == 0.0
