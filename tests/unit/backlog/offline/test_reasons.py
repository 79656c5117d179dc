"""A person can see why a sentence became a candidate, or didn't."""

from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog.model.reasons import Reason
from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.extract_candidates import extract_candidates
from pipekit.backlog.offline.talk import read_talk
from pipekit.backlog.offline.wishes import set_aside, signs_of, worth_of


def reasons(meeting: Any) -> dict[str, Reason]:
    return {one.said.quote: one for one in extract_candidates(meeting).why}


@pytest.fixture
def meeting(talk: Any) -> Any:
    return talk(
        "Ann: First the bookings. As a guest I want to book a room online so that I don't have to call.",
        "Bob: Fine. Five points.",
        "Ann: Next one. We should add an export of the rooms, because the auditors ask for it.",
        "Bob: Three points.",
        "Ann: Next. Could we have a chat bot? We should really have one.",
        "Bob: No, we're not doing that.",
        "Ann: Then we commit: bookings and the bug in the export.",
    )


def test_what_asks_for_work_names_its_rules_and_their_words(meeting: Any) -> None:
    found = reasons(meeting)
    story = found["As a guest I want to book a room online so that I don't have to call."]
    assert (story.outcome, story.candidate) == ("candidate", "candidate-1")
    assert [(sign.rule, sign.words, sign.weight) for sign in story.signs] == [("story", "As a guest I want", 3.0)]
    export = found["We should add an export of the rooms, because the auditors ask for it."]
    assert (export.candidate, [sign.words for sign in export.signs]) == ("candidate-2", ["We should"])
    assert (export.said.speaker, export.said.first) == ("Ann", 3)


def test_what_was_turned_down_names_the_words_that_did(meeting: Any) -> None:
    found = reasons(meeting)
    for said in ("We should really have one.", "No, we're not doing that."):
        assert (found[said].outcome, found[said].candidate) == ("dropped", None)
        assert found[said].because == "rejected by “we're not doing that” (Bob)"


def test_what_sums_up_is_left_out_for_that(meeting: Any) -> None:
    (summed,) = (one for said, one in reasons(meeting).items() if said.startswith("Then we commit"))
    assert (summed.outcome, "commit" in summed.because) == ("dropped", True)
    assert summed.signs, "its words would ask for work"


def test_the_same_item_again_names_the_words_in_common(talk: Any) -> None:
    again = "The waiting list again, we need to show the waiting list to members."
    found = reasons(
        talk(
            "Ann: First, the waiting list. As a member I want to see my place on the waiting list.",
            "Bob: Five points.",
            "Ann: Next one. We should fix the water meters, they show nothing below five degrees.",
            f"Ann: Next one. {again}",
        )
    )[again]
    assert (found.outcome, found.candidate) == ("joined", "candidate-1")
    assert "waiting, list" in found.because


def test_reasons_come_in_the_order_of_the_talk(meeting: Any) -> None:
    places = [one.said.from_char or 0 for one in extract_candidates(meeting).why]
    assert places == sorted(places)


def test_talk_without_work_needs_no_reasons(talk: Any) -> None:
    assert extract_candidates(talk("Ann: Good morning.", "Bob: Nice weather.")).why == ()


@pytest.mark.parametrize(
    ("said", "worth", "aside"),
    [
        ("As a guest I want to book a room.", 3.0, None),
        ("We should add an export of the rooms.", 2.0, None),
        ("We agreed that we should all be on time.", 0.0, "agreement"),
        ("What a lovely morning.", 0.0, None),
    ],
)
def test_a_sentence_is_worth_what_its_signs_add_up_to(talk: Any, said: str, worth: float, aside: str | None) -> None:
    (one,) = read_talk(talk(f"Ann: {said}"))
    assert worth_of(one, cues()) == worth
    held = set_aside(one.said, cues())
    assert (held.rule if held else None) == aside
    if held is None:
        assert sum(sign.weight for sign in signs_of(one.said, cues())) == worth
