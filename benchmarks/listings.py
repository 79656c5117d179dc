"""What it costs to list runs and to look at one, as runs become many: 100, 10,000 and 100,000, on every store.

Each run is as small as real ones can be: a record of eight steps with their files. They are made by one process; then
each question is asked by a store that was opened anew, and the median of its times counts. *List*: the newest 20, as
``pipekit list`` asks; *failed*: the newest 20 that failed, 1 run in 50; *show*: the record of a run in the middle;
*prefix*: the runs of one hour, by the beginning of their ids.

    python benchmarks/listings.py [file] [sqlite] [postgresql://USER@HOST/DATABASE] [--runs 100,10000]

PostgreSQL needs `plugins/pipekit-postgres`; its tables lie in a schema ``bench_<pid>``, which is removed at the end.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from pipekit.interfaces.state_stores import RunQuery, StateStore, StoreURL
from pipekit.state.record import InputRef, PlannedRef, RunRecord, StepRecord, step_file
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.sqlite_file import SqliteSettings, SqliteStore

START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = b"Ana: we should show the delivery week.\n"
STEP = b'{"points":5,"reason":"two criteria, low complexity"}'
STEPS = 8
ASKED = 15


def a_run(number: int) -> RunRecord:
    """The record of a finished run, one each minute; 1 in 50 failed."""
    at = START + timedelta(minutes=number)
    digest = hashlib.sha256(STEP).hexdigest()
    steps = {
        str(key): StepRecord(
            key=key,
            name=f"step-{key}",
            path=step_file(key),
            sha256=digest,
            size=len(STEP),
            started_at=at,
            duration=0.25,
            model="offline",
            fingerprint={"version": "pipekit 0.1.0", "settings": digest[:16], "input meeting": digest[16:32]},
        )
        for key in range(1, STEPS + 1)
    }
    return RunRecord(
        run_id=f"run-{at:%Y%m%d-%H%M%S}-{number:06x}",
        input_file="meeting.txt",
        started_at=at,
        updated_at=at,
        status="failed" if number % 50 == 0 else "completed",
        error="no" if number % 50 == 0 else None,
        current_step=None,
        completed_steps=tuple(range(1, STEPS + 1)),
        step_outputs=steps,
        workflow="backlog",
        input=InputRef(
            name="meeting.txt", path="input/original.txt", sha256=hashlib.sha256(SOURCE).hexdigest(), size=len(SOURCE)
        ),
        planned=tuple(PlannedRef(key=key, name=f"step-{key}", package="pipekit 0.1.0") for key in range(1, STEPS + 1)),
    )


def fill(store: StateStore, first: int, last: int) -> None:
    """Make runs; what is forced to the disk costs here, not later."""
    blobs = {step_file(key): STEP for key in range(1, STEPS + 1)}
    for number in range(first, last):
        store.create(a_run(number), io.BytesIO(SOURCE), blobs)


def look(store: StateStore, *, query: RunQuery | None, run_id: str) -> object:
    """Find runs, or without a query look at one."""
    return store.load(run_id) if query is None else list(store.find(query))


def milliseconds(open_store: Callable[[], StateStore], ask: Callable[[StateStore], object]) -> float:
    """The median time of a question, each by a store that was just opened."""
    times = []
    for _ in range(ASKED):
        store = open_store()
        before = time.perf_counter()
        ask(store)
        times.append((time.perf_counter() - before) * 1000)
        store.close()
    return statistics.median(times)


@contextmanager
def opener(kind: str, folder: Path) -> Iterator[Callable[[], StateStore]]:
    """What opens the store again."""
    if kind == "file":
        yield lambda: JsonFileStore(StoreURL("file", "runs", folder))
    elif kind == "sqlite":
        yield lambda: SqliteStore(StoreURL("sqlite", "runs.db", folder), SqliteSettings())
    else:
        import psycopg
        from pipekit_postgres.store import PostgresSettings, PostgresStore

        scheme, _, location = kind.partition(":")
        schema = f"bench_{os.getpid()}"
        settings = PostgresSettings(schema=schema)
        try:
            yield lambda: PostgresStore(StoreURL(scheme, location, folder), settings)
        finally:
            with psycopg.connect(kind, autocommit=True) as connection:
                connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("stores", nargs="*", default=["file", "sqlite"])
    parser.add_argument("--runs", default="100,10000", help="how many, parted by commas; 100000 takes long to make")
    wanted = parser.parse_args()
    counts = sorted(map(int, wanted.runs.split(",")))
    print("| store | runs | list, ms | failed, ms | show, ms | prefix, ms | made, ms a run |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for kind in wanted.stores:
        with tempfile.TemporaryDirectory(prefix="pipekit-bench-") as folder, opener(kind, Path(folder)) as open_store:
            there = 0
            for count in counts:
                store, before = open_store(), time.perf_counter()
                fill(store, there, count)
                made = (time.perf_counter() - before) * 1000 / (count - there)
                store.close()
                there = count
                middle = a_run(count // 2).run_id
                queries = (
                    RunQuery(limit=20),
                    RunQuery(limit=20, status="failed"),
                    None,
                    RunQuery(prefix=middle[: len("run-20260101-12")]),
                )
                asks = [partial(look, query=query, run_id=middle) for query in queries]
                cells = " | ".join(f"{milliseconds(open_store, ask):.1f}" for ask in asks)
                print(f"| {kind.partition(':')[0]} | {count:,} | {cells} | {made:.2f} |", flush=True)


if __name__ == "__main__":
    main()
