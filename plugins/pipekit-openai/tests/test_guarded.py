"""The guard is one file, in every plugin that speaks HTTP."""

from __future__ import annotations

from pathlib import Path

PLUGINS = Path(__file__).parents[2]


def test_the_copies_are_the_same() -> None:
    copies = {path.read_bytes() for path in PLUGINS.glob("*/src/*/guarded.py")}
    assert len(copies) == 1
