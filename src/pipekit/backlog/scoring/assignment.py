"""The best pairs between two lists, each of which has everybody at most once."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["best_pairs"]

#: Less than this is rounding.
_GAIN = 1e-9


def best_pairs(worth: Sequence[Sequence[float]]) -> dict[int, int]:
    """Row → column, so that the sum of ``worth[row][column]`` is the largest; what is worth nothing is no pair.

    One pair is added at a time, by the best chain of changes to those there are (row takes a column, whose row takes
    another …), until no chain gains anything. The work grows with the cube of the number of rows.
    """
    row_of: dict[int, int] = {}
    while chain := _best_chain(worth, row_of):
        row_of.update({column: row for row, column in chain})
    return {row: column for column, row in sorted(row_of.items())}


def _best_chain(worth: Sequence[Sequence[float]], row_of: dict[int, int]) -> list[tuple[int, int]]:
    """The new pairs of the chain that gains most, empty when none gains."""
    column_of = {row: column for column, row in row_of.items()}
    gain = [-math.inf if row in column_of else 0.0 for row in range(len(worth))]
    reached: dict[int, float] = {}
    taker: dict[int, int] = {}
    waiting = [row for row in range(len(worth)) if row not in column_of]
    while waiting:
        row = waiting.pop(0)
        for column, value in enumerate(worth[row]):
            got = gain[row] + value
            if value <= 0 or column_of.get(row) == column or got <= reached.get(column, -math.inf) + _GAIN:
                continue
            reached[column], taker[column] = got, row
            loser = row_of.get(column)
            if loser is not None and got - worth[loser][column] > gain[loser] + _GAIN:
                gain[loser] = got - worth[loser][column]
                waiting.append(loser)
    free = [column for column, got in reached.items() if column not in row_of and got > _GAIN]
    if not free:
        return []
    last: int | None = max(free, key=lambda one: (reached[one], -one))
    chain: list[tuple[int, int]] = []
    while last is not None:
        row = taker[last]
        chain.append((row, last))
        last = column_of.get(row)
    return chain
