"""The files that a run made for people and tools."""

from __future__ import annotations

from attrs import frozen

__all__ = ["OutputRef", "Outputs"]


@frozen(kw_only=True)
class OutputRef:
    """One file: its path below the run's output folder, the format that made it, its size in bytes."""

    path: str
    format: str
    size: int


@frozen(kw_only=True)
class Outputs:
    """All files, in the order of the formats."""

    files: tuple[OutputRef, ...] = ()
