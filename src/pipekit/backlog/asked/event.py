"""What kind of meeting it was, as a model is asked for it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen, validators

from pipekit.backlog.asked.quotes import quotes_of
from pipekit.backlog.asked.wording import each_once
from pipekit.backlog.model.event import Event, EventType
from pipekit.backlog.model.meeting import Meeting

__all__ = ["AskedEvent", "event_from", "likeliest"]

#: How sure a choice can be that nothing in the meeting shows.
GUESS = 0.5


@frozen(kw_only=True)
class AskedEvent:
    """The kind of a meeting.

    The indicators are two to five short phrases copied word for word from the meeting. The confidence is from 0 to 1:
    0.5 is a guess, 0.95 means that somebody says what kind of meeting it is.
    """

    indicators: tuple[str, ...]
    event_type: EventType
    confidence: float = field(validator=[validators.ge(0.0), validators.le(1.0)])


def event_from(asked: AskedEvent, meeting: Meeting) -> Event:
    """The event with the indicators that really were said; a choice without any is no more than a guess."""
    quotes = quotes_of(meeting)
    found = [span.quote for text in asked.indicators if (span := quotes.find(text)) is not None]
    confidence = asked.confidence if found else min(asked.confidence, GUESS)
    return Event(event_type=asked.event_type, confidence=confidence, indicators=each_once(found))


def likeliest(answers: Sequence[AskedEvent]) -> AskedEvent:
    """The surest of the answers to parts of one meeting."""
    return max(answers, key=lambda answer: answer.confidence)
