"""How many items are worked on at once; one whose reply is being kept lends its place for as long as that takes."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from types import TracebackType

__all__ = ["Door", "Place", "Places"]

#: Turns of the loop between an item's setting out and its call, LangChain's own among them.
_TURNS = 6


class Places:
    """Room for ``count`` items; who comes back goes before who was never there. For one event loop."""

    def __init__(self, count: int) -> None:
        self.count = count
        #: Below nothing when somebody came back without waiting: the next place that is given back counts no more.
        self._free = count
        self._lent = 0
        self._back: deque[asyncio.Future[None]] = deque()
        self._new: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """A place, in turn."""
        await self._take(self._new)

    def give_back(self) -> None:
        """Let the next one have it."""
        if self._free >= 0:
            for waiting in (self._back, self._new):
                while waiting:
                    place = waiting.popleft()
                    if not place.done():  # else it was cancelled meanwhile
                        place.set_result(None)
                        return
        self._free += 1

    @property
    def can_lend(self) -> bool:
        """Whether another one may have a place meanwhile.

        One place alone is never lent: such a step has its items one after the other. And no more of them are lent than
        there are, so that no pile of replies waits for a slow disk.
        """
        return self.count > 1 and self._lent < self.count

    def lend(self) -> None:
        """Give a place back that will be taken again."""
        self._lent += 1
        self.give_back()

    async def take_again(self) -> None:
        """Have a place that was lent, before any newcomer."""
        await self._take(self._back)
        self._lent -= 1

    def claim(self) -> None:
        """Have a place that was lent without waiting for it: whoever comes back from an error may be about to end."""
        self._free -= 1
        self._lent -= 1

    async def _take(self, waiting: deque[asyncio.Future[None]]) -> None:
        if self._free > 0:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it was had in the same moment
                self.give_back()
            raise


class Place:
    """An item's place in each of several rooms, from entering to leaving."""

    def __init__(self, rooms: Sequence[Places]) -> None:
        self._rooms = rooms
        self._taken = 0
        self._is_lent = False

    async def __aenter__(self) -> Place:
        try:
            for room in self._rooms:
                await room.take()
                self._taken += 1
        except BaseException:
            self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        for room in self._rooms[: self._taken]:
            room.give_back()
        self._taken = 0

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Others may have it meanwhile, where there are others. What an item does besides goes on without it."""
        if self._is_lent or not all(room.can_lend for room in self._rooms):
            yield
            return
        out = deque(self._rooms)
        for room in out:
            room.lend()
        self._is_lent = True
        try:
            yield
            while out:
                await out[0].take_again()
                out.popleft()
        finally:
            for room in out:
                room.claim()
            self._is_lent = False


class Door:
    """Lets items set out one after the other, a few turns of the loop apart.

    Of items that set out together each does a bit in every turn, and the first call goes out when the last one can.
    """

    def __init__(self) -> None:
        self._is_shut = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def pass_through(self) -> None:
        """Set out, in turn."""
        if self._is_shut:
            passing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(passing)
            await passing
        else:
            self._stay_shut(_TURNS)

    def _stay_shut(self, turns: int) -> None:
        self._is_shut = True
        if turns:
            asyncio.get_running_loop().call_soon(self._stay_shut, turns - 1)
        else:
            self._open()

    def _open(self) -> None:
        self._is_shut = False
        while self._waiting:
            passing = self._waiting.popleft()
            if not passing.done():  # else it was cancelled meanwhile
                passing.set_result(None)
                self._stay_shut(_TURNS)
                return
