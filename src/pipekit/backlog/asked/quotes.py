"""Finding what a model gives as the words of a meeting.

Models copy nearly right: they add the line's number and the speaker, turn typographic quotes into plain ones, change a
capital, leave out the middle. Such a quote is found, and what is kept are the words of the source, never the model's.
Words that were changed are not found: the place that is most like them is named, and marked as not verified.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property

from pipekit.backlog.asked.wording import one_line, share_of_words, words_of
from pipekit.backlog.model.candidate import Span
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.text import SourceText, fold, span_of

__all__ = ["Quotes"]

#: A quote with fewer letters and digits than this could stand anywhere.
LEAST = 6
#: Share of a changed quote's words that the place it is taken to come from must hold.
ALIKE = 0.5
#: Utterances before and behind a quote that are taken to be about the same thing.
AROUND = 2
#: Share of a statement's words that must stand around its quote; without a quote that was found, more is asked for.
STATED, STATED_UNQUOTED = 0.4, 0.7

_SAME = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "`": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‐": "-", "‑": "-"}
    | {"–": "-", "—": "-", "−": "-"}
)
_MARK = re.compile(r"^\s*\[\d+\]\s*")
_BETWEEN = re.compile(r"\s*(?:\[?\.{3,}\]?|\[?…\]?)\s*|\s*\n\s*(?=\[\d+\])")


class Quotes:
    """The words of one meeting, to look for quotes in."""

    def __init__(self, meeting: Meeting) -> None:
        self.meeting = meeting
        self._source = SourceText(meeting)
        self._plain = _plain(self._source.text)

    def spans(self, quote: str) -> tuple[Span, ...]:
        """Where a quote stands: verified with the source's words, or the likeliest place, not verified; or nowhere.

        A quote of several pieces (“a … b”) is found when all of them are.
        """
        pieces = [piece for piece in _BETWEEN.split(quote) if _letters(piece)]
        found = [span for piece in pieces if (span := self.find(piece)) is not None]
        if pieces and len(found) == len(pieces):
            return tuple(found)
        nearest = self._nearest(quote)
        return () if nearest is None else (span_of([nearest], one_line(quote), verified=False),)

    def find(self, quote: str) -> Span | None:
        """Where the quote stands, with the words of the source; None when they aren't there in this order."""
        for said in self._readings(quote):
            at = self._position(_plain(said))
            if at is not None:
                end = at + len(said)
                first = bisect_right(self._source.starts, at) - 1
                last = bisect_right(self._source.starts, end - 1) - 1
                return span_of(self.meeting.utterances[first : last + 1], self._source.text[at:end])
        return None

    def holds(self, quote: str) -> bool:
        """Whether the quote stands in the meeting."""
        return bool(quote) and self.find(quote) is not None

    def states(self, text: str, quote: str) -> bool:
        """Whether the meeting says ``text``: most of its words stand around the quote that is given for it."""
        if self.holds(text):
            return True
        span = self.find(quote)
        if span is not None:
            return share_of_words(text, self.around(span)) >= STATED
        nearest = self._nearest(text)
        return nearest is not None and share_of_words(text, self.around(span_of([nearest]))) >= STATED_UNQUOTED

    def around(self, span: Span) -> str:
        """What was said at the span, and in the lines before and behind it."""
        row = self.meeting.utterances
        inside = [place for place, one in enumerate(row) if one.line <= span.last and span.first <= one.last_line]
        return " ".join(one.text for one in row[max(0, inside[0] - AROUND) : inside[-1] + AROUND + 1])

    def _readings(self, quote: str) -> Iterable[str]:
        """The quote as it came, then without what models put around it."""
        said = fold(quote)
        yield said
        bare = self._without_speaker(_MARK.sub("", said)).strip(" \"'“”„‘’«»*_")
        yield bare
        yield bare.rstrip(" .,;:!?…")

    def _without_speaker(self, said: str) -> str:
        label, colon, rest = said.partition(": ")
        return rest if colon and label.strip(" *").casefold() in self._labels else said

    @cached_property
    def _labels(self) -> frozenset[str]:
        people = (*self.meeting.attendees, *(one.speaker for one in self.meeting.utterances if one.speaker))
        return frozenset(label for name in people for label in (name.casefold(), name.partition(" (")[0].casefold()))

    def _position(self, said: str) -> int | None:
        """The first place where the words stand as whole words."""
        if _letters(said) < LEAST:
            return None
        at = self._plain.find(said)
        while at >= 0:
            before, behind = self._plain[at - 1 : at], self._plain[at + len(said) : at + len(said) + 1]
            if not (_joined(before, said[0]) or _joined(said[-1], behind)):
                return at
            at = self._plain.find(said, at + 1)
        return None

    @cached_property
    def _words(self) -> Sequence[frozenset[str]]:
        return [words_of(utterance.text) for utterance in self.meeting.utterances]

    def _nearest(self, quote: str) -> Utterance | None:
        """The utterance that holds most of the quote's words, at least half of them."""
        words = words_of(quote)
        if len(words) < 2:
            return None
        best = max(range(len(self._words)), key=lambda index: len(words & self._words[index]), default=None)
        if best is None or len(words & self._words[best]) < ALIKE * len(words):
            return None
        return self.meeting.utterances[best]


def _plain(text: str) -> str:
    """The text for comparing, letter by letter as long as before: small letters, plain quotes and dashes."""
    same = text.translate(_SAME)
    low = same.lower()
    if len(low) == len(same):
        return low
    return "".join(one if len(one := char.lower()) == 1 else char for char in same)


def _letters(text: str) -> int:
    return sum(char.isalnum() for char in text)


def _joined(one: str, other: str) -> bool:
    """Whether two letters are part of one word. Scripts without blanks have no such border."""
    return one.isalnum() and other.isalnum() and one.isascii() and other.isascii()
