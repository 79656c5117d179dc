"""How long a call may give no sign of life."""

from __future__ import annotations

import asyncio
from types import TracebackType

__all__ = ["Patience"]


class Patience:
    """A time limit that every sign of life renews; `TimeoutError` when none came for ``seconds``. None waits for ever.

    To be entered once, around one call; `renew` is for the event loop's thread.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(None)
        self._is_entered = False

    @property
    def is_over(self) -> bool:
        """Whether it ran out; a `TimeoutError` while it didn't is somebody else's."""
        return self._timeout.expired()

    def renew(self) -> None:
        """Count from now."""
        if self._is_entered and self._seconds is not None and not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._is_entered = True
        self.renew()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_entered = False
        await self._timeout.__aexit__(kind, error, traceback)
