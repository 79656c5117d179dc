"""Work that a cancellation must not cut in two, and work that it leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from pipekit.workers import UnusualEndError, is_unusual

__all__ = ["cancelled", "leavable", "settled", "uncancelled"]

T = TypeVar("T")

#: Seconds that cancelled work gets to come to its end; then it is left behind.
_GRACE = 10.0
#: Tasks that were left behind: a loop alone doesn't hold its tasks.
_left: set[asyncio.Future[Any]] = set()


async def leavable(work: Awaitable[T], leaving: Callable[[], object] = lambda: None) -> T:
    """The result of ``work``; cancelled, it is cancelled too, and left behind when it doesn't end even then.

    ``leaving`` is called before it is cancelled, while it still is where it was.
    """

    async def main() -> T:
        try:
            return await work
        except BaseException as error:
            # Whoever closes a coroutine that is left behind raises a GeneratorExit in it, and never while it runs.
            if not is_unusual(error) or asyncio.current_task(task.get_loop()) is not task:
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
