"""The best pairs between two lists."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.scoring.assignment import best_pairs

WORTH = st.integers(1, 5).flatmap(
    lambda columns: st.lists(
        st.lists(st.sampled_from([0, 0, 1, 2, 3, 5, 8, 13]), min_size=columns, max_size=columns), max_size=5
    )
)


def best_sum(worth: list[list[int]]) -> int:
    """By trying all: every row gets a column of its own, or one of the places that are worth nothing."""
    columns = range(len(worth[0]) + len(worth)) if worth else range(0)
    value = [[*row, *([0] * len(worth))] for row in worth]
    chosen = permutations(columns, len(worth))
    return max((sum(row[column] for row, column in zip(value, one, strict=True)) for one in chosen), default=0)


@given(WORTH)
def test_no_other_pairs_are_worth_more(worth: list[list[int]]) -> None:
    pairs = best_pairs(worth)
    assert len(set(pairs.values())) == len(pairs)
    assert all(worth[row][column] > 0 for row, column in pairs.items())
    assert sum(worth[row][column] for row, column in pairs.items()) == best_sum(worth)


def test_a_row_gives_its_column_up_where_both_gain_by_it() -> None:
    # Taking the best of each row in turn would give 9 + 0.
    assert best_pairs([[9.0, 8.0], [7.0, 0.0]]) == {0: 1, 1: 0}


def test_a_way_through_a_loss_is_found() -> None:
    # The first row takes the column of the second, that one the column of the third, and only then anything is won.
    assert best_pairs([[1, 0, 0], [10, 5, 0], [0, 6, 9]]) == {1: 0, 2: 2}
    assert best_pairs([[6, 0, 0], [10, 5, 0], [0, 6, 9]]) == {0: 0, 1: 1, 2: 2}


def test_nothing_makes_no_pairs() -> None:
    assert best_pairs([]) == {}
    assert best_pairs([[], []]) == {}
    assert best_pairs([[0.0, -1.0]]) == {}
