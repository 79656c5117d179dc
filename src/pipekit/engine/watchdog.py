"""Watches the event loop: a step that blocks it stops everything, its own time limit and the stop of the run included.

Only another thread can tell. It sends the loop a sign and waits for the answer; once that is late by the step's time
limit it looks where the loop's thread is, and whose code that is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from attrs import define

from pipekit.engine import own_loop
from pipekit.errors import PipekitError, RunStoppedError

__all__ = ["Lifeline", "Watchdog", "Watched", "where_it_waits"]

#: Seconds that a step which was found blocking gets to come back by itself, at most; then its run is given up.
_GRACE = 10.0
#: Seconds that a stop waits for a loop that doesn't answer.
_STOP_PATIENCE = 5.0
#: Seconds between two signs.
_OFTEN, _SELDOM = 0.01, 0.5

_OURS = str(Path(__file__).parent.parent) + os.sep
_ASYNCIO = str(Path(asyncio.__file__).parent) + os.sep


class Lifeline:
    """Between a run and whoever waits for it in another thread, who need not wait for a loop that never answers.

    ``stop_asked`` is when a stop was asked for (monotonic), None while none was. ``let_go`` is told the error that the
    run ends with, once its record says the same.
    """

    def __init__(self, let_go: Callable[[PipekitError], None]) -> None:
        self.let_go = let_go
        self.stop_asked: float | None = None


@define(eq=False)
class Watched:
    """A call of an asynchronous step; ``stack`` says where it was when it was found to block the loop."""

    name: str
    work: Coroutine[Any, Any, Any]
    timeout: float | None
    renew: Callable[[], None]
    error: Callable[[str], PipekitError]
    stack: str = ""


class Watchdog:
    """One for a run. ``warn`` tells of a blocked loop; ``leave`` ends the run from the watchdog's thread."""

    def __init__(
        self,
        warn: Callable[[str, str], None],
        leave: Callable[[PipekitError], None] = lambda _: None,
        line: Lifeline | None = None,
    ) -> None:
        self._warn = warn
        self._leave = leave
        self._line = line
        self._lock = threading.Lock()
        self._calls: list[Watched] = []
        self._was_blocked = False
        self._answered = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread = 0

    @contextlib.contextmanager
    def watch(self, call: Watched) -> Iterator[Watched]:
        """Watch the loop while the call is under way; on the loop's thread."""
        with self._lock:
            self._loop, self._loop_thread = asyncio.get_running_loop(), threading.get_ident()
            self._calls.append(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._main, name="pipekit watchdog", daemon=True)
                self._thread.start()
        try:
            yield call
        finally:
            with self._lock:
                self._calls.remove(call)

    def close(self) -> None:
        """End with the run, on the loop's thread: no thread of a run is left when it is over."""
        self._ended.set()
        self._answered.set()
        if (thread := self._thread) is not None:
            thread.join(1)

    # --- in the watchdog's thread ------------------------------------------------------------------------------------

    def _main(self) -> None:
        idle = 0
        while not self._ended.is_set():
            with self._lock:
                calls = list(self._calls)
                idle = 0 if calls else idle + 1
                if idle > 2:  # between two steps, or two items, a new thread isn't worth it
                    self._thread = None
                    return
            often = self._often(calls)
            answered = self._answered = threading.Event()
            sent = time.monotonic()
            try:
                assert self._loop is not None
                self._loop.call_soon_threadsafe(self._answer, answered)
            except RuntimeError:  # the loop is closed
                with self._lock:
                    self._thread = None
                return
            if not answered.wait(often) and not self._came_back(sent, answered, often):
                return
            self._ended.wait(often)

    @staticmethod
    def _often(calls: Sequence[Watched]) -> float:
        limits = [call.timeout for call in calls if call.timeout]
        return min(_SELDOM, max(_OFTEN, min(limits, default=_SELDOM) / 10))

    def _answer(self, answered: threading.Event) -> None:
        """On the loop, before any time limit that has passed meanwhile."""
        answered.set()
        with self._lock:
            calls, was_blocked = list(self._calls), self._was_blocked
            self._was_blocked = False
        if was_blocked:
            for call in calls:
                if not call.stack:  # it couldn't give a sign of life while another one had the loop
                    call.renew()

    def _came_back(self, sent: float, answered: threading.Event, often: float) -> bool:
        """Wait for the answer; False when the run was given up instead."""
        found: Sequence[Watched] = ()
        limit = float("inf")
        while not answered.wait(often):
            if self._ended.is_set():
                return False
            silent = time.monotonic() - sent
            if not found:
                found, limit = self._look(silent)
            if self._line is None:
                continue  # nobody but the loop itself waits for this run
            if silent >= limit + min(limit, _GRACE):
                self._leave(found[0].error(found[0].stack))
                return False
            asked = self._line.stop_asked
            if asked is not None and time.monotonic() - max(asked, sent) >= _STOP_PATIENCE:
                self._leave(self._stopped(found or self._blocking()[0]))
                return False
        return True

    def _look(self, silent: float) -> tuple[Sequence[Watched], float]:
        """The calls that have blocked the loop for longer than they may, and how long that is."""
        blocking, frames = self._blocking()
        limit = min((call.timeout for call in blocking if call.timeout), default=float("inf"))
        if silent < limit:
            return (), float("inf")
        theirs = next((place for place, f in enumerate(frames) if not f.f_code.co_filename.startswith(_OURS)), 0)
        frames = frames[theirs:]  # how we came to call them says nothing
        stack = "".join(traceback.format_list(traceback.StackSummary.extract((f, f.f_lineno) for f in frames)))
        with self._lock:
            self._was_blocked = True
            for call in blocking:
                call.stack = stack
        place = frames[-1]
        self._warn(
            f"the step {blocking[0].name} has blocked the event loop for {limit:g} seconds, so that nothing else goes "
            f"on and nothing can be stopped; it is at {place.f_code.co_filename}:{place.f_lineno}. "
            "What blocks belongs in a plain function (def), which runs in a thread",
            blocking[0].name,
        )
        return blocking, limit

    def _blocking(self) -> tuple[Sequence[Watched], Sequence[FrameType]]:
        """Whose code the loop's thread is in, and where, outermost first."""
        frames: list[FrameType] = []
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - there is no other way
        while frame is not None and not _is_loops(frame):
            frames.insert(0, frame)
            frame = frame.f_back
        while frames and frames[0].f_code.co_filename.startswith((_ASYNCIO, own_loop.__file__)):
            del frames[0]
        if frame is None or frame.f_code.co_name != "_run" or not frames:
            return (), ()  # the loop is waiting, or isn't one of asyncio's: nobody's fault that could be told
        with self._lock:
            calls = list(self._calls)
        own = [call for call in calls if any(getattr(call.work, "cr_frame", None) is frame for frame in frames)]
        if own or frames[0].f_code.co_filename.startswith(_OURS):
            return own, frames
        # A task that a step has begun; whose, only the step knows.
        return calls, frames

    @staticmethod
    def _stopped(blocking: Sequence[Watched]) -> RunStoppedError:
        who = f"the step {blocking[0].name}" if blocking else "a step"
        return RunStoppedError(
            f"stopped, though {who} still blocks the event loop; what it was doing will be done again",
            kind="blocked",
            step=blocking[0].name if blocking else None,
        )


def where_it_waits(work: object) -> str:
    """The stack of a coroutine that waits for something, outermost first, as a traceback shows it."""
    frames: list[tuple[FrameType, int]] = []
    while (frame := getattr(work, "cr_frame", None) or getattr(work, "gi_frame", None)) is not None:
        frames.append((frame, frame.f_lineno))
        work = getattr(work, "cr_await", None) or getattr(work, "gi_yieldfrom", None)
    return "".join(traceback.format_list(traceback.StackSummary.extract(iter(frames))))


def _is_loops(frame: FrameType) -> bool:
    """Whether this is asyncio's own frame below whatever the loop is doing."""
    return frame.f_code.co_filename.startswith(_ASYNCIO) and frame.f_code.co_name in ("_run", "_run_once")
