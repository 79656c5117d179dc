"""What durability costs a whole run: forced writes, and 200 items of 50 ms at 20 at once.

The ideal for the items is 200 × 50 ms / 20 = 500 ms. A bare loop does the same work with a semaphore and keeps nothing;
the step keeps every item before it is told as finished. Medians of runs in turns, in one process.

    python benchmarks/durability.py
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from pipekit import Each, Pipeline, Step, Text, Workflow, step
from pipekit.events import ItemFinished, StepFinished
from pipekit.stores import atomic

EXAMPLE = Path(__file__).parents[1] / "examples" / "museum-refinement.txt"
ITEMS, SECONDS, AT_ONCE = 200, 0.05, 20
ROUNDS = 7


@frozen
class Word:
    """An item."""

    id: str
    text: str


@step(provides="words")
def split(text: str) -> list[Word]:  # noqa: ARG001 - the workflow begins with it
    """Make the items."""
    return [Word(f"w{number}", f"word {number}") for number in range(ITEMS)]


@step(provides="lengths", each="words")
async def measure(word: Word) -> int:
    """Take as long as a quick model."""
    await asyncio.sleep(SECONDS)
    return len(word.text)


@step
def total(lengths: Each[int]) -> int:
    """Read all results."""
    return sum(lengths.values())


def plain_steps(count: int) -> list[Step[..., Any, Any]]:
    """Steps in a row, each reading the one before it."""
    made: list[Step[..., Any, Any]] = []
    for number in range(1, count + 1):
        before = f"value_{number - 1}" if number > 1 else "text"

        namespace: dict[str, Any] = {}
        exec(f"def work_{number}({before}: str) -> str:\n    return {before} + ' and more'\n", namespace)
        made.append(step(provides=f"value_{number}")(namespace[f"work_{number}"]))
    return made


@contextmanager
def counted() -> Iterator[list[int]]:
    """Count the forced writes meanwhile."""
    count = [0]

    class Counting(atomic.System):
        def sync(self, fd: int) -> None:
            count[0] += 1
            os.fsync(fd)

        def sync_data(self, fd: int) -> None:
            count[0] += 1
            os.fdatasync(fd)

    plain, atomic.system = atomic.system, Counting()
    try:
        yield count
    finally:
        atomic.system = plain


async def bare() -> float:
    """Seconds for the same work with nothing kept."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with places:
            await asyncio.sleep(SECONDS)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(ITEMS):
            group.create_task(one())
    return time.perf_counter() - began


def fanned_out(folder: Path) -> tuple[float, int]:
    """Seconds of the step, commit included, and how many items were told as finished."""
    workflow = Workflow(name="w", input="text", input_type=str, steps=[split, measure, total])
    pipe = Pipeline({"run": {"concurrency": AT_ONCE}}, workflow=workflow, plugins=[], folder=folder)
    took, told = 0.0, 0
    for event in pipe.stream(Text("go")):
        told += isinstance(event, ItemFinished)
        if isinstance(event, StepFinished) and event.step == "measure":
            took = event.duration
    return took, told


def forced(folder: Path, workflow: Workflow | None, source: Path | Text) -> tuple[int, int]:
    """Forced writes of a whole run, and its steps."""
    pipe = Pipeline({}, workflow=workflow, plugins=[] if workflow else None, folder=folder, environ={})
    with counted() as count:
        result = pipe.run(source)
    return count[0], len(result.record.completed_steps)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="pipekit-bench-", dir=os.environ.get("PIPEKIT_BENCH_DIR")) as name:
        root = Path(name)
        fanned_out(root)
        times: dict[str, list[float]] = {"bare": [], "kept": []}
        with counted() as count:
            for _ in range(ROUNDS):
                times["bare"].append(asyncio.run(bare()))
                took, told = fanned_out(root)
                assert told == ITEMS
                times["kept"].append(took)
        bare_ms, kept_ms = (statistics.median(times[name]) * 1000 for name in ("bare", "kept"))
        ideal = ITEMS * SECONDS / AT_ONCE * 1000
        print(f"{ITEMS} items of {SECONDS * 1000:.0f} ms, {AT_ONCE} at once, medians of {ROUNDS} rounds:")
        print(f"  ideal                    {ideal:7.0f} ms")
        print(f"  bare, nothing kept       {bare_ms:7.0f} ms, {bare_ms / ideal:.3f} of it")
        print(f"  step, every item durable {kept_ms:7.0f} ms, {kept_ms / ideal:.3f} of it")
        print(f"  forced writes of such a run: {count[0] / ROUNDS:.0f}")

        eight = Workflow(name="eight", input="text", input_type=str, steps=plain_steps(8))
        writes, steps = forced(root, eight, Text("go"))
        print(f"forced writes of a run of {steps} plain steps: {writes}")
        writes, steps = forced(root, None, EXAMPLE)
        print(f"forced writes of the offline run of {EXAMPLE.name}, {steps} steps: {writes}")


if __name__ == "__main__":
    main()
