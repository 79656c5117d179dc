"""What kind of meeting it was, when it is called so, and when only its course tells."""

from __future__ import annotations

import pytest
from tests.unit.backlog.offline.test_topics import talk

from pipekit.backlog.offline.detect_event import detect_event

WORKED_OUT = (
    "Ann: We should let members book the sauna by the hour.",
    "Bo: Two days.",
    "Ann: It's done when an hour can be booked once.",
    "Bo: We need to mend the lock of the shed.",
    "Cy: One day, done when it closes with one hand.",
    "Cy: One day.",
)


def test_what_the_meeting_is_called_decides_over_what_is_said_in_it() -> None:
    found = detect_event(
        talk(
            "Ann: Welcome to the planning.",
            "Bo: As a member I want a locker so that I can leave my towel.",
            "Cy: The acceptance criteria are written, five points, it's in the backlog.",
        )
    )
    assert found.event_type == "planning"


def test_items_that_are_worked_out_make_a_refinement_without_a_word_for_it() -> None:
    assert detect_event(talk(*WORKED_OUT)).event_type == "refinement"


@pytest.mark.parametrize("lines", [WORKED_OUT[:1], ("Ann: The sauna was lovely.", "Bo: I fell asleep.")])
def test_one_wish_alone_makes_none(lines: tuple[str, ...]) -> None:
    assert detect_event(talk(*lines)).event_type == "other"


def test_columns_and_stickers_make_a_retrospective() -> None:
    found = detect_event(talk("Ann: Three columns again.", "Bo: Whose sticker is that?", "Cy: What held us back?"))
    assert found.event_type == "retrospective"
    assert set(found.indicators) == {"columns", "sticker", "held us back"}
