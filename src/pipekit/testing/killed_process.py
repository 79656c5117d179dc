"""The process that `kill_at_commit` starts: the command, with a store whose n-th commit is the last thing it sees."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

__all__ = ["KILLED", "main"]

#: Written to standard error as the last line, so that this end is told from any other.
KILLED = "pipekit.testing: killed as it was asked for"

_KEEPING = ("create", "append", "commit")


class _Death:
    """Counts what stores keep, in all threads, and ends the process in its place."""

    def __init__(self, number: int, when: str) -> None:
        self._left = number
        self._when = when
        self._lock = threading.Lock()
        self._seen: set[type] = set()

    def watch(self, store: type) -> None:
        """Count what stores of this class keep."""
        with self._lock:
            if store in self._seen:
                return
            self._seen.add(store)
        for name in _KEEPING:
            setattr(store, name, self._counted(getattr(store, name)))

    def _counted(self, keep: Any) -> Any:
        def kept(*arguments: Any, **more: Any) -> Any:
            with self._lock:
                self._left -= 1
                is_last = self._left == 0
            if is_last and self._when == "before":
                _die()
            answer = keep(*arguments, **more)
            if is_last:
                _die()
            return answer

        return kept


def _die() -> None:
    os.write(2, f"{KILLED}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


def main(argv: Sequence[str]) -> None:
    """Run the command ``argv[2:]``, killed around commit ``argv[0]``, ``argv[1]`` it."""
    from pipekit.cli import main as pipekit
    from pipekit.installation import Installation

    death = _Death(int(argv[0]), argv[1])
    open_store = Installation.store

    def watched(self: Installation, text: str) -> Any:
        store = open_store(self, text)
        death.watch(type(store))
        return store

    Installation.store = watched  # type: ignore[method-assign]
    pipekit(argv[2:])


if __name__ == "__main__":
    main(sys.argv[1:])
