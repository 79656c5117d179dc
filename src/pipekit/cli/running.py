"""Follow a run to its end: events to the display, Ctrl-C and SIGTERM to a clean pause."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from pipekit.cli.console import make_progress
from pipekit.cli.exits import StopRequestedError
from pipekit.errors import RunStoppedError
from pipekit.printing import output_to_stderr, printing_to_stderr

if TYPE_CHECKING:
    from pipekit.cli.console import Progress
    from pipekit.results import RunResult
    from pipekit.streams import EventStream

__all__ = ["Stopper", "drain", "follow"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = b"\x1b[?25h"


class Stopper:
    """Turns the first Ctrl-C or SIGTERM into a pause of the run under way; a second one ends the process at once.

    Ending at once is as safe as a crash: what was acknowledged is on disk. ``code`` is the exit code of the signal
    that came, None while none did. While no run is under way a signal raises `StopRequestedError`; with ``in_turn`` it
    waits, until the caller looks at ``code`` or enters `interruptible`: nothing that is half done is torn then.
    """

    def __init__(self, *, in_turn: bool = False) -> None:
        self.code: int | None = None
        self._raises = not in_turn
        self._streams: list[EventStream] = []
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Stopper:
        for number in _SIGNALS:
            before = signal.getsignal(number)
            # A signal that was ignored when we started (nohup, a background job) stays ignored.
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    @contextmanager
    def guarding(self, stream: EventStream) -> Iterator[None]:
        """In here a signal pauses this run, also one that came already. Several runs may be under way at once."""
        self._streams.append(stream)
        if self.code is not None:
            stream.stop()
        try:
            yield
        finally:
            self._streams.remove(stream)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """In here a signal raises at once: what is waited for (standard input) may never come."""
        before, self._raises = self._raises, True
        try:
            if self.code is not None:
                raise StopRequestedError(self.code)
            yield
        finally:
            self._raises = before

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        code = 128 + number
        if self.code is not None:
            _write(_SHOW_CURSOR + b"\n" if sys.stderr is not None and sys.stderr.isatty() else b"\n")
            os._exit(code)
        self.code = code
        streams = tuple(self._streams)
        if not streams:
            if self._raises:
                raise StopRequestedError(code)
            return
        _write(b"\nstopping at a safe place; once more to leave at once\n")
        for stream in streams:
            stream.stop()


def _write(text: bytes) -> None:
    # Straight to the descriptor: a handler may not wait for the locks of a stream or of the live display.
    try:
        os.write(2, text)
    except OSError:
        return


def follow(stream: EventStream, stopper: Stopper, shown: Progress | None = None) -> RunResult:
    """Show the run's events until it has come to rest; what came of it, or the error of a failed run.

    ``shown`` stands in for the display that fits the terminal.
    """
    # What a step prints must not get between a reader and the answer on standard output.
    with stopper.guarding(stream), output_to_stderr():
        return drain(stream, stopper, shown or make_progress())


def drain(stream: EventStream, stopper: Stopper, shown: Progress) -> RunResult:
    """The same for a thread among others, whose caller guards the stream and what is written past `sys.stdout`."""
    try:
        with printing_to_stderr(), stream, shown as progress:
            for event in stream:
                progress.show(event)
        return stream.result
    except RunStoppedError as error:
        error.code = stopper.code or error.code
        raise
