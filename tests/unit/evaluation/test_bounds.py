"""Bounds that an evaluation has to keep."""

from __future__ import annotations

import pytest

from pipekit.errors import UsageError
from pipekit.evaluation.bounds import broken_bounds, read_bounds

from .results import BOTH


def test_every_variant_has_to_keep_every_bound() -> None:
    bounds = [
        *read_bounds("min", ["words.f1=0.8", " words.f1 = 0.7 "], BOTH.metrics),
        *read_bounds("max", ["words.wrong=0", "cost=0.3"], BOTH.metrics),
    ]
    assert [str(one) for one in broken_bounds(BOTH, bounds)] == [
        "acme/a: words.f1 is 0.7, below 0.8",
        "acme/a: cost is 0.5, above 0.3",
    ]


def test_what_could_not_be_measured_keeps_no_bound() -> None:
    for side in ("min", "max"):
        bounds = read_bounds(side, ["words.never=0"], BOTH.metrics)
        assert str(broken_bounds(BOTH, bounds)[0]) == (
            f"acme/a: words.never could not be measured (--{side} words.never=0)"
        )


@pytest.mark.parametrize(("text", "hint"), [("words.fi=0.8", "did you mean words.f1?"), ("zzz=1", "known: words.f1, ")])
def test_a_metric_that_is_unknown_gets_a_near_name_or_all_of_them(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match="--min names no metric") as caught:
        read_bounds("min", [text], BOTH.metrics)
    assert caught.value.hint.startswith(hint)
    assert caught.value.kind == "unknown-metric"


@pytest.mark.parametrize("number", ["words.f1", "words.f1=", "words.f1=high", "words.f1=nan", "words.f1=inf"])
def test_a_bound_is_a_number(number: str) -> None:
    with pytest.raises(UsageError, match="takes a number"):
        read_bounds("max", [number], BOTH.metrics)
