"""What the contract of stores is made of: the fixtures, runs to keep, and processes that are killed."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from pipekit.interfaces import Entry, Owner, StateStore
from pipekit.interfaces.state_stores import Ability
from pipekit.state.record import InputRef, PlannedRef, RunRecord, StepKey, StepRecord, step_file
from pipekit.testing.contracts.contract import Contract

__all__ = [
    "SOURCE",
    "OpenStore",
    "StoreTests",
    "a_record",
    "a_step",
    "an_item",
    "done",
    "in_order",
    "killed_child",
]

#: Opens the same store again, as another process would.
OpenStore = Callable[[], StateStore]

SOURCE = b"Ana: we should show the delivery week before payment.\r\nBen: \xc3\xa9 \x00 \xff\n"
_NOW = datetime(2026, 11, 23, 22, 38, 8, tzinfo=UTC)
_RUN = "run-20261123-223808-7f3a9c"


def a_record(run_id: str = _RUN) -> RunRecord:
    """The record of a run of three steps that has just begun."""
    return RunRecord(
        run_id=run_id,
        input_file="meetings/meeting.txt",
        started_at=_NOW,
        updated_at=_NOW,
        status="running",
        current_step=1,
        workflow="acme",
        input=InputRef(
            name="meetings/meeting.txt",
            path="input/original.txt",
            sha256=hashlib.sha256(SOURCE).hexdigest(),
            size=len(SOURCE),
        ),
        planned=tuple(PlannedRef(key=n, name=f"part-{n}", package="acme 1.0") for n in (1, 2, 3)),
        pipekit_version="0.1.0",
    )


def a_step(key: StepKey, data: bytes, *, attempt: int = 1) -> StepRecord:
    """The record of a finished step whose file holds ``data``."""
    return StepRecord(
        key=key,
        name=f"part-{key}",
        path=step_file(key),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        started_at=_NOW,
        duration=0.5,
        attempt=attempt,
        fingerprint={"version": "1"},
    )


def done(record: RunRecord, key: StepKey, data: bytes, *, attempt: int = 1) -> RunRecord:
    """The record once the step has made ``data``."""
    return record.with_step(a_step(key, data, attempt=attempt), next_step=None, now=record.updated_at)


def an_item(key: str, value: object = 1, *, step: str = "part-1", stays: bool = False) -> Entry:
    """A finished piece of work."""
    return Entry(step=step, kind="reply" if stays else "item", key=key, value=value, stays=stays)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Entries in an order of their own: only those of one step come in the order in which they were kept."""
    return sorted(entries, key=lambda entry: (entry.step, entry.kind, entry.key))


@contextmanager
def killed_child(work: Callable[[], object]) -> Iterator[int]:
    """A process that has done ``work`` and waits; it is killed at the end, and gives nothing back. Its id."""
    if not hasattr(os, "fork"):
        pytest.skip("processes are forked on Unix only")
    told, tell = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the child uses none that there were
        child = os.fork()
    if child == 0:
        said = b"!"
        kept: object = None
        try:
            kept = work()  # a lease may be given back once nobody has it
            said = b"."
        except BaseException as error:  # noqa: BLE001 - told to the parent
            said += f"{type(error).__name__}: {error}".encode(errors="replace")
        finally:
            os.write(tell, said)
            signal.pause()
            del kept
            os._exit(1)
    os.close(tell)
    try:
        said = os.read(told, 4000)
        if said != b".":
            pytest.fail(f"in another process: {said[1:].decode(errors='replace')}")
        yield child
    finally:
        os.close(told)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sys.stdout.flush()


class StoreTests(Contract):
    """The fixtures that the tests of stores have in common."""

    # --- what an author writes ---------------------------------------------------------------------------------------

    @pytest.fixture
    def open_store(self) -> Any:
        """A function that opens the same store again each time, as another process would; a new one for each test."""
        pytest.fail(f"{type(self).__name__} needs a fixture `open_store` that returns a function which opens the store")

    # --- what the tests use ------------------------------------------------------------------------------------------

    @pytest.fixture
    def store(self, open_store: OpenStore) -> StateStore:
        """The store, opened once."""
        return open_store()

    @pytest.fixture
    def record(self, store: StateStore) -> RunRecord:
        """The record of a run that was just made."""
        record = a_record()
        store.create(record, io.BytesIO(SOURCE))
        return record

    @pytest.fixture
    def owner(self) -> Owner:
        """This process."""
        return Owner.this_process()

    @staticmethod
    def needs(store: StateStore, ability: Ability) -> None:
        """Skip the test unless the store declares this ability."""
        if ability not in store.abilities:
            pytest.skip(f"the ability {ability} isn't declared")
