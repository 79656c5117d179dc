"""Large values are worked on beside the event loop, small ones on it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from attrs import frozen

from pipekit.engine.sizing import is_large, sized


@frozen
class Row:
    id: str
    tags: tuple[str, ...] = ("a", "b")


def itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "large"),
    [
        (None, False),
        ("x" * 1000, False),
        ("x" * 1_000_000, True),
        ([Row("r")] * 10, False),
        ([Row("r" * 50)] * 2000, True),
        ({str(number): number for number in range(10_000)}, True),
        ([["x"] * 50] * 200, True),
        (object(), False),
        (itself(), True),
    ],
)
def test_what_is_large(value: object, large: bool) -> None:
    assert is_large(value) is large


@pytest.mark.parametrize(("value", "beside"), [("x", False), ("x" * 1_000_000, True)])
def test_large_values_are_worked_on_in_another_thread(value: str, beside: bool) -> None:
    worked = asyncio.run(sized(value, threading.current_thread))
    assert (worked is not threading.current_thread()) is beside
