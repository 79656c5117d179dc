"""Files of a run, held against their digests before anything uses them."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipekit.errors import StateError
from pipekit.interfaces.state_stores import StateStore, StoreURL
from pipekit.state.record import BlobRef, RunRecord
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.memory import MemoryStore
from pipekit.verifying import read_verified

CONTENT = b"# three things to do"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = "output/summary.md"


@pytest.fixture(params=["memory", "files"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> StateStore:
    files = JsonFileStore(StoreURL("json", "state", tmp_path))
    store: StateStore = MemoryStore() if request.param == "memory" else files
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    ref = BlobRef(path=PATH, sha256=SHA256, size=len(CONTENT))
    record = RunRecord(
        run_id="run-1",
        input_file="note.txt",
        started_at=now,
        updated_at=now,
        status="completed",
        current_step=None,
        outputs=(ref,),
    )
    store.create(record, io.BytesIO(b""), {PATH: CONTENT})
    return store


def test_what_was_committed_is_given(store: StateStore) -> None:
    assert read_verified(store, "run-1", PATH, SHA256, hint="") == CONTENT


def test_anything_else_is_an_error_with_file_step_both_digests_and_what_to_do(store: StateStore) -> None:
    with pytest.raises(StateError, match="output/summary.md was changed or damaged since it was written") as caught:
        read_verified(store, "run-1", PATH, "0" * 64, hint="do this", step="write-output")
    error = caught.value
    folder = store.folder("run-1")
    assert error.file == (str(folder / PATH) if folder else PATH)
    assert (error.expected, error.found) == (f"sha256 {'0' * 64}", f"sha256 {SHA256}")
    assert (error.code, error.run_id, error.step, error.hint) == (7, "run-1", "write-output", "do this")


def test_a_missing_file_is_said_to_be_missing(store: StateStore) -> None:
    with pytest.raises(StateError) as caught:
        read_verified(store, "run-1", "output/other.md", SHA256, hint="do this")
    assert caught.value.kind == "missing"
