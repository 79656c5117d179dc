"""What one answer cost, by the prices that are known of its model. Unknown is not zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipekit.interfaces.llm_providers import ModelInfo
from pipekit.state.record import Usage

__all__ = ["usage_of"]


def usage_of(metadata: Mapping[str, Any] | None, info: ModelInfo | None = None) -> Usage:
    """Tokens and cost of one call, from LangChain's ``usage_metadata``.

    Tokens that the vendor had cached count at the price for those, else at the full one: rather too much than too
    little.
    """
    found = metadata or {}
    into, out = (max(0, int(found.get(name) or 0)) for name in ("input_tokens", "output_tokens"))
    details = found.get("input_token_details") or {}
    cached = max(0, min(into, int(details.get("cache_read") or 0)))
    cost: float | None = None
    # A server that doesn't say what an answer took may still charge for it.
    free = info is not None and info.input_price == 0 and info.output_price == 0
    if info is not None and info.input_price is not None and info.output_price is not None and (found or free):
        rate = info.input_price if info.cached_price is None else info.cached_price
        if info.priced_up_to is None or into < info.priced_up_to:
            cost = ((into - cached) * info.input_price + cached * rate + out * info.output_price) / 1_000_000
    return Usage(calls=1, input_tokens=into, output_tokens=out, cached_tokens=cached, cost=cost)
