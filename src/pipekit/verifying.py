"""Read a file of a run, and hold it against the digest it was committed with before anything uses it."""

from __future__ import annotations

import hashlib

from pipekit.errors import StateError
from pipekit.interfaces.state_stores import StateStore

__all__ = ["read_verified"]


def read_verified(
    store: StateStore, run_id: str, path: str, sha256: str, *, hint: str, step: str | None = None
) -> bytes:
    """The bytes of ``path`` in a run; `StateError` with both digests when they aren't those that were written."""
    data = store.read(run_id, path)
    found = hashlib.sha256(data).hexdigest()
    if found == sha256:
        return data
    folder = store.folder(run_id)
    raise StateError(
        f"{path} was changed or damaged since it was written",
        file=str(folder / path) if folder else path,
        expected=f"sha256 {sha256}",
        found=f"sha256 {found}",
        run_id=run_id,
        step=step,
        hint=hint,
    )
