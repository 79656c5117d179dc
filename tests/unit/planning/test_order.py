"""The order of steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.planning.order import CycleError, order


def test_what_comes_first_comes_first_and_ties_keep_their_order() -> None:
    assert order(["a", "b", "c", "d"], {"a": {"c"}}) == ["b", "c", "a", "d"]


def test_a_cycle_is_named_with_its_path() -> None:
    with pytest.raises(CycleError) as caught:
        order(["a", "b", "c", "free"], {"a": {"b"}, "b": {"c"}, "c": {"a"}})

    path = caught.value.path
    assert path[0] == path[-1]
    assert set(path) == {"a", "b", "c"}


def test_names_that_are_not_there_are_no_obstacle() -> None:
    assert order(["a"], {"a": {"elsewhere"}}) == ["a"]


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))))
    )
)
def test_every_order_respects_what_must_come_first(case: tuple[int, set[tuple[int, int]]]) -> None:
    count, pairs = case
    names = [f"s{index:02}" for index in range(count)]
    before: dict[str, set[str]] = {}
    for first, then in pairs:
        if first < then:  # only such pairs, so that there is an order
            before.setdefault(names[then], set()).add(names[first])

    result = order(list(reversed(names)), before)

    assert sorted(result) == names
    assert all(result.index(first) < result.index(name) for name, firsts in before.items() for first in firsts)
