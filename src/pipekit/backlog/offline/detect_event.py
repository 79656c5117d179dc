"""What kind of meeting it was, by how people talk and what they decide."""

from __future__ import annotations

from pipekit.backlog.model.event import Event, EventType
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline.criteria import criteria_positions
from pipekit.backlog.offline.cues import Cues, cues
from pipekit.backlog.offline.spoken import in_its_language
from pipekit.backlog.offline.talk import read_talk
from pipekit.backlog.offline.wishes import asks_for_work
from pipekit.backlog.orders import heard
from pipekit.backlog.text import fold

__all__ = ["detect_event"]

#: What the meeting is called weighs more than the phrases in it: a planning has stories and points, too.
NAMED = 8.0
#: Sum of weights below which nothing is sure enough.
LEAST = 2.0
_TYPES: tuple[EventType, ...] = ("refinement", "planning", "standup", "retrospective")


#: How many criteria, estimates and requests make a meeting in which items are worked out.
CRITERIA, ESTIMATES, REQUESTS = 2, 2, 8


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
    if not any(marks.pattern(f"{kind}_name").search(opening) for kind in _TYPES):
        scores["refinement"] += _worked_out(meeting, marks)
    best = max(_TYPES, key=lambda kind: scores[kind])
    if scores[best] < LEAST:
        return Event(event_type="other", confidence=0.5, indicators=())
    rest = sum(scores.values()) - scores[best]
    confidence = round(min(0.99, scores[best] / (scores[best] + 0.5 * rest + 1.0)), 2)
    return Event(event_type=best, confidence=confidence, indicators=tuple(shown[best][:6]))


def _worked_out(meeting: Meeting, marks: Cues) -> float:
    """What says without a word for it that items are worked out: criteria, estimates, many requests; one for each."""
    talk = read_talk(meeting)
    estimates = sum(one.words <= 8 and marks.find("estimate", one.text) is not None for one in talk)
    requests = sum(asks_for_work(one, marks) for one in talk)
    criteria = len(criteria_positions(talk, marks))
    return float((criteria >= CRITERIA) + (estimates >= ESTIMATES) + (requests >= REQUESTS))
