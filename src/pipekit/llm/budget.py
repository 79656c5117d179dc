"""What a run may spend on models: a part is reserved before each call, and given back where the call took less."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING

from attrs import frozen

from pipekit.quantities import cost_text, count_text
from pipekit.state.ledger import Charge

if TYPE_CHECKING:
    from pipekit.llm.daily import Daily

__all__ = ["Amount", "Budget", "BudgetReachedError", "Caps", "spent_by"]

#: Money is added up in whole billionths of a dollar: sums of these are exact, and sums of floats creep past a cap.
_NANO = 1_000_000_000


class BudgetReachedError(Exception):
    """The next call could pass the budget of the run, or ``of_day``; the run pauses before it."""

    def __init__(self, message: str, *, of_day: bool = False) -> None:
        super().__init__(message)
        self.of_day = of_day


@frozen(kw_only=True)
class Caps:
    """The most that may be spent: US dollars, tokens in and out, calls; None is no bound."""

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None

    @property
    def are_set(self) -> bool:
        """Whether anything is bounded."""
        return (self.usd, self.tokens, self.calls) != (None, None, None)

    def allow(self, amount: Amount) -> bool:
        """Whether an amount passes none of them."""
        return (
            (self.usd is None or amount.nanos <= math.floor(round(self.usd * _NANO, 3)))
            and (self.tokens is None or amount.tokens <= self.tokens)
            and (self.calls is None or amount.calls <= self.calls)
        )


@frozen
class Amount:
    """Spent or reserved: ``nanos`` are billionths of a US dollar."""

    nanos: int = 0
    tokens: int = 0
    calls: int = 0

    @classmethod
    def of(cls, cost: float, tokens: int, calls: int = 1) -> Amount:
        """An amount of money, rounded up, with its tokens."""
        return cls(math.ceil(round(cost * _NANO, 3)), tokens, calls)

    @property
    def cost(self) -> float:
        """US dollars."""
        return self.nanos / _NANO

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.nanos + other.nanos, self.tokens + other.tokens, self.calls + other.calls)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.nanos - other.nanos, self.tokens - other.tokens, self.calls - other.calls)

    def at_most(self, other: Amount) -> Amount:
        """The smaller of each."""
        return Amount(min(self.nanos, other.nanos), min(self.tokens, other.tokens), min(self.calls, other.calls))


class Budget:
    """The account of one run against its caps. What is settled and what is reserved never passes them together.

    A call that doesn't fit beside those under way waits for them, since most take less than was reserved; one that
    doesn't fit beside what is settled raises `BudgetReachedError`. All calls of a run share one event loop.
    """

    def __init__(
        self,
        caps: Caps,
        spent: Amount = Amount(),
        warn: Callable[[str], None] = lambda _: None,
        *,
        daily: Daily | None = None,
    ) -> None:
        self.caps = caps
        self.daily = daily
        self.warn = warn
        self.settled = spent
        self.reserved = Amount()
        #: A budget to go on with, as ``--budget`` takes it, once this one was reached.
        self.larger: str | None = None
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def of_money(self) -> bool:
        """Whether money is bounded, so that prices have to be known."""
        return any(caps.usd is not None for caps in self._all)

    @property
    def bounds_answers(self) -> bool:
        """Whether the length of an answer counts."""
        return any(caps.usd is not None or caps.tokens is not None for caps in self._all)

    @property
    def _all(self) -> list[Caps]:
        return [self.caps] if self.daily is None else [self.caps, self.daily.caps]

    async def reserve(self, need: Amount, model: str) -> None:
        """Take so much out of the budget until it is settled."""
        if self.daily is not None:
            await self.daily.look()
        while not self._allows(need, beside=True):
            if not self.caps.allow(self.settled + need):
                raise BudgetReachedError(self._reached(need, model))
            if self.daily is not None and (self.reserved == Amount() or not self.daily.allows(need, beside=False)):
                raise self.daily.reached(need, model)
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            finally:
                if turn in self._waiting:
                    self._waiting.remove(turn)
        self.reserved += need
        if self.daily is not None:
            self.daily.reserve(need)

    def settle(self, need: Amount, took: Amount, day: date | None = None) -> None:
        """Put what a call took in the place of what was reserved for it, on that day."""
        took = took.at_most(need)
        self.reserved -= need
        self.settled += took
        if self.daily is not None and day is not None:
            self.daily.settle(need, took, day)
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)

    def _allows(self, need: Amount, *, beside: bool) -> bool:
        if self.daily is not None and not self.daily.allows(need, beside=beside):
            return False
        return self.caps.allow(self.settled + self.reserved + need if beside else self.settled + need)

    def _reached(self, need: Amount, model: str) -> str:
        """Which cap it is, what was spent of it, and what the next call may take."""
        caps, spent = self.caps, self.settled
        wanted = spent + need
        if caps.calls is not None and wanted.calls > caps.calls:
            self.larger = f"calls={max(2 * caps.calls, wanted.calls)}"
            return f"{spent.calls:,} of {count_text(caps.calls, 'call')} are made"
        if caps.tokens is not None and wanted.tokens > caps.tokens:
            self.larger = f"tokens={max(2 * caps.tokens, wanted.tokens)}"
            of, took, may = (f"{count:,}" for count in (caps.tokens, spent.tokens, need.tokens))
            return f"{took} of {of} tokens are used up, and the next call to {model} may take up to {may}"
        assert caps.usd is not None
        self.larger = f"usd={math.ceil(max(2 * caps.usd, wanted.cost) * 100) / 100:g}"
        of, took, may = (cost_text(cost) for cost in (caps.usd, spent.cost, need.cost))
        return f"{took} of {of} are spent, and the next call to {model} may cost up to {may}"


def spent_by(ledger: Iterable[Charge]) -> Amount:
    """What the lines of a ledger count against a budget."""
    total = Amount()
    for charge in ledger:
        tokens = (charge.input_tokens or 0) + (charge.output_tokens or 0)
        cost = charge.cost or 0.0
        if charge.held_tokens is not None:
            tokens = charge.held_tokens
        if charge.held_cost is not None:
            cost = charge.held_cost
        total += Amount.of(cost, tokens)
    return total
