"""Times, tokens and money read the same everywhere."""

from __future__ import annotations

import pytest

from pipekit.quantities import cost_text, duration_text, usage_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00 s"),
        (0.051, "0.05 s"),
        (0.996, "1.0 s"),
        (12.34, "12.3 s"),
        (59.96, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7260, "2 h 01 min"),
    ],
)
def test_a_time_is_told_as_people_say_it(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("cost", "text"),
    [(None, "not known"), (0.0, "$0.00"), (0.00123, "$0.0012"), (0.99996, "$1.00"), (1234.5, "$1,234.50")],
)
def test_a_cost_has_as_many_digits_as_it_needs(cost: float | None, text: str) -> None:
    assert cost_text(cost) == text


def test_what_calls_took_is_told_with_an_unknown_price_and_never_as_nothing() -> None:
    assert usage_text(1, 1200, 0.0123) == "1 call, 1,200 tokens, $0.0123"
    assert usage_text(12, 1, None) == "12 calls, 1 token, cost not known"
