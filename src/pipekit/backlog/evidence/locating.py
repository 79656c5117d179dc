"""Finding the words of a meeting: as they are, then without what copying changes, then the place most like them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from pipekit.backlog.evidence.close_match import CloseMatcher
from pipekit.backlog.evidence.folding import Folded, folded, says_something
from pipekit.backlog.evidence.source import Source, once_per_meeting, source_of
from pipekit.backlog.model.candidate import Match, Span
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.text import fold

__all__ = ["Locator", "locator_of", "unsupported"]

#: So many places where words stand but can't be meant (inside of other words) are passed over.
MOST_TRIES = 1000
#: Of more spans than this no place is the nearest to one more.
MOST_ANCHORS = 8
#: So much is kept of words that stand nowhere, in characters.
MOST_KEPT = 500

_Range = tuple[int, int]


class Locator:
    """One meeting, to look for words in. What only some quotes need is made when the first of them comes."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @cached_property
    def _folded(self) -> Folded:
        return Folded(self.source.pieces)

    @cached_property
    def _matcher(self) -> CloseMatcher:
        return CloseMatcher(self._folded.text)

    def locate(self, quote: str, near: Iterable[Span] = (), *, whole_words: bool = False) -> Span:
        """Where the quote stands, and how surely; a span that is ``unsupported`` where it doesn't.

        Of several places it is the one nearest to the spans ``near``, without any the first. The beginning and the end
        of words are preferred; with ``whole_words`` words are never cut.
        """
        found = self.find(quote, near, whole_words=whole_words)
        return found or self.closest(quote, near) or unsupported(quote)

    def find(self, quote: str, near: Iterable[Span] = (), *, whole_words: bool = False) -> Span | None:
        """Where the quote stands ``exact`` or ``folded``; None where it doesn't."""
        said = fold(quote)
        if not says_something(said):
            return None
        anchors = self._anchors(near)
        text = self.source.text
        at = _nearest(text, said, anchors, lambda begin: _is_whole(text, begin, begin + len(said)))
        if at is None and not whole_words:
            at = _nearest(text, said, anchors, lambda _: True)
        if at is not None:
            return self._span(at, at + len(said), "exact")
        return self._find_folded(said, anchors)

    def closest(self, quote: str, near: Iterable[Span] = ()) -> Span | None:
        """The place that is most like the quote, marked as ``close``; None where none is like it."""
        said = fold(quote)
        if not says_something(said):
            return None
        places = self._matcher.closest(folded(said))
        anchors = self._anchors(near)
        best = min(places, key=lambda one: (-one.similarity, _distance(one.begin, anchors)), default=None)
        if best is None:
            return None
        begin, end = self._widened(best.begin, best.end)
        return self._span(begin, end, "close", similarity=best.similarity, given=said)

    def between(self, first: Span, last: Span) -> Span:
        """What stands from the first of two spans to the end of the second one, both of which were found."""
        return self._span(self.source.range_of(first)[0], self.source.range_of(last)[1], "exact")

    def stands_once(self, span: Span) -> bool:
        """Whether the words of a span stand in one place only."""
        return self.source.text.count(span.quote) == 1

    def _find_folded(self, said: str, anchors: Sequence[_Range]) -> Span | None:
        wanted, text = folded(said), self._folded.text
        if not says_something(wanted):
            return None
        origin = self._folded.origin

        def stands(begin: int) -> bool:
            end = begin + len(wanted)
            return origin(begin, end) is not None and _is_whole(text, begin, end)

        at = _nearest(text, wanted, [self._in_folded(one) for one in anchors], stands)
        found = None if at is None else origin(at, at + len(wanted))
        return None if found is None else self._span(*found, "folded")

    def _in_folded(self, anchor: _Range) -> _Range:
        return self._folded.position(anchor[0]), self._folded.position(anchor[1])

    def _widened(self, begin: int, end: int) -> _Range:
        """The range of the source that a range of the folded text was made of, letters whole."""
        while (found := self._folded.origin(begin, end)) is None:
            begin, end = begin - self._folded.is_inside(begin), end + self._folded.is_inside(end)
        return found

    def _anchors(self, near: Iterable[Span]) -> list[_Range]:
        ranges = (self.source.range_of(one) for one in near)
        return list(islice(dict.fromkeys(one for one in ranges if one[0] < one[1]), MOST_ANCHORS))

    def _span(self, begin: int, end: int, match: Match, *, similarity: float = 1.0, given: str | None = None) -> Span:
        first = self.source.utterances[self.source.index_at(begin)]
        last = self.source.utterances[self.source.index_at(end - 1)]
        return Span(
            first=first.line,
            last=last.last_line,
            speaker=first.speaker,
            start=first.start,
            quote=self.source.text[begin:end],
            verified=match != "close",
            match=match,
            similarity=round(similarity, 3),
            from_char=begin,
            to_char=end,
            given=given,
            source=first.source,
            source_line=first.source_line,
        )


