"""What is expected of calls to models, for people and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pipekit.quantities import cost_text, count_text

if TYPE_CHECKING:
    from pipekit.estimating import Estimate, Range

__all__ = ["estimate_json", "estimate_text"]


def estimate_json(expected: Estimate) -> dict[str, Any]:
    """An estimate as ``--json`` gives it."""
    from pipekit.serde import unstructure

    return {
        "calls": unstructure(expected.calls),
        "tokens": unstructure(expected.tokens),
        "cost": unstructure(expected.cost),
        "runs": expected.runs,
        "steps": [unstructure(one) for one in expected.steps],
    }


def estimate_text(estimates: Sequence[Estimate]) -> str:
    """What all of them together come to, and how that is known; nothing where no model is asked."""
    from pipekit.estimating import Estimate, Range

    together = Estimate(steps=[step for one in estimates for step in one.steps])
    if not together.steps:
        return ""
    cost = together.cost
    money = "cost not known" if cost is None else _range(cost, cost_text)
    calls = count_text(1, "call") if together.calls == Range(1, 1) else f"{_range(together.calls, _count)} calls"
    words = f"{calls}, {_range(together.tokens, _count)} tokens, {money}"
    runs = together.runs
    by = f"by {count_text(runs, 'earlier run')}" if runs else "guessed by prompts and input; earlier runs tell better"
    return f"{words} ({by})"


def _range(one: Range, text: Callable[[float], str]) -> str:
    least, most = text(one.least), text(one.most)
    return least if least == most else f"{least} to {most}"


def _count(number: float) -> str:
    return f"{round(number):,}"
