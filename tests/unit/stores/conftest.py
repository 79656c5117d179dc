"""Values that the tests of all stores need: records, steps, owners, an opened JSON store."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipekit.interfaces.state_stores import Owner, StoreURL
from pipekit.state.record import InputRef, PlannedRef, RunRecord, StepKey, StepRecord, step_file
from pipekit.stores import atomic
from pipekit.stores.json_file import JsonFileStore

NOW = datetime(2026, 11, 23, 22, 38, 8, tzinfo=UTC)
SOURCE = b"Ana: we should show the delivery week before payment.\n"


@pytest.fixture
def source() -> bytes:
    return SOURCE


@pytest.fixture
def owner() -> Owner:
    return Owner(pid=os.getpid(), host=socket.gethostname(), since=NOW)


@pytest.fixture
def make_record() -> Callable[..., RunRecord]:
    def make(run_id: str = "run-20261123-223808-7f3a9c", *, planned: int = 3) -> RunRecord:
        return RunRecord(
            run_id=run_id,
            input_file="meetings/meeting.txt",
            started_at=NOW,
            updated_at=NOW,
            status="running",
            current_step=1,
            workflow="backlog",
            input=InputRef(
                name="meetings/meeting.txt",
                path="input/original.txt",
                sha256=hashlib.sha256(SOURCE).hexdigest(),
                size=len(SOURCE),
            ),
            planned=tuple(PlannedRef(key=n, name=f"part-{n}", package="pipekit 0.1") for n in range(1, planned + 1)),
            pipekit_version="0.1.0",
        )

    return make


@pytest.fixture
def make_step() -> Callable[..., StepRecord]:
    def make(key: StepKey, data: bytes, *, attempt: int = 1, outputs: tuple[str, ...] = ()) -> StepRecord:
        return StepRecord(
            key=key,
            name=f"part-{key}",
            path=step_file(key),
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            started_at=NOW,
            duration=0.5,
            attempt=attempt,
            outputs=outputs,
            fingerprint={"version": "1"},
        )

    return make


@pytest.fixture
def _plain_system() -> Iterator[None]:
    """For tests that put another system in the file layer's place."""
    yield
    atomic.system = atomic.System()


class KilledError(BaseException):
    """The process is no more."""


class Dying(atomic.System):
    """Kills the process before the call numbered ``deadline``; a dead process cleans nothing up."""

    def __init__(self, deadline: int) -> None:
        self.left = deadline

    def __getattribute__(self, name: str) -> Any:
        if name not in ("left", "close") and not name.startswith("__"):
            if self.left <= 0:
                raise KilledError
            self.left -= 1
        return super().__getattribute__(name)


@pytest.fixture
def survives(_plain_system: None) -> Callable[[int, Callable[[], object]], bool]:
    """Carry something out until so many calls have changed the disk; whether it came to its end."""

    def until(deadline: int, work: Callable[[], object]) -> bool:
        atomic.system = Dying(deadline)
        try:
            work()
        except KilledError:
            return False
        finally:
            atomic.system = atomic.System()
        return True

    return until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JsonFileStore]:
    store = JsonFileStore(StoreURL("file", ".pipeline", tmp_path))
    yield store
    store.close()
