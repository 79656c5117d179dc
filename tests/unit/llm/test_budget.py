"""What is settled and what is reserved never passes a budget together, whatever calls take, and in whatever order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipekit.llm.budget import Amount, Budget, BudgetReachedError, Caps, spent_by
from pipekit.llm.metering import Bound
from pipekit.state.ledger import Charge

amounts = st.builds(Amount.of, st.floats(0, 0.7), st.integers(0, 700))
#: A call: what it may take, what it does take, also more than it may, and how many turns of the loop it lasts.
calls = st.tuples(amounts, amounts, st.integers(0, 3))
caps = st.builds(Caps, usd=st.none() | st.floats(0.01, 3), tokens=st.none() | st.integers(1, 3000), calls=st.none())


def check(budget: Budget) -> None:
    spent = budget.settled + budget.reserved
    if budget.caps.usd is not None:
        assert spent.cost <= budget.caps.usd
    assert budget.caps.tokens is None or spent.tokens <= budget.caps.tokens
    assert budget.caps.calls is None or spent.calls <= budget.caps.calls


@settings(max_examples=300)
@given(caps, st.lists(calls, max_size=30), st.sampled_from([None, 1, 5, 12]), st.sets(st.integers(0, 29)))
def test_nothing_passes_a_cap_with_many_calls_at_once_that_take_what_they_like_or_are_stopped(
    bounds: Caps, wanted: list[tuple[Amount, Amount, int]], most_calls: int | None, stopped: set[int]
) -> None:
    budget = Budget(Caps(usd=bounds.usd, tokens=bounds.tokens, calls=most_calls))

    async def call(need: Amount, took: Amount, turns: int) -> None:
        await budget.reserve(need, "a/m")
        try:
            for _ in range(turns):
                check(budget)
                await asyncio.sleep(0)
        finally:
            budget.settle(need, took)
            check(budget)

    async def main() -> list[BaseException | None]:
        tasks = [asyncio.create_task(call(*one)) for one in wanted]
        await asyncio.sleep(0)
        for number in stopped & set(range(len(tasks))):
            tasks[number].cancel()
        async with asyncio.timeout(20):  # nobody waits for ever
            return await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = asyncio.run(main())
    check(budget)
    assert budget.reserved == Amount()
    assert all(one is None or isinstance(one, (BudgetReachedError, asyncio.CancelledError)) for one in outcomes)


def test_a_call_that_does_not_fit_beside_those_under_way_waits_for_what_they_give_back() -> None:
    async def main() -> None:
        budget = Budget(Caps(tokens=100))
        await budget.reserve(Amount(0, 80, 1), "a/m")
        second = asyncio.create_task(budget.reserve(Amount(0, 80, 1), "a/m"))
        await asyncio.sleep(0)
        assert not second.done()
        budget.settle(Amount(0, 80, 1), Amount(0, 20, 1))
        await second
        assert budget.settled.tokens + budget.reserved.tokens == 100
        with pytest.raises(BudgetReachedError, match="20 of 100 tokens are used up, and the next call to a/m may take"):
            await budget.reserve(Amount(0, 81, 1), "a/m")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("bounds", "spent", "need", "words", "larger"),
    [
        (Caps(usd=2.0), Amount.of(1.95, 10), Amount.of(0.1, 10), r"\$1.95 of \$2.00 are spent", "usd=4"),
        (Caps(usd=0.01), Amount(), Amount.of(0.5, 10), r"may cost up to \$0.5000", "usd=0.5"),
        (Caps(tokens=100), Amount(0, 90, 1), Amount(0, 500, 1), "90 of 100 tokens", "tokens=590"),
        (Caps(calls=1), Amount(0, 5, 1), Amount(0, 5, 1), "1 of 1 call are made", "calls=2"),
    ],
)
def test_a_budget_that_is_reached_says_which_cap_it_is_and_offers_one_that_is_large_enough(
    bounds: Caps, spent: Amount, need: Amount, words: str, larger: str
) -> None:
    budget = Budget(bounds, spent)
    with pytest.raises(BudgetReachedError, match=words):
        asyncio.run(budget.reserve(need, "a/m"))
    assert budget.larger == larger


@given(st.lists(st.floats(0, 5), max_size=50))
def test_money_is_added_up_without_losing_any(costs: list[float]) -> None:
    charges = [
        Charge(at=datetime(2026, 1, 1, tzinfo=UTC), task="t", model="a/m", ending="answered", cost=cost)
        for cost in costs
    ]
    total = spent_by(charges)
    assert sum(costs) - 1e-9 <= total.cost <= sum(costs) + 2e-9 * (len(costs) + 1)
    assert total.calls == len(costs)


def test_what_is_held_for_an_attempt_counts_before_what_its_server_says() -> None:
    held = Charge(
        at=datetime(2026, 1, 1, tzinfo=UTC),
        task="t",
        model="a/m",
        ending="under-way",
        held_cost=0.25,
        held_tokens=300,
    )
    assert spent_by([held]) == Amount.of(0.25, 300)


@given(st.lists(st.text(max_size=40), max_size=5), st.integers(1, 100))
def test_no_question_is_bounded_by_less_than_its_bytes(texts: list[str], answer: int) -> None:
    bound = Bound.of(texts, {"type": "object"}, answer)
    assert bound.into >= sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    assert bound.out == answer
