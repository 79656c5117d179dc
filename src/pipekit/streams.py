"""The events of a run as they come, from a thread that the run has to itself."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any

from pipekit.engine.bus import Listener
from pipekit.engine.own_loop import new_task
from pipekit.engine.watchdog import Lifeline
from pipekit.errors import RunStoppedError
from pipekit.results import RunResult
from pipekit.state.events import Event

__all__ = ["Drive", "EventStream"]

#: Seconds that the thread of a run gets to end once the run is at rest; work that a step left in it may go on for ever.
_PATIENCE = 1.0
#: Seconds between two looks at whether the program has ended.
_OFTEN = 0.1

#: Starts or resumes a run: tells the listener every event, gives the result, and pauses when cancelled. Where a step
#: blocks its loop for good it lets go of the lifeline, with the error of the run.
Drive = Callable[[Listener, Lifeline], Coroutine[Any, Any, RunResult]]


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
        self._lock = threading.RLock()  # a signal's handler may ask to stop while its thread is just doing that
        self._line = Lifeline(self._let_go)
        self._rested = threading.Event()
        self._is_left = False
        self._stopped = False
        self._woken: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._main, name="pipekit run", daemon=True)
        self._thread.start()
        # The run's own thread is a daemon: a step that blocks it for good must not keep the process alive. This one is
        # none, so that a program that ends waits for its run to be paused.
        threading.Thread(target=self._see_off, name="pipekit run's end", daemon=False).start()

    def _main(self) -> None:
        async def main() -> None:
            with self._lock:
                self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
                self._loop.set_task_factory(new_task)
                if self._stopped and self._task is not None:
                    self._task.cancel()
            error: BaseException | None = None
            try:
                self._result = await self._drive(self._tell, self._line)
            except asyncio.CancelledError:
                error = RunStoppedError("the run was stopped before it began")
            except BaseException as raised:  # noqa: BLE001 - handed to whoever asks for the result
                error = raised
            # Here and not after the loop: that waits for whatever a step has left in it, perhaps for ever.
            self._end(error)

        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - as above; without effect when the run is at rest
            self._end(error)

    def _see_off(self) -> None:
        """Pause the run when the program ends before it."""
        program = threading.main_thread()
        while not self._rested.wait(_OFTEN):
            if not program.is_alive():
                self.stop()

    def _end(self, error: BaseException | None) -> bool:
        """Come to rest, once; False when the run had come to rest before."""
        with self._lock:
            if self._rested.is_set():
                return False
            self._error = error
            self._loop = None
            self._rested.set()
        self._events.put(None)
        self._woken()
        return True

    def _let_go(self, error: BaseException) -> None:
        """The run has ended, but its loop is blocked: its thread is left behind, and ends with the process at last."""
        loop, task = self._loop, self._task
        self._is_left = True
        if self._end(error) and loop is not None and task is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)

    def _tell(self, event: Event) -> None:
        if self._rested.is_set():
            return  # of a run that was given up
        self._events.put(event)
        self._woken()

    def __iter__(self) -> Iterator[Event]:
        try:
            while not self._ended:
                event = self._events.get()
                if event is None:
                    self._ended = True
                else:
                    yield event
        finally:
            if not self._ended:
                self.stop()

    async def __aiter__(self) -> AsyncIterator[Event]:
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()
        self._woken = lambda: _wake(loop, arrived)
        try:
            while not self._ended:
                try:
                    event = self._events.get_nowait()
                except queue.Empty:
                    await arrived.wait()
                    arrived.clear()
                    continue
                if event is None:
                    self._ended = True
                else:
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
            self._line.stop_asked = time.monotonic()
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)

    def close(self) -> None:
        """Pause the run if it still works, and wait until it has come to rest."""
        if not self._rested.is_set():
            self.stop()
        self._wait()

    def _wait(self) -> None:
        self._rested.wait()
        if not self._is_left:
            self._thread.join(_PATIENCE)

    @property
    def result(self) -> RunResult:
        """What came of the run, once it has come to rest; raises `PipekitError` for a failed run."""
        self._wait()
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
