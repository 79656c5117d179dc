"""The facade: what runs that begin at the same time share."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from pipekit import Pipeline, Text, Workflow, preparing, step


@step
def count(text: str) -> int:
    return len(text)


def pipeline() -> Pipeline:
    workflow = Workflow(name="w", input="text", input_type=str, steps=[count])
    return Pipeline({}, workflow=workflow, plugins=[], store="memory:")


@pytest.fixture
def setups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The threads that made a setup; making one takes long enough for the others to come."""
    made: list[str] = []

    class Slow(preparing.Setup):
        def __init__(self, *args: Any) -> None:
            made.append(threading.current_thread().name)
            time.sleep(0.05)
            super().__init__(*args)

    monkeypatch.setattr(preparing, "Setup", Slow)
    return made


def test_runs_that_begin_at_once_share_one_store_and_load_the_plugins_once(setups: list[str]) -> None:
    pipe = pipeline()

    async def main() -> list[str]:
        results = await asyncio.gather(*(pipe.arun(Text("x" * size)) for size in range(1, 7)))
        return [result.run_id for result in results]

    ids = asyncio.run(main())
    assert {run.run_id for run in pipe.runs.find()} == set(ids)
    assert len(setups) == 1
