"""What plugins and steps print: it must not get between a reader and the answer on standard output."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

__all__ = ["output_to_stderr", "printing_to_stderr"]

_lock = threading.Lock()
_depth = 0
_real: TextIO | None = None


@contextmanager
def printing_to_stderr() -> Iterator[None]:
    """While anybody is in here, what is printed goes to standard error.

    Several threads may be in here at overlapping times: the first one in diverts, and the last one out restores what
    was there before. `contextlib.redirect_stdout` would leave the output diverted for good then.
    """
    global _depth, _real
    with _lock:
        if _depth == 0:
            _real, sys.stdout = sys.stdout, sys.stderr
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                sys.stdout, _real = _real, None


@contextmanager
def output_to_stderr() -> Iterator[None]:
    """The same for what is written past `sys.stdout`: by child processes, by extension modules, to the descriptor.

    This is of the whole process, so it is for a command, and not for a library in somebody's program.
    """
    with suppress(AttributeError, OSError, ValueError):
        sys.stdout.flush()
    try:
        os.fstat(2)
        kept = os.dup(1)
    except OSError:  # closed: there is no answer to protect, or no place to write to instead
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        with suppress(OSError, ValueError):
            if sys.__stdout__ is not None:
                sys.__stdout__.flush()
        os.dup2(kept, 1)
        os.close(kept)
