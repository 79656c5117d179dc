"""How many calls at once, and how many a minute, an account gets: shared by all steps and runs of this process."""

from __future__ import annotations

import asyncio
import threading
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


class Account:
    """The places of one account. Runs have event loops of their own, so places are handed from thread to thread."""

    def __init__(self, limits: Limits, clock: Clock | None = None) -> None:
        self.limits = limits
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._free = limits.concurrency
        self._waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()
        #: When the next call may begin, by the rate and by what the server asked for.
        self._next = float("-inf")

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
        with self._lock:
            self._next = max(self._next, self._clock.now() + seconds)

    def _has_taken(self) -> bool:
        """Whether a place was free, and is taken now."""
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return True
            return False

    async def _take(self) -> None:
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            loop = asyncio.get_running_loop()
            place: asyncio.Future[None] = loop.create_future()
            self._waiting.append((loop, place))
        try:
            await place
        except asyncio.CancelledError:
            with self._lock:
                was_waiting = (loop, place) in self._waiting
                if was_waiting:
                    self._waiting.remove((loop, place))
            if not was_waiting and place.done() and not place.cancelled():
                self._give_back()
            raise

    def _give_back(self) -> None:
        with self._lock:
            while self._waiting:
                loop, place = self._waiting.popleft()
                try:
                    loop.call_soon_threadsafe(self._hand_over, place)
                except RuntimeError:  # its loop is closed, nobody waits there any more
                    continue
                return
            self._free += 1

    def _hand_over(self, place: asyncio.Future[None]) -> None:
        if place.done():  # cancelled meanwhile: the place goes to the next one
            self._give_back()
        else:
            place.set_result(None)

    def _turn(self, until: float | None) -> float:
        """Seconds until a call may begin; 0 takes the turn."""
        with self._lock:
            now = self._clock.now()
            if until is not None and max(now, self._next) >= until:
                wait = max(0.0, self._next - now)
                raise CallError("rate", "its account's turn comes after the time is over", retry_after=wait)
            if self._next > now:
                return self._next - now
            if self.limits.per_minute is not None:
                self._next = max(self._next, now) + 60.0 / self.limits.per_minute
            return 0.0


_accounts: dict[tuple[Hashable, Limits], Account] = {}
_accounts_lock = threading.Lock()


def account(key: Hashable, limits: Limits) -> Account:
    """The account of this key, the same for the whole process; other limits make another one."""
    with _accounts_lock:
        found = _accounts.get((key, limits))
        if found is None:
            found = _accounts[key, limits] = Account(limits)
        return found
