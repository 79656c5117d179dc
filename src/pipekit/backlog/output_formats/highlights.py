"""Where candidates' evidence stands in the transcript: each turn of talk cut at the ends of the quotes in it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

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


def highlight(
    utterances: Sequence[Mapping[str, Any]], quotes: Mapping[Mark, Mapping[str, Any]]
) -> tuple[list[list[Piece]], set[Mark]]:
    """The pieces of every turn of talk, and the marks that were found; ``quotes`` are the spans of the evidence."""
    places: list[list[Place]] = [[] for _ in utterances]
    found: set[Mark] = set()
    for mark, span in quotes.items():
        turns = [
            index
            for index, one in enumerate(utterances)
            if one["line"] <= span["last"] and one["lastLine"] >= span["first"]
        ]
        stretches = _find(span["quote"], [(index, utterances[index]["text"]) for index in turns])
        for number, (index, start, end) in enumerate(stretches):
            ends = number == len(stretches) - 1
            places[index].append(Place(mark, start, end, is_first=number == 0, is_last=ends))
        if stretches:
            found.add(mark)
    return [_pieces(one["text"], there) for one, there in zip(utterances, places, strict=True)], found


def line_of(utterances: Sequence[Mapping[str, Any]], line: int) -> int | None:
    """The first line of the turn of talk that a line of the source belongs to, None when it belongs to none."""
    return next((one["line"] for one in utterances if one["line"] <= line <= one["lastLine"]), None)


def _find(quote: str, turns: Sequence[tuple[int, str]]) -> list[tuple[int, int, int]]:
    """Where the quote stands, white space aside: a stretch of each turn that it runs through."""
    wanted = "".join(quote.split())
    letters = [(index, at, letter) for index, text in turns for at, letter in enumerate(text) if not letter.isspace()]
    begin = "".join(letter for _, _, letter in letters).find(wanted) if wanted else -1
    if begin < 0:
        return []
    stretches: dict[int, tuple[int, int]] = {}
    for index, at, _ in letters[begin : begin + len(wanted)]:
        first, _ = stretches.get(index, (at, at))
        stretches[index] = (first, at + 1)
    return [(index, start, end) for index, (start, end) in stretches.items()]


def _pieces(text: str, places: Sequence[Place]) -> list[Piece]:
    cuts = sorted({0, len(text), *(one.start for one in places), *(one.end for one in places)})
    return [
        Piece(
            text=text[start:end],
            begins=tuple(one.mark for one in places if one.start == start and one.is_first),
            covers=tuple(one.mark for one in places if one.start <= start and end <= one.end),
            ends=tuple(one.mark for one in places if one.end == end and one.is_last),
        )
        for start, end in itertools.pairwise(cuts)
    ]
