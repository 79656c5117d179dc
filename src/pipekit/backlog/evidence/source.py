"""The normalised source: all that was said as one text, with the utterance that each character comes from.

It is made of the texts of the utterances, each with its letters in composed form and its white space folded, with one
blank between them; utterances without any text are left out. Places in it are counted in characters from 0.
"""

from __future__ import annotations

import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import wraps
from typing import TypeVar

from pipekit.backlog.model.candidate import Span
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.text import fold

__all__ = ["Source", "once_per_meeting", "source_of"]

T = TypeVar("T")


class Source:
    """The normalised source of one meeting."""

    def __init__(self, meeting: Meeting) -> None:
        self.utterances = meeting.utterances
        self.pieces = [fold(utterance.text) for utterance in meeting.utterances]
        self.text = " ".join(piece for piece in self.pieces if piece)
        self.starts: list[int] = []
        position = 0
        for piece in self.pieces:
            self.starts.append(position)
            position += len(piece) + 1 if piece else 0

    def index_at(self, position: int) -> int:
        """The index of the utterance that a character belongs to."""
        return bisect_right(self.starts, position) - 1

    def of_lines(self, first: int, last: int) -> tuple[int, int]:
        """The range of the utterances between two lines (or cues, or entries); an empty one where there are none."""
        begin = bisect_left(self.utterances, first, key=lambda one: one.last_line)
        end = bisect_right(self.utterances, last, key=lambda one: one.line)
        if begin >= end:
            return (0, 0)
        return self.starts[begin], self.starts[end - 1] + len(self.pieces[end - 1])

    def range_of(self, span: Span) -> tuple[int, int]:
        """Where a span lies: its own range, else that of its lines."""
        if span.from_char is not None and span.to_char is not None:
            return span.from_char, span.to_char
        return self.of_lines(span.first, span.last)

    def stretches(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The utterances that a range runs through: index, and from where to where in the utterance's piece."""
        index = self.index_at(begin)
        while index < len(self.starts) and self.starts[index] < end:
            start, length = self.starts[index], len(self.pieces[index])
            inside = max(0, begin - start), min(length, end - start)
            if inside[0] < inside[1]:
                yield index, *inside
            index += 1


def once_per_meeting(make: Callable[[Meeting], T]) -> Callable[[Meeting], T]:
    """Make what is asked for once for each meeting, and keep it as long as the meeting itself.

    What is made must not hold the meeting, or neither would ever be let go. Meetings are told apart by identity: to
    compare two long ones would take longer than it saves.
    """
    kept: dict[int, tuple[weakref.ref[Meeting], T]] = {}

    @wraps(make)
    def get(meeting: Meeting) -> T:
        key = id(meeting)
        found = kept.get(key)
        if found is not None and found[0]() is meeting:
            return found[1]
        made = make(meeting)
        kept[key] = (weakref.ref(meeting, lambda gone: forget(key, gone)), made)
        return made

    def forget(key: int, gone: weakref.ref[Meeting]) -> None:
        # Another meeting may live at the same address by now.
        if (found := kept.get(key)) is not None and found[0] is gone:
            del kept[key]

    return get


@once_per_meeting
def source_of(meeting: Meeting) -> Source:
    """The normalised source of a meeting."""
    return Source(meeting)
