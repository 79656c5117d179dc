"""Plain functions beside the event loop, each in a thread that the loop can leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import threading
import traceback
from collections.abc import Callable
from typing import TypeVar

__all__ = ["UnusualEndError", "Worker", "in_thread", "is_unusual"]

T = TypeVar("T")


class UnusualEndError(RuntimeError):
    """In the place of an ``error`` of a step that a future doesn't take, or that a loop takes for its own."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"raised {type(error).__name__}: {error}")
        self.error = error


def is_unusual(error: BaseException) -> bool:
    """Whether it goes past ``except Exception`` without being a cancellation, or a future doesn't take it."""
    return isinstance(error, StopIteration) or not isinstance(error, (Exception, asyncio.CancelledError))


class Worker:
    """A plain function in a thread of its own.

    The threads are daemons: a step that hangs can't be killed, but it can't keep the process alive either.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """The result of ``work``, or what it raises; a cancellation leaves the thread behind."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        context = contextvars.copy_context()

        def settle(result: T | None, error: BaseException | None) -> None:
            if future.cancelled():
                return
            if error is None:
                future.set_result(result)  # type: ignore[arg-type]
            else:
                future.set_exception(UnusualEndError(error) if is_unusual(error) else error)

        def main() -> None:
            result: T | None = None
            failure: BaseException | None = None
            try:
                result = context.run(work)
            except BaseException as error:  # noqa: BLE001 - handed to the loop, which judges it
                failure = error
            # The loop is gone when the run was stopped while this thread hung.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, result, failure)

        self._thread = threading.Thread(target=main, name=self.name, daemon=True)
        self._thread.start()
        return await future

    def stack(self) -> str:
        """Where the thread is now, for the message about a step that hangs."""
        frame = sys._current_frames().get(self._thread.ident or 0) if self._thread else None  # noqa: SLF001
        return "".join(traceback.format_stack(frame)) if frame else ""


async def in_thread(work: Callable[[], T], name: str = "pipekit") -> T:
    """The result of a plain function, run beside the loop."""
    return await Worker(name).run(work)
