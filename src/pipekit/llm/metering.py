"""One attempt at a model: what it may take, what it took, and the line of the run's ledger that says so."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from attrs import define, field, frozen

from pipekit.errors import ProviderError
from pipekit.llm.budget import Amount, Budget
from pipekit.llm.candidates import Candidate
from pipekit.llm.replies import CallError, Reply
from pipekit.serde import JSON, encode
from pipekit.state.ledger import Charge

__all__ = ["LONGEST_ANSWER", "Bound", "Metered", "unpriced"]

#: Failures that a server answers with before it works: nobody charges for these.
_FREE = frozenset({"rate", "quota", "auth", "refused", "not-found", "too-long"})
#: What a budget lets an answer take where ``llm.maxTokens`` doesn't say: a reservation needs a bound.
LONGEST_ANSWER = 4096
#: Tokens that a server adds to a question, for roles and separators and to explain the shape of an answer.
_A_MESSAGE, _A_SHAPE = 16, 512


@frozen
class Bound:
    """The most tokens that a question and its answer can take."""

    into: int
    out: int

    @classmethod
    def of(cls, texts: Iterable[str], schema: JSON | None, answer: int) -> Bound:
        """No model's tokens are shorter than a byte, so a text has no more tokens than bytes."""
        into = sum(len(text.encode("utf-8", "surrogatepass")) + _A_MESSAGE for text in texts)
        return cls(into + (0 if schema is None else len(encode(schema)) + _A_SHAPE), answer)


@define
class Metered:
    """One attempt at a model; ``has_begun`` once it is asked. Against a ``budget`` its ``bound`` is reserved before.

    Only with a budget there is a bound: reckoning it for every question would cost those who set none.

    The charges name no step: whoever keeps them does.
    """

    candidate: Candidate
    task: str
    bound: Bound | None = None
    budget: Budget | None = None
    has_begun: bool = field(default=False, init=False)
    _id: str = field(factory=lambda: uuid.uuid4().hex[:16], init=False)
    _need: Amount | None = field(default=None, init=False)
    _took: Amount | None = field(default=None, init=False)
    _at: datetime = field(factory=lambda: datetime.now(UTC), init=False)

    async def reserve(self, keep: Callable[[Charge], Awaitable[None]]) -> None:
        """Take what it may cost out of the budget, where there is one, and keep that; `BudgetReachedError`.

        It is kept before the model is asked: after a crash nobody knows what became of it, and it counts in full.
        """
        if self.budget is None:
            return
        need, model = self._most(), self.candidate.reference
        await self.budget.reserve(need, model)
        self._need, self._at = need, datetime.now(UTC)
        await keep(self._charge(ending="under-way", **_held(need)))
        daily = self.budget.daily
        if daily is None:
            return
        # Another run may have reserved at the same time: each looks again once its own is written down.
        await daily.look()
        if not daily.allows(Amount(), beside=True):
            self._took = Amount()
            await keep(self._charge(ending="withdrawn", **_held(self._took)))
            raise daily.reached(need, model)

    def answered(self, reply: Reply) -> Charge:
        """The charge for an answer, of use or not; where the server doesn't say what it took, that isn't known."""
        usage = reply.usage
        is_told = usage.total_tokens > 0
        took: dict[str, Any] = {"cost": usage.cost}
        if is_told:
            took |= {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
            took |= {"cached_tokens": usage.cached_tokens}
        if self._need is not None:
            took |= _held(self._counted(reply, self._need))
        return self._charge(ending="answered", reason=reply.problem, **took)

    def failed(self, kind: str) -> Charge:
        """The charge for an attempt without an answer: nothing where the server turned it down, else nobody knows."""
        held = {}
        if self._need is not None:
            self._took = Amount(calls=1) if kind in _FREE else self._need
            held = _held(self._took)
        if kind in _FREE:
            nothing = {"input_tokens": 0, "output_tokens": 0, "cached_tokens": 0, "cost": 0.0}
            return self._charge(ending="refused", reason=kind, **nothing, **held)
        info = self.candidate.info
        is_free = info.input_price == 0 and info.output_price == 0
        return self._charge(ending="lost", reason=kind, cost=0.0 if is_free else None, **held)

    def close(self) -> None:
        """Give back to the budget what it didn't take. Its charge is kept by now: what is given back is lent anew."""
        if self.budget is not None and self._need is not None:
            self.budget.settle(self._need, self._need if self._took is None else self._took, self._at.date())
            self._need = None

    def _most(self) -> Amount:
        """The most it can cost."""
        assert self.budget is not None
        assert self.bound is not None
        info, cost = self.candidate.info, 0.0
        if self.budget.of_money:
            if info.input_price is None or info.output_price is None:
                raise unpriced(self.candidate.reference)
            if info.priced_up_to is not None and self.bound.into >= info.priced_up_to:
                told = f"what prompts of {info.priced_up_to:,} tokens and more cost is not known, and there is a budget"
                raise CallError("too-long", told)
            into = max(info.input_price, info.cached_price or 0.0)
            cost = (self.bound.into * into + self.bound.out * info.output_price) / 1_000_000
        return Amount.of(cost, self.bound.into + self.bound.out)

    def _counted(self, reply: Reply, need: Amount) -> Amount:
        """What an answer counts: as its server says, but no more than it can have taken.

        A server that doesn't say, or says that a prompt or an answer took nothing, is not believed.
        """
        assert self.budget is not None
        usage = reply.usage
        if not usage.input_tokens or (reply.text.strip() and not usage.output_tokens):
            self._took = need
            return need
        took = Amount.of(need.cost if usage.cost is None else usage.cost, usage.total_tokens)
        if took.tokens > need.tokens:
            self.budget.warn(
                f"{self.candidate.reference} says that an answer took {usage.total_tokens:,} tokens; the question "
                f"and its longest answer have {need.tokens:,} at most, and so many are counted against the budget"
            )
        self._took = took.at_most(need)
        return self._took

    def _charge(self, **took: Any) -> Charge:
        info = self.candidate.info
        return Charge(
            id=self._id,
            at=self._at,
            task=self.task,
            model=self.candidate.reference,
            input_price=info.input_price,
            output_price=info.output_price,
            cached_price=info.cached_price,
            **took,
        )


def unpriced(reference: str, where: str = "") -> ProviderError:
    """The error of a model that can't be asked within a budget of money."""
    return ProviderError(
        f"there is a budget in US dollars, and nobody knows what {reference} costs",
        kind="budget",
        provider=reference.partition("/")[0],
        where=where,
        hint=f"llm.models.{reference} takes inputPrice and outputPrice, in US dollars a million tokens (0 for a model "
        "of your own); or bound tokens or calls in place of money",
    )


def _held(amount: Amount) -> dict[str, Any]:
    return {"held_cost": amount.cost, "held_tokens": amount.tokens}
