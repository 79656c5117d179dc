"""Executors: ways to run many runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

from pipekit.serde import JSON

__all__ = ["Executor"]


@runtime_checkable
class Executor(Protocol):
    """Runs many runs, here or elsewhere. Jobs and results are JSON, never objects."""

    def map(self, run_one: Callable[[JSON], JSON], jobs: Iterable[JSON]) -> Iterable[JSON]:
        """The results as they come."""
        ...
