"""The events of a run as they come, from a thread that the run has to itself."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any

from pipekit.engine.bus import Listener
from pipekit.errors import RunStoppedError
from pipekit.results import RunResult
from pipekit.state.events import Event

__all__ = ["Drive", "EventStream"]

#: Starts or resumes a run: tells the listener every event, gives the result, and pauses when cancelled.
Drive = Callable[[Listener], Coroutine[Any, Any, RunResult]]


class EventStream:
    """The events of a run as they come, for ``for`` and ``async for``; leaving early pauses the run.

    The run works in a thread with a loop of its own, so that this also serves notebooks and plain programs.
    ``result`` waits for the end and raises the error of a failed run.
    """

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._result: RunResult | None = None
        self._error: BaseException | None = None
        self._ended = False
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._woken: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._main, name="pipekit run", daemon=True)
        self._thread.start()

    def _main(self) -> None:
        async def main() -> None:
            with self._lock:
                self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
                if self._stopped and self._task is not None:
                    self._task.cancel()
            self._result = await self._drive(self._tell)

        try:
            asyncio.run(main())
        except asyncio.CancelledError:
            self._error = RunStoppedError("the run was stopped before it began")
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result
            self._error = error
        finally:
            with self._lock:
                self._loop = None
            self._events.put(None)
            self._woken()

    def _tell(self, event: Event) -> None:
        self._events.put(event)
        self._woken()

    def __iter__(self) -> Iterator[Event]:
        try:
            while (event := self._events.get()) is not None:
                yield event
            self._ended = True
        finally:
            if not self._ended:
                self.stop()

    async def __aiter__(self) -> AsyncIterator[Event]:
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()
        self._woken = lambda: _wake(loop, arrived)
        try:
            while True:
                try:
                    event = self._events.get_nowait()
                except queue.Empty:
                    await arrived.wait()
                    arrived.clear()
                    continue
                if event is None:
                    self._ended = True
                    return
                yield event
        finally:
            if not self._ended:
                self.stop()
            self._woken = lambda: None

    def stop(self) -> None:
        """Ask the run to pause; its result then says so. Asking again does nothing."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)

    def close(self) -> None:
        """Pause the run if it still works, and wait until it has come to rest."""
        if self._thread.is_alive():
            self.stop()
        self._thread.join()

    @property
    def result(self) -> RunResult:
        """What came of the run, once it has come to rest; raises `PipekitError` for a failed run."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def __enter__(self) -> EventStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _wake(loop: asyncio.AbstractEventLoop, arrived: asyncio.Event) -> None:
    # The reader's loop may have ended; then nobody waits any more.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(arrived.set)
