"""An account's places are shared by all steps and runs of a process, whatever their event loops."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from pipekit.llm.limits import Account, Limits, _Places, account
from pipekit.llm.replies import CallError
from pipekit.llm.retrying import SystemClock


class FakeClock:
    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


def test_no_more_calls_at_once_than_there_are_places_also_across_event_loops() -> None:
    places = Account(Limits(concurrency=3))
    lock, now, most = threading.Lock(), 0, 0

    async def call() -> None:
        nonlocal now, most
        async with places.place():
            with lock:
                now += 1
                most = max(most, now)
            await asyncio.sleep(0.005)
            with lock:
                now -= 1

    async def many() -> None:
        await asyncio.gather(*(call() for _ in range(10)))

    threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (now, most) == (0, 3)


def test_a_call_that_is_cancelled_while_it_waits_takes_no_place_with_it() -> None:
    async def story() -> None:
        places = Account(Limits(concurrency=1))
        async with places.place():
            waiting = [asyncio.create_task(_enter(places)) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await asyncio.sleep(0)
        waiting[1].cancel()  # it may have been handed the place just now
        await asyncio.gather(*waiting, return_exceptions=True)
        async with asyncio.timeout(1), places.place():
            pass

    asyncio.run(story())


async def _enter(places: Account, until: float | None = None) -> None:
    async with places.place(until):
        pass


def test_a_loop_that_is_gone_keeps_no_place() -> None:
    places = Account(Limits(concurrency=1))
    ready, go_on = threading.Event(), threading.Event()

    async def waits() -> None:
        task = asyncio.create_task(_enter(places))
        await asyncio.sleep(0.01)
        ready.set()
        task.cancel()

    async def holds() -> None:
        async with places.place():
            thread = threading.Thread(target=asyncio.run, args=(waits(),))
            thread.start()
            await asyncio.to_thread(ready.wait)
            await asyncio.to_thread(thread.join)
        async with asyncio.timeout(1), places.place():
            go_on.set()

    asyncio.run(holds())
    assert go_on.is_set()


def test_a_rate_spreads_calls_over_the_minute() -> None:
    clock = FakeClock()
    places = Account(Limits(per_minute=30), clock)

    async def story() -> None:
        for _ in range(4):
            await _enter(places)

    asyncio.run(story())
    assert clock.time == pytest.approx(106.0)


def test_nobody_calls_while_a_server_asks_for_time() -> None:
    clock = FakeClock()
    places = Account(Limits(), clock)
    places.cool_down(12)
    places.cool_down(3)
    asyncio.run(_enter(places))
    assert clock.time == pytest.approx(112.0)


def tell_is_taken(places: Account) -> bool:
    """Whether nobody else gets a place now."""
    try:
        asyncio.run(_enter(places, until=SystemClock().now()))
    except CallError as error:
        return "were taken" in error.message
    return False


def test_those_who_have_the_same_key_share_places_by_the_strictest_limit() -> None:
    first, second = account("shared", Limits(concurrency=2)), account("shared", Limits(concurrency=1))
    other = account("another", Limits(concurrency=1))

    async def story() -> None:
        async with first.place():
            assert await asyncio.to_thread(tell_is_taken, first)
            assert await asyncio.to_thread(tell_is_taken, second)
            assert not await asyncio.to_thread(tell_is_taken, other)

    asyncio.run(story())


def test_a_limit_goes_with_the_last_who_set_it_and_those_who_waited_for_it_go_on() -> None:
    wide, strict = account("leaving", Limits(concurrency=3)), [account("leaving", Limits(concurrency=1))]
    inside: list[int] = []

    async def one(number: int) -> None:
        async with wide.place():
            inside.append(number)
            await asyncio.sleep(0.01 * (number + 1))
            inside.append(-number)

    async def story() -> None:
        calls = [asyncio.create_task(one(number)) for number in range(3)]
        await asyncio.sleep(0)
        assert inside == [0]
        strict.clear()
        gc.collect()
        await asyncio.gather(*calls)

    asyncio.run(story())
    assert inside[:4] == [0, 0, 1, 2], "both who waited went on when the first was done"


def test_the_slowest_of_two_rates_holds_for_all_who_share_an_account() -> None:
    clock, places = FakeClock(), _Places()
    fast, slow = Account(Limits(per_minute=60), clock, places), Account(Limits(per_minute=30), clock, places)

    async def story() -> None:
        for one in (fast, slow, fast, fast):
            await _enter(one)

    asyncio.run(story())
    assert clock.time == pytest.approx(106.0)
    assert slow.limits.per_minute == 30


def test_places_are_given_in_the_order_of_asking() -> None:
    order: list[int] = []

    async def story() -> None:
        places = Account(Limits(concurrency=1))

        async def one(number: int) -> None:
            async with places.place():
                order.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(*(one(number) for number in range(20)))

    asyncio.run(story())
    assert order == list(range(20))


def test_a_call_whose_turn_comes_too_late_is_not_made_and_takes_no_turn() -> None:
    clock = FakeClock()
    places = Account(Limits(per_minute=30), clock)
    places.cool_down(12)

    async def late() -> None:
        async with places.place(clock.now() + 12):
            raise AssertionError("it began")

    with pytest.raises(CallError) as caught:
        asyncio.run(late())
    assert (caught.value.kind, caught.value.retry_after, clock.time) == ("rate", 12, 100)

    async def in_time() -> None:
        async with places.place(clock.now() + 13):
            pass

    asyncio.run(in_time())
    assert clock.time == 112


def test_a_call_that_gets_its_place_too_late_is_not_made_and_leaves_the_place() -> None:
    clock = FakeClock()
    places = Account(Limits(concurrency=1), clock)

    async def story() -> None:
        async with places.place():
            waiting = asyncio.create_task(_enter(places, until=clock.now() + 50))
            await asyncio.sleep(0)
            clock.time += 50
        with pytest.raises(CallError):
            await waiting
        await _enter(places)

    asyncio.run(story())


def test_nobody_waits_for_a_place_beyond_its_time() -> None:
    """On the machine's own clock: no place is ever given back here, so the wait alone has to end."""
    places = Account(Limits(concurrency=1))

    async def story() -> None:
        async with places.place():
            with pytest.raises(CallError, match="all places of its account were taken"):
                await _enter(places, until=SystemClock().now())
        await _enter(places)

    asyncio.run(story())
