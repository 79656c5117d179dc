"""Where candidates' evidence stands in the transcript: each turn of talk cut at the ends of the quotes in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from attrs import field, frozen

from pipekit.backlog.composing import composed
from pipekit.backlog.evidence.locating import Locator
from pipekit.backlog.model.candidate import Span

__all__ = ["Mark", "Piece", "Place", "highlight", "line_of"]


@frozen
class Mark:
    """The evidence ``number`` (from 1) of the candidate ``candidate`` (from 1)."""

    candidate: int
    number: int


@frozen
class Piece:
    """Words of one turn of talk, with the marks that begin, cover and end in them."""

    text: str
    begins: tuple[Mark, ...] = ()
    covers: tuple[Mark, ...] = ()
    ends: tuple[Mark, ...] = ()


@frozen
class Place:
    """A stretch of one turn of talk that belongs to a quote."""

    mark: Mark
    start: int
    end: int
    is_first: bool = field(kw_only=True)
    is_last: bool = field(kw_only=True)


def highlight(locator: Locator, quotes: Mapping[Mark, Span]) -> tuple[list[list[Piece]], set[Mark]]:
    """The pieces of every turn of talk, and the marks that were found; ``quotes`` are the spans of the evidence."""
    utterances, source = locator.source.utterances, locator.source
    places: list[list[Place]] = [[] for _ in utterances]
    found: set[Mark] = set()
    for mark, span in quotes.items():
        there = _range(locator, span)
        if there is None:
            continue
        found.add(mark)
        stretches = list(source.stretches(*there))
        for number, (index, start, end) in enumerate(stretches):
            ends = number == len(stretches) - 1
            places[index].append(Place(mark, start, end, is_first=number == 0, is_last=ends))
    return [
        _pieces(composed(one.text), piece, there)
        for one, piece, there in zip(utterances, source.pieces, places, strict=True)
    ], found


def line_of(locator: Locator, line: int) -> int | None:
    """The first line of the turn of talk that a line of the source belongs to, None when it belongs to none."""
    found = (one.line for one in locator.source.utterances if one.line <= line <= one.last_line)
    return next(found, None)


def _range(locator: Locator, span: Span) -> tuple[int, int] | None:
    """The characters of a span; looked for where it was kept by an earlier version, or edited by hand."""
    if not span.quote or span.match == "unsupported":
        return None
    text = locator.source.text
    if span.from_char is not None and span.to_char is not None and text[span.from_char : span.to_char] == span.quote:
        return span.from_char, span.to_char
    stretch = Span(first=span.first, last=span.last)
    low, high = locator.source.range_of(stretch)
    there = locator.find(span.quote, [stretch])
    if there is None or there.from_char is None or there.to_char is None:
        return None
    return (there.from_char, there.to_char) if low <= there.from_char and there.to_char <= high else None


def _pieces(text: str, folded: str, places: Sequence[Place]) -> list[Piece]:
    """The text cut at the ends of the places, which count in its folded form; its white space stays as it is."""
    at = _positions(text, folded)
    cuts = sorted({0, len(folded), *(one.start for one in places), *(one.end for one in places)})
    return [
        Piece(
            text=text[at(start) if start else 0 : at(end) if end < len(folded) else len(text)],
            begins=tuple(one.mark for one in places if one.start == start and one.is_first),
            covers=tuple(one.mark for one in places if one.start <= start and end <= one.end),
            ends=tuple(one.mark for one in places if one.end == end and one.is_last),
        )
        for start, end in itertools.pairwise(cuts)
    ]


def _positions(text: str, folded: str) -> Callable[[int], int]:
    """Where in the text each character of its folded form comes from."""
    if text == folded:
        return lambda at: at
    found: list[int] = []
    position = len(text) - len(text.lstrip())
    for char in folded:
        found.append(position)
        position += 1
        while char == " " and position < len(text) and text[position].isspace():
            position += 1
    found.append(position)
    return found.__getitem__
