"""How many calls at once, and how many a minute, an account gets: shared by all steps and runs of this process."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from attrs import frozen

from pipekit.llm.replies import CallError
from pipekit.llm.retrying import Clock, SystemClock

__all__ = ["Account", "Limits", "account"]


@frozen(kw_only=True)
class Limits:
    """``concurrency`` calls at a time, and no more than ``per_minute`` (None: as many as there are)."""

    concurrency: int = 32
    per_minute: float | None = None


class _Places:
    """The places of one account, and all who take them. Whoever asks for its limits holds the lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.taken = 0
        self.waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()
        #: When the next call may begin, by the rate and by what the server asked for.
        self.next = float("-inf")
        self.users: weakref.WeakSet[Account] = weakref.WeakSet()

    @property
    def has_one(self) -> bool:
        return self.taken < min(user.limits.concurrency for user in self.users)

    @property
    def seconds_between(self) -> float:
        return max(60.0 / user.limits.per_minute if user.limits.per_minute else 0.0 for user in self.users)


class Account:
    """What one user has of an account: its places are those of all users, by the strictest of their limits.

    The service counts all calls, whoever makes them; a limit holds for as long as somebody is there who set it. Runs
    have event loops of their own, so places are handed from thread to thread.
    """

    def __init__(self, limits: Limits, clock: Clock | None = None, places: _Places | None = None) -> None:
        self.limits = limits
        self._clock = clock or SystemClock()
        self._places = places or _Places()
        with self._places.lock:
            self._places.users.add(self)

    @asynccontextmanager
    async def place(self, until: float | None = None) -> AsyncIterator[None]:
        """A place for one call, once there is one and its time has come; `CallError` when that is not before ``until``.

        ``until`` is a time of the account's clock.
        """
        if not self._has_taken():
            try:
                async with asyncio.timeout(None if until is None else until - self._clock.now()):
                    await self._take()
            except TimeoutError as error:
                raise CallError("rate", "all places of its account were taken until the time was over") from error
        try:
            while (wait := self._turn(until)) > 0:
                await self._clock.sleep(wait)
            yield
        finally:
            self._give_back()

    def cool_down(self, seconds: float) -> None:
        """Let no call begin for so long: the server asked for it."""
        with self._places.lock:
            self._places.next = max(self._places.next, self._clock.now() + seconds)

    def _has_taken(self) -> bool:
        """Whether a place was free, and is taken now."""
        with self._places.lock:
            if self._places.has_one:
                self._places.taken += 1
                return True
            return False

    async def _take(self) -> None:
        places = self._places
        with places.lock:
            if places.has_one:
                places.taken += 1
                return
            loop = asyncio.get_running_loop()
            place: asyncio.Future[None] = loop.create_future()
            places.waiting.append((loop, place))
        try:
            await place
        except asyncio.CancelledError:
            with places.lock:
                was_waiting = (loop, place) in places.waiting
                if was_waiting:
                    places.waiting.remove((loop, place))
            if not was_waiting and place.done() and not place.cancelled():
                self._give_back()
            raise

    def _give_back(self) -> None:
        places = self._places
        with places.lock:
            places.taken -= 1
            # More than one may go on: whoever had the strictest limit may be gone by now.
            while places.waiting and places.has_one:
                loop, place = places.waiting.popleft()
                try:
                    loop.call_soon_threadsafe(self._hand_over, place)
                except RuntimeError:  # its loop is closed, nobody waits there any more
                    continue
                places.taken += 1

    def _hand_over(self, place: asyncio.Future[None]) -> None:
        if place.done():  # cancelled meanwhile: the place goes to the next one
            self._give_back()
        else:
            place.set_result(None)

    def _turn(self, until: float | None) -> float:
        """Seconds until a call may begin; 0 takes the turn."""
        places = self._places
        with places.lock:
            now = self._clock.now()
            if until is not None and max(now, places.next) >= until:
                wait = max(0.0, places.next - now)
                raise CallError("rate", "its account's turn comes after the time is over", retry_after=wait)
            if places.next > now:
                return places.next - now
            if (between := places.seconds_between) > 0:
                places.next = max(places.next, now) + between
            return 0.0


_accounts: dict[Hashable, _Places] = {}
_accounts_lock = threading.Lock()


def account(key: Hashable, limits: Limits) -> Account:
    """The account of this key, for one user of it: places and turns are shared by the whole process."""
    with _accounts_lock:
        places = _accounts.setdefault(key, _Places())
    return Account(limits, places=places)
