"""Inputs by themselves and all of them together."""

from __future__ import annotations

import pytest

from pipekit.evaluation.results import Outcome, Variant, VariantResult
from pipekit.interfaces import Score, Share

from .results import BOTH, FAILED, FIRST, SECOND


def test_together_every_item_counts_the_same_and_in_the_mean_every_input() -> None:
    assert FIRST.overall("words.f1") == 0.7
    assert FIRST.mean("words.f1") == 0.625


def test_expenses_are_added_up() -> None:
    assert FIRST.overall("cost") == 0.5
    assert FIRST.overall("tokens") == 240
    assert FIRST.overall("seconds") == 3.0
    assert FIRST.mean("cost") == 0.25


def test_an_input_without_a_score_counts_for_nothing_and_is_told() -> None:
    assert SECOND.overall("words.f1") == 1.0
    assert SECOND.overall("tokens") == 120
    assert FAILED.value("words.f1") is None
    assert [(variant.name, one.name) for variant, one in BOTH.failed] == [("acme/b, new", "second")]


def test_what_nothing_was_counted_for_has_no_value() -> None:
    assert FIRST.overall("words.never") is None
    none = VariantResult(variant=Variant(model="acme/a"), outcomes=(FAILED,))
    assert [none.overall(name) for name in ("words.f1", "cost", "seconds")] == [None, None, None]


@pytest.mark.parametrize(("shares", "overall", "mean"), [([1.0, 1.0], 1.0, 1.0), ([1.0, None], 1.0, 1.0)])
def test_inputs_with_nothing_to_count_stand_for_what_their_scorer_says(
    shares: list[float | None], overall: float, mean: float
) -> None:
    outcomes = tuple(
        Outcome(name="x", file="x", score=Score(shares={"f1": Share(0, 0, when_empty=value)})) for value in shares
    )
    found = VariantResult(variant=Variant(model="m"), outcomes=outcomes)
    assert (found.overall("f1"), found.mean("f1")) == (overall, mean)


def test_something_wrong_in_an_input_where_nothing_is_right_weighs_in_all_of_them() -> None:
    outcomes = tuple(
        Outcome(name="x", file="x", score=Score(shares={"f1": share}))
        for share in (Share(4, 4), Share(0, 0, when_empty=1.0), Share(0, 4))
    )
    found = VariantResult(variant=Variant(model="m"), outcomes=outcomes)
    assert found.overall("f1") == 0.5
    assert found.mean("f1") == pytest.approx(2 / 3)
