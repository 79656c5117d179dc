"""What kind of meeting it was, by how people talk and what they decide."""

from __future__ import annotations

from pipekit.backlog.model.event import Event, EventType
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.spoken import in_its_language
from pipekit.backlog.orders import heard
from pipekit.backlog.text import fold

__all__ = ["detect_event"]

#: What the meeting is called weighs more than any phrase in it.
NAMED = 4.0
#: Sum of weights below which nothing is sure enough.
LEAST = 2.0
_TYPES: tuple[EventType, ...] = ("refinement", "planning", "standup", "retrospective")


@in_its_language
def detect_event(meeting: Meeting) -> Event:
    """The kind of the meeting, how sure that is (0–1), and the phrases that show it."""
    marks = cues()
    meeting = heard(meeting)
    opening = fold(" ".join([meeting.title or "", *(one.text for one in meeting.utterances[:8])]))
    everything = fold(" ".join(one.text for one in meeting.utterances))[:400_000]
    scores: dict[EventType, float] = {}
    shown: dict[EventType, list[str]] = {}
    for kind in _TYPES:
        named = [match.group() for match in marks.pattern(f"{kind}_name").finditer(opening)]
        phrases = [match.group() for match in marks.pattern(f"{kind}_talk").finditer(everything)]
        different = list(dict.fromkeys(phrase.lower() for phrase in phrases))
        # The same phrase again says little more; many different ones say a lot.
        scores[kind] = NAMED * min(2, len(named)) + len(different) + 0.25 * min(8, len(phrases) - len(different))
        shown[kind] = list(dict.fromkeys([*named, *phrases]))
    best = max(_TYPES, key=lambda kind: scores[kind])
    if scores[best] < LEAST:
        return Event(event_type="other", confidence=0.5, indicators=())
    rest = sum(scores.values()) - scores[best]
    confidence = round(min(0.99, scores[best] / (scores[best] + 0.5 * rest + 1.0)), 2)
    return Event(event_type=best, confidence=confidence, indicators=tuple(shown[best][:6]))
