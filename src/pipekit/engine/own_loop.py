"""The tasks of a loop that a run has to itself: none of them ends the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from pipekit.workers import UnusualEndError

__all__ = ["new_task"]


class _Guarded(Coroutine[Any, Any, Any]):
    """A coroutine that raises in the place of what a loop takes for its own end: in a task a step has made it may.

    No coroutine around the other one: that would leave the inner one unawaited where a task is cancelled at once.
    """

    def __init__(self, inner: Coroutine[Any, Any, Any]) -> None:
        self._inner = inner

    def _guarded(self, go_on: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return go_on(*arguments)
        except (KeyboardInterrupt, SystemExit) as error:
            raise UnusualEndError(error) from error

    def send(self, value: Any) -> Any:
        return self._guarded(self._inner.send, value)

    def throw(self, *error: Any) -> Any:
        return self._guarded(self._inner.throw, *error)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)  # cr_frame, cr_code and the like: tasks show where they are


def new_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
    """A task factory for `asyncio.AbstractEventLoop.set_task_factory`: no step ends the loop from a task of its own."""
    return asyncio.Task(_Guarded(work) if asyncio.iscoroutine(work) else work, loop=loop, **options)
