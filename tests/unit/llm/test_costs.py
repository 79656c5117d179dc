"""What an answer cost is told where it is known, and never taken for zero where it isn't."""

from __future__ import annotations

from typing import Any

import pytest

from pipekit.interfaces import ModelInfo
from pipekit.llm.costs import usage_of

PRICED = ModelInfo(name="m", input_price=3.0, output_price=15.0, cached_price=0.3, priced_up_to=200_000)


def took(into: int, out: int, cached: int = 0) -> dict[str, Any]:
    return {"input_tokens": into, "output_tokens": out, "input_token_details": {"cache_read": cached}}


@pytest.mark.parametrize(
    ("metadata", "cost"),
    [
        (took(1_000_00, 0), 0.3),
        (took(0, 1_000_000), 15.0),
        (took(100_000, 0, cached=100_000), 0.03),
        (took(100_000, 1000, cached=50_000), 0.15 + 0.015 + 0.015),
        (took(100_000, 0, cached=900_000), 0.03),
        (took(199_999, 0), 0.599997),
        (took(200_000, 0), None),
        (None, None),
    ],
)
def test_tokens_in_out_and_cached_each_have_their_price(metadata: Any, cost: float | None) -> None:
    found = usage_of(metadata, PRICED).cost
    assert found == (None if cost is None else pytest.approx(cost))


def test_without_a_price_for_cached_tokens_they_cost_what_others_do() -> None:
    info = ModelInfo(name="m", input_price=3.0, output_price=15.0)
    assert usage_of(took(1_000_000, 0, cached=500_000), info).cost == pytest.approx(3.0)


@pytest.mark.parametrize("info", [None, ModelInfo(name="m"), ModelInfo(name="m", input_price=0.0)])
def test_without_prices_the_cost_is_unknown(info: ModelInfo | None) -> None:
    assert usage_of(took(5, 5), info).cost is None


def test_what_is_free_costs_nothing_also_when_the_server_counts_no_tokens() -> None:
    assert usage_of(None, ModelInfo(name="m", input_price=0.0, output_price=0.0)).cost == 0.0
