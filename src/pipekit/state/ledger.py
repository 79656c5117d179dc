"""The ledger of a run: what each attempt at a model took, kept in the run's journal beside the replies."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from attrs import frozen

__all__ = ["CHARGE", "Charge", "Ending"]

#: The kind of the entries that hold a ledger, in a run's journal.
CHARGE = "charge"

#: How an attempt ended. ``answered``: the model said something, of use or not. ``refused``: the server turned it down
#: before any work, which costs nothing. ``lost``: no answer came, and nobody knows whether the server charges for it.
#: ``under-way``: it was begun, and the process that did ended without a word of what became of it. ``withdrawn``: its
#: part of a budget was reserved and it was never begun; such a line is no charge.
Ending = Literal["answered", "refused", "lost", "under-way", "withdrawn"]


@frozen(kw_only=True)
class Charge:
    """What one attempt at a model took. Unknown is None, and never zero.

    ``at`` is when it was begun, ``model`` is provider/model, ``item`` the id of the step's item, ``reason`` the kind of
    failure where it came to nothing. Tokens are as the server tells them, ``cached_tokens`` among those that went in.
    ``cost`` is in US dollars and follows from the prices, which are in US dollars a million tokens. ``held_cost`` and
    ``held_tokens`` are what counts against a budget, where one held: the most that an attempt can have taken as long as
    nobody knows better. ``id`` tells attempts apart.
    """

    id: str = ""
    at: datetime
    step: str = ""
    item: str | None = None
    task: str
    model: str
    ending: Ending
    reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cost: float | None = None
    input_price: float | None = None
    output_price: float | None = None
    cached_price: float | None = None
    held_cost: float | None = None
    held_tokens: int | None = None
