"""Plain functions beside the event loop, and work that a cancellation must not cut in two."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

__all__ = ["UnusualEndError", "Worker", "cancelled", "in_thread", "leavable", "settled", "uncancelled"]

T = TypeVar("T")

#: Seconds that cancelled work gets to come to its end; then it is left behind.
_GRACE = 10.0
#: Tasks that were left behind: a loop alone doesn't hold its tasks.
_left: set[asyncio.Future[Any]] = set()


class UnusualEndError(RuntimeError):
    """In the place of an ``error`` of a step that a future doesn't take, or that a loop takes for its own."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"raised {type(error).__name__}: {error}")
        self.error = error


def _is_unusual(error: BaseException) -> bool:
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
                future.set_exception(UnusualEndError(error) if _is_unusual(error) else error)

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


async def leavable(work: Awaitable[T], leaving: Callable[[], object] = lambda: None) -> T:
    """The result of ``work``; cancelled, it is cancelled too, and left behind when it doesn't end even then.

    ``leaving`` is called before it is cancelled, while it still is where it was.
    """

    async def main() -> T:
        try:
            return await work
        except BaseException as error:
            # Whoever closes a coroutine that is left behind raises a GeneratorExit in it, and never while it runs.
            if not _is_unusual(error) or asyncio.current_task(task.get_loop()) is not task:
                raise
            raise UnusualEndError(error) from error

    task: asyncio.Future[T] = asyncio.ensure_future(main())
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        leaving()
        _, stopped = await settled(cancelled([task]))
        if stopped is not None or not task.done() or task.cancelled():
            raise
    return task.result()


async def cancelled(tasks: Collection[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait for their end; one that goes on all the same is left behind."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_GRACE)
        for task in tasks:
            _left.add(task)
            task.add_done_callback(_forget)


def _forget(task: asyncio.Future[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()  # nobody else asks for it


async def settled(work: Awaitable[T]) -> tuple[T, asyncio.CancelledError | None]:
    """Await ``work`` to its end even when cancelled meanwhile; its result, and the cancellation that came.

    For work whose result has to be given back: whoever gets both does that first, and raises the cancellation then. An
    error of the work goes before it.
    """
    task = asyncio.ensure_future(work)
    stopped: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            stopped = error
    return task.result(), stopped


async def uncancelled(work: Awaitable[T]) -> T:
    """Await ``work`` to its end even when cancelled meanwhile; the cancellation comes after it.

    A checkpoint is either made or not: a Ctrl-C must not leave open which.
    """
    result, stopped = await settled(work)
    if stopped is not None:
        raise stopped
    return result
