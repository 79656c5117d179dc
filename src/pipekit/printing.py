"""What plugins and steps print: it must not get between a reader and the answer on standard output."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["printing_to_stderr"]

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