@once_per_meeting
def locator_of(meeting: Meeting) -> Locator:
    """The locator of a meeting, made once."""
    return Locator(source_of(meeting))


def unsupported(quote: str, likeliest: Span | None = None) -> Span:
    """The mark of words that were said to come from the meeting and stand nowhere in it.

    ``likeliest`` is a place where a reader may look all the same; without one the lines are 0.
    """
    said = fold(quote)
    return Span(
        first=likeliest.first if likeliest else 0,
        last=likeliest.last if likeliest else 0,
        speaker=likeliest.speaker if likeliest else None,
        start=likeliest.start if likeliest else None,
        quote=said if len(said) <= MOST_KEPT else f"{said[:MOST_KEPT]} …",
        verified=False,
        match="unsupported",
        similarity=0.0,
        source=likeliest.source if likeliest else None,
        source_line=likeliest.source_line if likeliest else None,
    )


def _nearest(text: str, said: str, anchors: Sequence[_Range], stands: Callable[[int], bool]) -> int | None:
    """Where the words stand nearest to one of the anchors, without any the first place."""
    if not anchors:
        return next((at for at in _forwards(text, said, 0) if stands(at)), None)
    found: set[int] = set()
    for begin, end in anchors:
        ahead = next((at for at in _forwards(text, said, begin) if stands(at)), None)
        if ahead is not None and ahead < end:
            return ahead  # inside of the anchor, which is as near as can be
        behind = next((at for at in _backwards(text, said, begin + len(said) - 1) if stands(at)), None)
        found |= {at for at in (ahead, behind) if at is not None}
    return min(found, key=lambda at: (_distance(at, anchors), at), default=None)


def _forwards(text: str, said: str, begin: int) -> Iterator[int]:
    at = text.find(said, begin)
    for _ in range(MOST_TRIES):
        if at < 0:
            return
        yield at
        at = text.find(said, at + 1)


def _backwards(text: str, said: str, end: int) -> Iterator[int]:
    at = text.rfind(said, 0, end)
    for _ in range(MOST_TRIES):
        if at < 0:
            return
        yield at
        at = text.rfind(said, 0, at + len(said) - 1)


def _distance(at: int, anchors: Sequence[_Range]) -> int:
    """How many characters lie between a place and the nearest anchor."""
    return min((max(begin - at, at - end, 0) for begin, end in anchors), default=0)


def _is_whole(text: str, begin: int, end: int) -> bool:
    """Whether a range cuts no word, and no letter from its marks."""
    if end < len(text) and unicodedata.category(text[end])[0] == "M":
        return False
    return not (_joined(text[begin - 1 : begin], text[begin]) or _joined(text[end - 1], text[end : end + 1]))


def _joined(one: str, other: str) -> bool:
    """Whether two letters are part of one word. Scripts without blanks have no such border."""
    return one.isalnum() and other.isalnum() and _has_blanks(one) and _has_blanks(other)


def _has_blanks(letter: str) -> bool:
    """Whether a letter's script puts blanks between words."""
    if letter < "\u0e00":
        return True
    unspaced = letter <= "\u0eff" or "\u1000" <= letter <= "\u109f" or "\u1780" <= letter <= "\u17ff"
    return not unspaced and unicodedata.east_asian_width(letter) not in ("W", "F")
