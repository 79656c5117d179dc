"""The stretches of a meeting that are about each item, from the places where its words stand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence

from pipekit.backlog.model.candidate import Span
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.text import span_of

__all__ = ["stretches"]

#: Utterances behind an item's last words that are taken to be about it still, when nothing else comes up.
TAIL = 10


def stretches(meeting: Meeting, items: Sequence[Iterable[Span]]) -> list[tuple[Span, ...]]:
    """The talk about each item: from its words on to the next item's words, or to the next heading.

    Nobody is asked where the talk about an item ends. What follows its words (the estimate, the question that stays
    open) is about it until somebody comes to something else.
    """
    row = meeting.utterances
    anchors = [_places(meeting, spans) for spans in items]
    owners: dict[int, set[int]] = {}
    for item, places in enumerate(anchors):
        for place in places:
            owners.setdefault(place, set()).add(item)
    taken = sorted(owners)
    result: list[tuple[Span, ...]] = []
    for places in anchors:
        about: set[int] = set()
        for place in places:
            about.add(place)
            about |= _heading_above(row, place, owners)
            following = taken[bisect_left(taken, place + 1) : bisect_left(taken, place + 1) + 1]
            end = min(place + TAIL, following[0] - 1 if following else len(row) - 1)
            for later in range(place + 1, end + 1):
                if row[later].kind == "heading":
                    break
                about.add(later)
        result.append(tuple(span_of(row[first : last + 1]) for first, last in _runs(sorted(about))))
    return result


def _heading_above(row: Sequence[Utterance], place: int, taken: Container[int]) -> set[int]:
    """The lines of notes from the heading down to this place; empty where an item's words or talk come between."""
    for before in range(place - 1, max(-1, place - 1 - TAIL), -1):
        if before in taken or row[before].kind == "speech":
            return set()
        if row[before].kind == "heading":
            return set(range(before, place))
    return set()


def _places(meeting: Meeting, spans: Iterable[Span]) -> list[int]:
    """The indexes of the utterances that the spans touch."""
    row = meeting.utterances
    found: set[int] = set()
    for span in spans:
        place = bisect_left(row, span.first, key=lambda one: one.last_line)
        while place < len(row) and row[place].line <= span.last:
            found.add(place)
            place += 1
    return sorted(found)


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """The first and last of each row of numbers that follow one another."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
