"""Times, tokens and money as people read them, the same everywhere: terminal, reports, messages."""

from __future__ import annotations

import math

__all__ = ["cost_text", "count_text", "duration_text", "usage_text"]


def duration_text(seconds: float) -> str:
    """A duration: ``0.08 s``, ``12.3 s``, ``4 min 05 s``, ``2 h 01 min``."""
    if round(seconds, 2) < 1:
        return f"{seconds:.2f} s"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def cost_text(cost: float | None) -> str:
    """US dollars, with as many digits as a small amount needs; what isn't known is said."""
    if cost is None:
        return "not known"
    if cost == 0 or round(cost, 4) >= 1:
        return f"${cost:,.2f}"
    return f"${cost:.4f}" if cost >= 0.0001 else f"${cost:.{min(12, 1 - math.floor(math.log10(cost)))}f}"


def count_text(count: int, one: str, several: str = "") -> str:
    """A number of things: ``1 call``, ``1,200 calls``."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def usage_text(calls: int, tokens: int, cost: float | None) -> str:
    """What calls took: ``12 calls, 3,456 tokens, $0.0123``; where the price is unknown, ``cost not known``."""
    money = "cost not known" if cost is None else cost_text(cost)
    return f"{count_text(calls, 'call')}, {count_text(tokens, 'token')}, {money}"
