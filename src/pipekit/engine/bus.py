"""Events to listeners, in order. A listener that raises is logged and never changes the run."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pipekit.secrecy import mask
from pipekit.state.events import Event, WarningGiven

__all__ = ["Bus", "Listener"]

Listener = Callable[[Event], None]

_log = logging.getLogger("pipekit.events")

#: The facts of events that are free text, often an error's, and so may quote a secret; the others are names.
_TEXTS = frozenset({"error", "question", "reason", "text"})


class Bus:
    """Numbers the events of one run and hands them on; safe to call from any thread."""

    def __init__(self, run_id: str, listeners: Sequence[Listener] = ()) -> None:
        self.run_id = run_id
        self.warnings: list[str] = []
        self._listeners = list(listeners)
        self._sequence = 0
        self._lock = threading.RLock()

    def emit(self, event: type[Event], **facts: Any) -> None:
        """Tell all listeners of an event of this type."""
        facts = {name: mask(fact) if name in _TEXTS else fact for name, fact in facts.items()}
        with self._lock:
            self._sequence += 1
            told = event(run_id=self.run_id, sequence=self._sequence, at=datetime.now(UTC), **facts)
            for listener in self._listeners:
                try:
                    listener(told)
                except BaseException as error:  # noqa: BLE001 - a listener may not change the run, whatever it raises
                    # Also its KeyboardInterrupt: the command line turns signals into a cancellation, not into this.
                    said = mask("".join(traceback.format_exception(error)))
                    _log.warning("a listener failed on %s\n%s", type(told).__name__, said.rstrip("\n"))

    def warn(self, text: str, step: str | None = None) -> None:
        """Give a warning once."""
        text = mask(text)
        if text not in self.warnings:
            self.warnings.append(text)
            self.emit(WarningGiven, step=step, text=text)
