"""What vendors ask for their models, from the tables of the package genai-prices; for providers that require it.

It is loaded here when a price is first needed, and asks no network: its tables are part of it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import evolve

from pipekit.interfaces.llm_providers import ModelInfo

__all__ = ["priced"]


def priced(info: ModelInfo, vendor: str) -> ModelInfo:
    """What is known of a model, with its vendor's prices of today; as it was where they aren't known.

    Where a vendor asks more for long prompts the prices are those of the shorter ones, up to ``priced_up_to``.
    """
    try:
        from genai_prices.data_snapshot import get_snapshot

        _, model = get_snapshot().find_provider_model(info.name, None, vendor, None)
    except (ImportError, LookupError):
        return info
    prices = model.get_prices(datetime.now(UTC))
    names = ("input_mtok", "output_mtok", "cache_read_mtok")
    found = [getattr(prices, name, None) for name in names]
    starts = [tier.start for price in found for tier in getattr(price, "tiers", ())]
    into, out, cached = (_base(price) for price in found)
    return evolve(info, input_price=into, output_price=out, cached_price=cached, priced_up_to=min(starts, default=None))


def _base(price: Any) -> float | None:
    price = getattr(price, "base", price)
    return None if price is None else float(price)
