"""Take a run, and leave it again before its engine has begun."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from attrs import evolve

from pipekit.errors import PipekitError
from pipekit.interfaces.state_stores import Entry, Lease, Owner, StateStore
from pipekit.preparing import NewRun
from pipekit.state.record import RunRecord

__all__ = ["create", "create_and_take", "leave", "pause"]


def create(
    store: StateStore,
    record: RunRecord,
    source: bytes,
    blobs: Mapping[str, bytes] | None = None,
    entries: Sequence[Entry] = (),
) -> None:
    """Make the run. Where that fails there is none, and the error names none that anybody could go on with."""
    try:
        store.create(record, io.BytesIO(source), blobs or {}, entries)
    except PipekitError as error:
        error.run_id = None
        raise


def create_and_take(store: StateStore, new: NewRun) -> Lease:
    """The run, made and taken. One piece of work: a run that is there and that nobody holds looks interrupted."""
    create(store, new.record, new.given.content)
    return store.acquire(new.record.run_id, Owner.this_process())


def pause(store: StateStore, lease: Lease) -> RunRecord:
    """Pause a run that was stopped before its engine began. One that isn't said to be running stays as it is."""
    record = store.load(lease.run_id).record
    if record.status != "running":
        return record
    paused = evolve(record, status="paused", paused_reason="signal", updated_at=datetime.now(UTC))
    store.commit(lease, paused, {})
    return paused


def leave(store: StateStore, lease: Lease) -> None:
    """Pause it, and give it back."""
    try:
        pause(store, lease)
    finally:
        lease.release()
