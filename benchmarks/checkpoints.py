"""What a checkpoint costs: the JSON store against a bare loop that keeps the same bytes.

Two figures. *Time*: 8 steps of 50 KB each through the store, against a loop that writes each output to a temporary
file, forces it, renames it and forces the folder (and one that doesn't force the folder). All three run in turns in
one process; medians count. *Size*: 200 steps of 20 KB, bytes of all files on disk against the bytes of the outputs.

    python benchmarks/checkpoints.py
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from attrs import evolve

from pipekit.interfaces.state_stores import Owner, StoreURL
from pipekit.serde import encode
from pipekit.state.ids import new_run_id
from pipekit.state.record import InputRef, PlannedRef, RunRecord, StepRecord, step_file
from pipekit.stores import atomic
from pipekit.stores.json_file import JsonFileStore

ROUNDS = 60
NOW = datetime.now(UTC)


def output(number: int, size: int) -> bytes:
    """A step's output of about ``size`` bytes, compact JSON as steps make it."""
    text = "the order page shows the delivery week before the customer pays; "
    return encode({"step": number, "text": (text * (size // len(text) + 1))[: size - 24]})


def record(run_id: str, steps: int) -> RunRecord:
    """A new run's record."""
    source = b"Ana: we should show the week.\n"
    return RunRecord(
        run_id=run_id,
        input_file="meeting.txt",
        started_at=NOW,
        updated_at=NOW,
        status="running",
        current_step=1,
        workflow="backlog",
        input=InputRef(
            name="meeting.txt", path="input/original.txt", sha256=hashlib.sha256(source).hexdigest(), size=len(source)
        ),
        planned=tuple(PlannedRef(key=n, name=f"step-{n}", package="pipekit 0.1.0") for n in range(1, steps + 1)),
    )


def finished(key: int, data: bytes) -> StepRecord:
    """The record of a step, with a fingerprint as long as real ones."""
    digest = hashlib.sha256(data).hexdigest()
    return StepRecord(
        key=key,
        name=f"step-{key}",
        path=step_file(key),
        sha256=digest,
        size=len(data),
        started_at=NOW,
        duration=0.25,
        model="offline",
        artifacts=("estimates",),
        fingerprint={
            "version": "pipekit 0.1.0",
            "settings": digest[:16],
            "model": "offline",
            "input meeting": digest[16:32],
            "input candidates": digest[32:48],
        },
    )


def through_store(root: Path, outputs: list[bytes]) -> float:
    """Seconds for the commits of one run; making and leaving the run is not counted, as in the bare loop."""
    store = JsonFileStore(StoreURL("file", ".pipeline", root))
    run = record(new_run_id(), len(outputs))
    store.create(run, io.BytesIO(b"Ana: we should show the week.\n"))
    lease = store.acquire(run.run_id, Owner(pid=os.getpid(), host="here", since=NOW))
    begin = time.perf_counter()
    for number, data in enumerate(outputs, start=1):
        following = number + 1 if number < len(outputs) else None
        run = run.with_step(finished(number, data), next_step=following, now=NOW)
        store.commit(lease, run, {step_file(number): data})
    seconds = time.perf_counter() - begin
    store.commit(lease, evolve(run, status="completed"), {})
    lease.release()
    return seconds


def bare(root: Path, outputs: list[bytes], *, folder_forced: bool) -> float:
    """Seconds for a loop that writes, forces and renames the same outputs."""
    home = root / new_run_id()
    home.mkdir()
    folder = os.open(home, os.O_RDONLY)
    begin = time.perf_counter()
    for number, data in enumerate(outputs, start=1):
        temporary = home / f"step-{number}.tmp"
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(home / f"step-{number}.json")
        if folder_forced:
            os.fsync(folder)
    seconds = time.perf_counter() - begin
    os.close(folder)
    return seconds


def counted_syncs(root: Path, outputs: list[bytes]) -> int:
    """Forced writes during the commits of one run."""
    calls = 0
    sync = os.fsync, os.fdatasync

    class Counting(atomic.System):
        def sync(self, fd: int) -> None:
            nonlocal calls
            calls += 1
            sync[0](fd)

        def sync_data(self, fd: int) -> None:
            nonlocal calls
            calls += 1
            sync[1](fd)

    plain, atomic.system = atomic.system, Counting()
    try:
        through_store(root, outputs)
        whole = calls
        calls = 0
        through_store(root, outputs[:1])
    finally:
        atomic.system = plain
    return (whole - calls) // (len(outputs) - 1)


def bytes_on_disk(root: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(file.stat().st_size for file in root.rglob("*") if file.is_file())


def main() -> None:
    """Measure and print."""
    root = Path(tempfile.mkdtemp(prefix="pipekit-bench-", dir=os.environ.get("PIPEKIT_BENCH_DIR")))
    try:
        outputs = [output(number, 50_000) for number in range(1, 9)]
        ways: dict[str, Callable[[], float]] = {
            "store": lambda: through_store(root, outputs),
            "bare": lambda: bare(root, outputs, folder_forced=False),
            "bare + folder": lambda: bare(root, outputs, folder_forced=True),
        }
        for way in ways.values():
            way()  # imports and caches
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                seconds[name].append(way())
        medians = {name: statistics.median(times) for name, times in seconds.items()}
        print(f"8 steps of 50 KB, medians of {ROUNDS} rounds in turns:")
        for name, median in medians.items():
            print(f"  {name:14} {median * 1000:7.2f} ms")
        print(
            f"  store / bare with folder forced: {medians['store'] / medians['bare + folder']:.2f} (target at most 2)"
        )
        print(f"  store / bare without:            {medians['store'] / medians['bare']:.2f}")
        print(f"  forced writes a step:            {counted_syncs(root, outputs)}")

        small = [output(number, 20_000) for number in range(1, 201)]
        home = root / "size"
        through_store(home, small)
        ratio = bytes_on_disk(home) / sum(map(len, small))
        print(f"200 steps of 20 KB: bytes on disk / outputs: {ratio:.3f} (target at most 1.1)")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
