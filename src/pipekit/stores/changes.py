"""What every store checks before it keeps something of a run, and what a commit does to what is kept of it already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import BinaryIO

from attrs import frozen

from pipekit.errors import InputError, StateError
from pipekit.serde import MisfitError, encode, unstructure
from pipekit.state.record import HISTORY_KEPT, RunRecord
from pipekit.stores.delta import changed_steps, files_of, files_taken_back
from pipekit.stores.layout import HISTORY, check_path

__all__ = ["Change", "change", "check_blobs", "json_of", "read_source"]


@frozen(kw_only=True)
class Change:
    """What a commit does beyond the new record and its new files.

    ``moved`` are files that it takes back, each with its place in the history; ``replaced`` counts how often that
    happened in the run. What lies below the folder ``forgotten`` goes. The steps named in ``closed`` have committed:
    their entries go, but for those that stay.
    """

    moved: Mapping[str, str]
    replaced: int
    forgotten: str | None
    closed: frozenset[str]


def change(before: RunRecord, after: RunRecord, *, is_kept: Callable[[str], bool], replaced: int) -> Change:
    """What the step from one record to the next does; ``is_kept`` says whether the store has a file of this path."""
    gone = [path for path in files_taken_back(before, after) if is_kept(path)]
    number = replaced + bool(gone)
    closed = {step.name for step in changed_steps(before, after).values()}
    return Change(
        moved={path: f"{HISTORY}/{number}/{path}" for path in gone},
        replaced=number,
        forgotten=f"{HISTORY}/{number - HISTORY_KEPT}/" if gone and number > HISTORY_KEPT else None,
        closed=frozenset(closed),
    )


def check_blobs(record: RunRecord, blobs: Mapping[str, bytes], *, is_new_run: bool = False) -> dict[str, str]:
    """The digests of new files; `StateError` for a path that is none, or a digest that is not the record's.

    Only a new run, one that comes from another store, brings its history along.
    """
    named = files_of(record, among=blobs)
    digests: dict[str, str] = {}
    for path, data in blobs.items():
        if check_path(path)[0] == HISTORY and not is_new_run:
            raise StateError(f"the history is no place for new files: {path}", run_id=record.run_id)
        found = digests[path] = hashlib.sha256(data).hexdigest()
        if named.get(path, found) != found:
            raise StateError(
                "the record names another digest than its file has",
                file=path,
                expected=named[path],
                found=found,
                run_id=record.run_id,
            )
    return digests


def read_source(record: RunRecord, source: BinaryIO) -> dict[str, bytes]:
    """The input under its path in the run; `InputError` when it isn't what the record says."""
    if (ref := record.input) is None:
        return {}
    check_path(ref.path)
    data = source.read()
    if (hashlib.sha256(data).hexdigest(), len(data)) != (ref.sha256, ref.size):
        raise InputError("the input changed while it was read", file=ref.name, hint="run it again")
    return {ref.path: data}


def json_of(value: object, *, what: str = "record", run_id: str | None = None) -> bytes:
    """The JSON of a record or an entry; `StateError` for one that can't be kept."""
    try:
        return encode(unstructure(value))
    except MisfitError as error:
        raise StateError(f"the {what} can't be kept: {error}", run_id=run_id) from error
