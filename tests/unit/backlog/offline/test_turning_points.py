"""Where talk turns to another thing without a phrase for it: after something was settled, in words that are new."""

from __future__ import annotations

import pytest
from tests.unit.backlog.offline.test_topics import talk

from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.extract_candidates import extract_candidates
from pipekit.backlog.offline.talk import read_talk
from pipekit.backlog.offline.turning_points import turning_points

BEFORE = (
    "Ann: Scouts who lose the key have to wait for me, in the rain, and I live in another village.",
    "Bo: They should get a code for the hut on their phone.",
    "Cy: A code that ends with the booking.",
    "Bo: Two days.",
)
SETTLED = "Ann: Good, put it on the list."
AFTER = (
    "Ann: Firewood, the crates are always empty on a Sunday.",
    "Bo: The crates hold forty logs, a winter weekend burns sixty logs.",
    "Cy: We need to order firewood by the weather forecast.",
    "Ann: The forecast knows frost, and frost burns logs.",
)


def turns(*lines: str, leader: str | None = None) -> list[str]:
    """The sentences at which the talk turns."""
    said = read_talk(talk(*lines))
    return [said[place].text for place in sorted(turning_points(said, {0}, leader, cues()))]


def test_after_something_was_settled_new_words_open_a_topic() -> None:
    assert turns(*BEFORE, SETTLED, *AFTER) == ["Firewood, the crates are always empty on a Sunday."]


def test_both_things_become_items() -> None:
    found = [one.title for one in extract_candidates(talk(*BEFORE, SETTLED, *AFTER)).candidates]
    assert found == ["Get a code for the hut on their phone", "Order firewood by the weather forecast"]


@pytest.mark.parametrize(
    ("why", "lines"),
    [
        ("nothing was settled", (*BEFORE[:3], *AFTER)),
        (
            "it goes on in the same words",
            (
                *BEFORE,
                SETTLED,
                "Ann: The code for the hut is on the phone of whoever booked.",
                "Bo: We need to send the code again when the phone is lost.",
                "Cy: The booking knows the phone.",
            ),
        ),
        ("nothing is asked for after it", (*BEFORE, SETTLED, "Ann: Firewood was nice on Sunday.", "Bo: Lovely logs.")),
    ],
)
def test_one_sign_alone_opens_none(why: str, lines: tuple[str, ...]) -> None:
    assert turns(*lines) == [], why


def test_what_settles_a_thing_ends_it_and_begins_nothing() -> None:
    assert "A spike then." not in turns(*BEFORE, "Ann: A spike then.", *AFTER)


def test_it_is_a_stronger_sign_when_the_one_who_leads_speaks() -> None:
    """Without the settling words, the leader's voice can be what is missing."""
    lines = (*BEFORE[:3], *AFTER)
    assert turns(*lines) == []
    assert turns(*lines, leader="Ann") == ["Firewood, the crates are always empty on a Sunday."]


def test_a_topic_that_is_known_already_is_no_turning_point() -> None:
    said = read_talk(talk(*BEFORE, SETTLED, *AFTER))
    known = {place for place, one in enumerate(said) if one.text.startswith("Firewood,")}
    assert turning_points(said, {0} | known, None, cues()) == set()
    assert turning_points([], set(), None, cues()) == set()
