from __future__ import annotations

from typing import Any

from pipekit.backlog import Event, Meeting
from pipekit.backlog.steps.detect_event import detect_event


def test_indicators_are_words_of_the_meeting(ask: Any, garden: Meeting) -> None:
    answer = {
        "eventType": "refinement",
        "confidence": 0.9,
        "indicators": ["as a member I want", "five points OTHERWISE", "we estimated with poker cards", " "],
    }
    assert ask(detect_event, answer, garden) == Event(
        event_type="refinement", confidence=0.9, indicators=("As a member I want", "Five points otherwise")
    )


def test_a_choice_that_nothing_shows_is_a_guess(ask: Any, garden: Meeting) -> None:
    answer = {"eventType": "standup", "confidence": 1.0, "indicators": ["Yesterday I slept"]}
    assert ask(detect_event, answer, garden).confidence == 0.5


def test_no_model_is_asked_about_nothing(ask: Any) -> None:
    assert ask(detect_event, "never read", Meeting(utterances=())).event_type == "other"
