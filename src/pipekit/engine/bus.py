"""Events to listeners, in order. A listener that raises is logged and never changes the run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pipekit.state.events import Event, WarningGiven

__all__ = ["Bus", "Listener"]

Listener = Callable[[Event], None]

_log = logging.getLogger("pipekit.events")


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
        with self._lock:
            self._sequence += 1
            told = event(run_id=self.run_id, sequence=self._sequence, at=datetime.now(UTC), **facts)
            for listener in self._listeners:
                try:
                    listener(told)
                except Exception:  # noqa: BLE001 - a listener may not change the run, whatever it raises
                    _log.warning("a listener failed on %s", type(told).__name__, exc_info=True)

    def warn(self, text: str, step: str | None = None) -> None:
        """Give a warning once."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.emit(WarningGiven, step=step, text=text)
