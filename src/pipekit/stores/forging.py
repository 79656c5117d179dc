"""A new run's folder, made whole under another name before it gets its own."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import BinaryIO

from pipekit.errors import InputError, StateError
from pipekit.interfaces.state_stores import Entry
from pipekit.serde import JSON, MisfitError, unstructure
from pipekit.state.record import SCHEMA, InputRef, RunRecord
from pipekit.stores import atomic
from pipekit.stores.atomic import Folder, refusal, write_all
from pipekit.stores.delta import files_of
from pipekit.stores.item_journal import ItemJournal
from pipekit.stores.journal import Journal, entries_content
from pipekit.stores.layout import ITEMS, JOURNAL, SLOT, STATE, STEPS, check_path
from pipekit.stores.lines import line
from pipekit.stores.view import render_view

__all__ = ["NO_BLOBS", "forge"]

NO_BLOBS: Mapping[str, bytes] = MappingProxyType({})

_CHUNK = 1 << 20
_SLOTS_AT_MOST = 1000


def forge(
    folder: Folder, record: RunRecord, source: BinaryIO, blobs: Mapping[str, bytes], entries: Sequence[Entry]
) -> None:
    """Write everything of a new run into its folder, which holds its lock alone, all of it forced but the view."""
    files: list[list[JSON]] = []
    named = files_of(record)
    if record.input is not None:
        _copy(folder, record.input.path, source, record.input)
        files.append([record.input.path, record.input.sha256, record.input.size, None])
    folder.make(STEPS)
    for path, data in blobs.items():
        sha256 = hashlib.sha256(data).hexdigest()
        if named.get(path, sha256) != sha256:
            raise StateError(
                "the record names another digest than its file has",
                file=path,
                expected=named[path],
                found=sha256,
                run_id=record.run_id,
            )
        _copy(folder, path, io.BytesIO(data), None)
        files.append([path, sha256, len(data), None])
    with folder.sub(STEPS) as steps:
        # Names that wait: a commit fills one and need not force the folder.
        for number in range(min(len(record.planned) + 1, _SLOTS_AT_MOST)):
            steps.create(f"{SLOT}{number:04}")
        _write_open_items(steps, record.run_id, [entry for entry in entries if not entry.stays])
        steps.force()
    journal = Journal(record.run_id, str(folder.path / JOURNAL))
    try:
        plain = unstructure(record)
        body = journal.body("header", 0, {"schema": SCHEMA, "record": plain, "files": files})
        text = line(body)
        journal.take(body)
        staying = [entry for entry in entries if entry.stays]
        if staying:
            text += line(journal.body("entries", 0, entries_content(staying)))
        view = render_view(plain, journal_size=len(text))
    except (MisfitError, ValueError) as error:
        raise StateError(f"the record can't be kept: {error}", run_id=record.run_id) from error
    folder.create(STATE, view)
    folder.create(JOURNAL, text, forced=True)
    folder.force()


def _write_open_items(steps: Folder, run_id: str, entries: Sequence[Entry]) -> None:
    """A file for each open step that brings finished items; at least one empty one, which waits."""
    by_step: dict[str, list[Entry]] = {}
    for entry in entries:
        by_step.setdefault(entry.step, []).append(entry)
    for number, (step, group) in enumerate(by_step.items(), start=1):
        name = f"{ITEMS}{number:04}"
        journal = ItemJournal(run_id, name, str(steps.path / name))
        try:
            data = line(journal.body(step, 0, group))
        except MisfitError as error:
            raise StateError(f"the entry can't be kept: {error}", run_id=run_id) from error
        steps.create(name, data, forced=True)
    steps.create(f"{ITEMS}0000")


def _copy(folder: Folder, path: str, source: BinaryIO, ref: InputRef | None) -> None:
    """Copy a file in pieces, forced with the names that lead to it; an input must be what the record says."""
    *parents, name = check_path(path)
    opened: list[Folder] = []
    home = folder
    try:
        for part in parents:
            home.make(part)
            home = home.sub(part)
            opened.append(home)
        found = hashlib.sha256()
        size = 0
        fd = home.open_new(name)
        try:
            with refusal(home.path / name, "write"):
                while data := source.read(_CHUNK):
                    found.update(data)
                    size += len(data)
                    write_all(fd, data)
                atomic.system.sync(fd)
        finally:
            with refusal(home.path / name, "close"):
                atomic.system.close(fd)
        if ref is not None and (found.hexdigest(), size) != (ref.sha256, ref.size):
            raise InputError("the input changed while it was read", file=ref.name, hint="run it again")
        for home in reversed(opened):
            home.force()
    finally:
        for home in opened:
            home.close()
