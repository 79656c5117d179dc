"""Finding what a model gives as the words of a meeting.

Models copy nearly right: they add the line's number and the speaker, turn typographic quotes into plain ones, change a
capital, leave out the middle. Such a quote is found, and what is kept are the words of the source, never the model's.
Where words were changed, the place that is most like them is named, and marked as a close match; where that isn't like
them enough, they are marked as unsupported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from pipekit.backlog.asked.wording import share_of_words, words_of
from pipekit.backlog.evidence.locating import locator_of, unsupported
from pipekit.backlog.evidence.source import once_per_meeting
from pipekit.backlog.model.candidate import Match, Span
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.orders import heard, lines_with_orders
from pipekit.backlog.text import fold, span_of

__all__ = ["Quotes", "quotes_of"]

#: A quote with fewer letters and digits than this could stand anywhere.
LEAST = 6
#: Share of a changed quote's words that the place it is taken to come from must hold.
ALIKE = 0.5
#: Utterances before and behind a quote that are taken to be about the same thing.
AROUND = 2
#: Share of a statement's words that must stand around its quote; without a quote that was found, more is asked for.
STATED, STATED_UNQUOTED = 0.4, 0.7

_SURENESS: tuple[Match, ...] = ("exact", "folded", "close", "unsupported")
_MARK = re.compile(r"^\s*\[\d+\]\s*")
_BETWEEN = re.compile(r"\s*(?:\[?\.{3,}\]?|\[?…\]?)\s*|\s*\n\s*(?=\[\d+\])")


class Quotes:
    """The words of one meeting, to look for a model's quotes in."""

    def __init__(self, meeting: Meeting) -> None:
        self.unit = meeting.unit
        self._row = heard(meeting).utterances
        self._attendees = meeting.attendees
        self._locator = locator_of(meeting)
        self._orders = lines_with_orders(meeting)

    def spans(self, quote: str, near: Iterable[Span] = ()) -> tuple[Span, ...]:
        """Where a quote stands, with the source's words; one span that is close or unsupported where it doesn't.

        A quote of several pieces (“a … b”) is found when all of them are.
        """
        anchors = tuple(near)
        pieces = [piece for piece in _BETWEEN.split(quote) if _letters(piece)]
        found = [span for piece in pieces if (span := self.find(piece, anchors)) is not None]
        if pieces and len(found) == len(pieces):
            return tuple(found)
        *_, bare = self._readings(quote)
        close = self._locator.closest(bare, anchors)
        if close is not None:
            return (close,)
        nearest = self._nearest(quote)
        return (unsupported(quote, span_of([nearest]) if nearest else None),)

    def evidence(self, quote: str, near: Iterable[Span] = ()) -> tuple[Span, ...]:
        """Where the words given for something stand, close and unsupported ones marked; none where none were given."""
        return self.spans(quote, near) if quote.strip() else ()

    def stating(self, text: str, quote: str, near: Iterable[Span] = ()) -> tuple[Span, ...]:
        """The words that state something: the quote that was given for it, else its own, whichever is there."""
        anchors = tuple(near)
        given = self.evidence(quote, anchors)
        if given and all(span.verified for span in given):
            return given
        return min((spans for spans in (given, self.evidence(text, anchors)) if spans), key=_weakest, default=())

    def together(self, quotes: Sequence[str]) -> list[tuple[Span, ...]]:
        """Where the quotes of one item stand; one that stands in several places is taken where the others are."""
        found = [self.spans(quote) for quote in quotes]
        sure = [span for spans in found for span in spans if span.verified and self._locator.stands_once(span)]
        if not sure or len(quotes) < 2:
            return found
        return [
            spans if all(span in sure or not span.verified for span in spans) else self.spans(quote, sure)
            for quote, spans in zip(quotes, found, strict=True)
        ]

    def find(self, quote: str, near: Iterable[Span] = ()) -> Span | None:
        """Where the quote stands, with the words of the source; None when they aren't there in this order.

        Words that give orders to the reader of the meeting are evidence for nothing: they aren't found either.
        """
        anchors = tuple(near)
        for said in self._readings(quote):
            if _letters(said) >= LEAST:
                span = self._locator.find(said, anchors, whole_words=True)
                if span is not None:
                    return None if self._is_order(span) else span
        return None

    def _is_order(self, span: Span) -> bool:
        said = [self._orders[line] for line in (span.first, span.last) if line in self._orders]
        return any(span.quote not in fold(text) for text in said)

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
        row = self._row
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
        people = (*self._attendees, *(one.speaker for one in self._row if one.speaker))
        return frozenset(label for name in people for label in (name.casefold(), name.partition(" (")[0].casefold()))

    @cached_property
    def _words(self) -> Sequence[frozenset[str]]:
        return [words_of(utterance.text) for utterance in self._row]

    def _nearest(self, quote: str) -> Utterance | None:
        """The utterance that holds most of the quote's words, at least half of them."""
        words = words_of(quote)
        if len(words) < 2:
            return None
        best = max(range(len(self._words)), key=lambda index: len(words & self._words[index]), default=None)
        if best is None or len(words & self._words[best]) < ALIKE * len(words):
            return None
        return self._row[best]


@once_per_meeting
def quotes_of(meeting: Meeting) -> Quotes:
    """The words of a meeting, made once to look for all quotes."""
    return Quotes(meeting)


def _weakest(spans: Sequence[Span]) -> int:
    """How surely the least sure of these places was found, 0 is best."""
    return max(_SURENESS.index(span.match) for span in spans)


def _letters(text: str) -> int:
    return sum(char.isalnum() for char in text)
