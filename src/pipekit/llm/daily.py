"""What all runs of a store may spend on models on one day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

from attrs import frozen

from pipekit.llm.budget import Amount, BudgetReachedError, Caps, spent_by
from pipekit.quantities import cost_text, count_text
from pipekit.state.ledger import Charge
from pipekit.workers import in_thread

__all__ = ["Daily", "Others"]


@frozen
class Others:
    """What other runs spent on a day: ``settled`` for good, and ``reserved`` for calls that are under way."""

    settled: Amount = Amount()
    reserved: Amount = Amount()


class Daily:
    """What all runs of a store may spend on a day, by UTC, seen from one of them.

    ``others`` tells what the other runs spent on a day; it reads the store, so it is asked in a thread. Every run
    writes down what it reserves before it looks at the others, so of two that reserve at once at least one sees the
    other: calls that are made never pass the caps. At the edge of them both may stop.
    """

    def __init__(self, caps: Caps, ledger: Iterable[Charge], others: Callable[[date], Others]) -> None:
        self.caps = caps
        self._ask = others
        self._others = Others()
        self._ledger = list(ledger)
        self._day: date | None = None
        self._settled = Amount()
        self._reserved = Amount()

    def reserve(self, need: Amount) -> None:
        """Count so much as reserved by this run."""
        self._reserved += need

    def settle(self, need: Amount, took: Amount, day: date) -> None:
        """Put what a call took in the place of what was reserved for it on that day."""
        self._reserved -= need
        if day == self._day:
            self._settled += took

    async def look(self) -> None:
        """Learn what the others spent by now."""
        day = datetime.now(UTC).date()
        others = await in_thread(lambda: self._ask(day))
        if day != self._day:
            self._day = day
            self._settled = spent_by(charge for charge in self._ledger if charge.at.date() == day)
            self._ledger = []  # what comes from now on is settled here
        self._others = others

    def allows(self, need: Amount, *, beside: bool) -> bool:
        """Whether so much more fits, as far as is known: ``beside`` all that is under way, or once that is free."""
        total = self._settled + self._others.settled + need
        return self.caps.allow(total + self._reserved + self._others.reserved if beside else total)

    def reached(self, need: Amount, model: str) -> BudgetReachedError:
        """What is told where it doesn't fit."""
        spent = self._settled + self._reserved + self._others.settled + self._others.reserved
        told = _told(spent, self.caps, spent + need)
        told = f"all runs of {self._day} have spent {told}, and the next call to {model} may take more"
        return BudgetReachedError(told, of_day=True)


def _told(spent: Amount, caps: Caps, wanted: Amount) -> str:
    """How much of the cap is spent that the next call would pass."""
    if caps.calls is not None and wanted.calls > caps.calls:
        return f"{spent.calls:,} of {count_text(caps.calls, 'call')}"
    if caps.tokens is not None and wanted.tokens > caps.tokens:
        return f"{spent.tokens:,} of {caps.tokens:,} tokens"
    return f"{cost_text(spent.cost)} of {cost_text(caps.usd)}"
