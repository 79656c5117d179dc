"""Plain functions beside the event loop, in threads that the loop can leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from typing import ClassVar, TypeVar, cast

__all__ = ["UnusualEndError", "Worker", "in_thread", "is_unusual"]

T = TypeVar("T")

#: Seconds that a thread without work stays: long enough for the next step, and over soon after a run.
_IDLE = 1.0


class UnusualEndError(RuntimeError):
    """In the place of an ``error`` of a step that a future doesn't take, or that a loop takes for its own."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"raised {type(error).__name__}: {error}")
        self.error = error


def is_unusual(error: BaseException) -> bool:
    """Whether it goes past ``except Exception`` without being a cancellation, or a future doesn't take it."""
    return isinstance(error, StopIteration) or not isinstance(error, (Exception, asyncio.CancelledError))


class _Thread(threading.Thread):
    """A daemon that does one work after the other, and ends once nobody has had any for it for a while."""

    _idle: ClassVar[list[_Thread]] = []  # whoever became idle last comes first, so that those too many can end
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._works: queue.SimpleQueue[tuple[str, Callable[[], None]]] = queue.SimpleQueue()

    @classmethod
    def begin(cls, name: str, work: Callable[[], None]) -> None:
        """Begin work in a thread that is idle, or in a new one; the work calls `rest` when it is at its end."""
        with cls._lock:
            thread = cls._idle.pop() if cls._idle else None
        if thread is None:
            thread = cls()
            thread.start()
        thread._works.put((name, work))

    @classmethod
    def forget_all(cls) -> None:
        """In a forked process: the threads stayed behind, and perhaps the lock is held by one of them."""
        cls._idle, cls._lock = [], threading.Lock()

    def rest(self) -> None:
        """Be there for the next work; called by this thread before it tells the result, which may bring more."""
        with self._lock:
            self._idle.append(self)

    def run(self) -> None:
        while True:
            try:
                self.name, work = self._works.get(timeout=_IDLE)
            except queue.Empty:
                with self._lock:
                    if self in self._idle:
                        self._idle.remove(self)
                        return
                continue  # it was just chosen: its work comes
            work()
            del work


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Thread.forget_all)


class Worker:
    """A plain function in a thread, which is nobody else's meanwhile; threads are used again.

    They are daemons: a step that hangs can't be killed, but it can't keep the process alive either.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._thread: _Thread | None = None

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
            thread = self._thread = cast("_Thread", threading.current_thread())
            result: T | None = None
            failure: BaseException | None = None
            try:
                result = context.run(work)
            except BaseException as error:  # noqa: BLE001 - handed to the loop, which judges it
                failure = error
            self._thread = None
            thread.rest()
            # The loop is gone when the run was stopped while this thread hung.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, result, failure)

        _Thread.begin(self.name, main)
        return await future

    def stack(self) -> str:
        """Where the thread is now, for the message about a step that hangs; empty when the work is over."""
        thread = self._thread
        frame = sys._current_frames().get(thread.ident or 0) if thread else None  # noqa: SLF001
        return "".join(traceback.format_stack(frame)) if frame else ""


async def in_thread(work: Callable[[], T], name: str = "pipekit") -> T:
    """The result of a plain function, run beside the loop."""
    return await Worker(name).run(work)
