"""Places of items: so many at once, lent while a reply is being kept, and none of them lost."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Coroutine
from typing import Any

import pytest

from pipekit.engine.places import Place, Places


class Item:
    """An item in a room: it comes in, lends its place, comes back and leaves as it is told."""

    def __init__(self, *rooms: Places) -> None:
        self.is_in = False
        self.place = Place(rooms)
        self.lends, self.returns, self.leaves = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.error: Exception | None = None
        self.task = asyncio.create_task(self._main())

    async def _main(self) -> None:
        async with self.place:
            self.is_in = True
            try:
                await self.lends.wait()
                with contextlib.suppress(OSError):
                    async with self.place.lent():
                        self.is_in = False
                        await self.returns.wait()
                        if self.error is not None:
                            raise self.error
                self.is_in = True
                await self.leaves.wait()
            finally:
                self.is_in = False


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def those_in(items: list[Item]) -> list[int]:
    await settle()
    return [number for number, item in enumerate(items) if item.is_in]


async def end(items: list[Item], room: Places) -> None:
    """End them all; the room then has its places, and no more."""
    for item in items:
        item.task.cancel()
    await settle()
    again = [Item(room) for _ in range(room.count + 2)]
    assert await those_in(again) == list(range(room.count))
    for item in again:
        item.task.cancel()
    await settle()


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


def test_items_come_in_turn_and_no_more_than_there_are_places() -> None:
    async def main() -> None:
        room = Places(2)
        items = [Item(room) for _ in range(4)]
        assert await those_in(items) == [0, 1]
        items[1].task.cancel()
        assert await those_in(items) == [0, 2]
        await end(items, room)

    run(main())


def test_a_lent_place_is_had_by_the_next_one_and_then_by_who_comes_back_before_all_others() -> None:
    async def main() -> None:
        room = Places(2)
        items = [Item(room) for _ in range(4)]
        await settle()
        items[0].lends.set()
        assert await those_in(items) == [1, 2]
        items[0].returns.set()
        assert await those_in(items) == [1, 2]
        items[1].task.cancel()
        assert await those_in(items) == [0, 2]
        await end(items, room)

    run(main())


def test_one_place_alone_is_not_lent_so_that_items_are_done_one_after_the_other() -> None:
    async def main() -> None:
        for rooms in ((Places(1),), (Places(2), Places(1)), (Places(1), Places(2))):
            items = [Item(*rooms) for _ in range(2)]
            await settle()
            items[0].lends.set()
            assert await those_in(items) == []
            items[0].returns.set()
            assert await those_in(items) == [0]
            items[0].leaves.set()
            assert await those_in(items) == [1]
            items[1].task.cancel()
            await settle()

    run(main())


def test_no_more_places_are_lent_than_there_are_so_that_no_pile_waits_for_a_slow_disk() -> None:
    async def main() -> None:
        room = Places(2)
        items = [Item(room) for _ in range(8)]
        for item in items:
            item.lends.set()
        await settle()
        # Two have lent theirs to two others, who wait for their replies in their places.
        assert sum(not item.task.done() and item.place._taken == 1 for item in items) == 4
        await end(items, room)

    run(main())


def test_an_item_whose_reply_cannot_be_kept_has_its_place_again() -> None:
    async def main() -> None:
        room = Places(2)
        items = [Item(room) for _ in range(4)]
        await settle()
        items[0].lends.set()
        items[0].error = OSError("no space left")
        assert await those_in(items) == [1, 2]
        items[0].returns.set()
        assert await those_in(items) == [0, 1, 2]
        items[1].task.cancel()  # the place that it leaves was already had
        assert await those_in(items) == [0, 2]
        await end(items, room)

    run(main())


@pytest.mark.parametrize("comes_back", [False, True])
def test_an_item_that_is_cancelled_while_its_place_is_lent_waits_for_none(comes_back: bool) -> None:
    async def main() -> None:
        rooms = (Places(2), Places(3))
        items = [Item(*rooms) for _ in range(4)]
        await settle()
        items[0].lends.set()
        await settle()
        if comes_back:
            items[0].returns.set()
            await settle()
        items[0].task.cancel()
        await settle()
        assert items[0].task.done()
        assert await those_in(items) == [1, 2]
        for item in items:
            item.task.cancel()
        await settle()
        await end([], rooms[0])
        await end([], rooms[1])

    run(main())


def test_an_item_with_two_replies_on_the_way_lends_its_place_once() -> None:
    async def main() -> None:
        room = Places(2)
        async with Place([room]) as place:
            async with place.lent(), place.lent():
                others = [Item(room) for _ in range(3)]
                assert await those_in(others) == [0, 1]
                others[0].task.cancel()
                assert await those_in(others) == [1, 2]
                others[1].task.cancel()
                await settle()
            assert await those_in(others) == [2]
        await end(others, room)

    run(main())


@pytest.mark.parametrize("seed", range(30))
def test_whatever_happens_no_place_is_lost_or_had_twice(seed: int) -> None:
    async def main() -> None:
        chance = random.Random(seed)
        room, run_room = Places(chance.randint(2, 4)), Places(chance.randint(2, 4))
        items = [Item(room, run_room) for _ in range(12)]
        for _ in range(60):
            item = chance.choice(items)
            if seed % 2 and chance.random() < 0.25:
                item.task.cancel()
            else:
                chance.choice([item.lends, item.returns, item.leaves]).set()
            if chance.random() < 0.5:
                assert len(await those_in(items)) <= min(room.count, run_room.count)
        await end(items, room)
        await end([], run_room)

    run(main())
