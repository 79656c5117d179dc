"""How a run lies in the rows of a database: JSON texts, each with a digest that also covers its place.

The row of a run holds its record, in which each finished step stands as the digest of its own row: so a digest that
fits says that the record and all its steps are as they were written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from pipekit.errors import StateError
from pipekit.interfaces.state_stores import Entry
from pipekit.serde import JSON, MisfitError, decode, structure, unstructure
from pipekit.state.record import SCHEMA, RunRecord
from pipekit.stores.changes import json_of
from pipekit.stores.layout import check_schema, migrate

__all__ = ["TABLES", "RunRow", "digest_of", "entry_texts", "read_entries", "read_head", "read_record", "rows_of"]

#: The tables of a store; ``{bytes}`` stands for the database's type of bytes, ``{id}`` for the type of a run's id.
TABLES = (
    (
        "CREATE TABLE runs (run_id {id} NOT NULL PRIMARY KEY, layout INTEGER NOT NULL, status TEXT NOT NULL,"
        " epoch BIGINT NOT NULL, sequence BIGINT NOT NULL, replaced BIGINT NOT NULL, entries BIGINT NOT NULL,"
        " owner TEXT, record TEXT NOT NULL, digest TEXT NOT NULL)"
    ),
    "CREATE INDEX runs_by_status ON runs (status, run_id)",
    ("CREATE TABLE steps (run_id {id} NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (run_id, name))"),
    (
        "CREATE TABLE files (run_id {id} NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, size BIGINT NOT NULL,"
        " content {bytes} NOT NULL, PRIMARY KEY (run_id, path))"
    ),
    (
        "CREATE TABLE entries (run_id {id} NOT NULL, sequence BIGINT NOT NULL, place BIGINT NOT NULL,"
        " step TEXT NOT NULL, stays INTEGER NOT NULL, entry TEXT NOT NULL, digest TEXT NOT NULL,"
        " PRIMARY KEY (run_id, sequence, place))"
    ),
)


@frozen(kw_only=True)
class RunRow:
    """The row of a run, without what is only there to be counted with. ``owner`` is the newest, gone or not."""

    run_id: str
    layout: int
    epoch: int
    sequence: int
    replaced: int
    entries: int
    owner: str | None
    record: str
    digest: str


def digest_of(*parts: object) -> str:
    """The digest of a row: of its text, and of where it belongs."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def rows_of(record: RunRecord, known: Mapping[str, tuple[object, str]]) -> tuple[str, dict[str, tuple[str, str]]]:
    """The text of a record's row, and text and digest of each step's whose record isn't ``known`` (with its digest)."""
    new: dict[str, tuple[str, str]] = {}
    digests: dict[str, str] = {}
    for key, step in record.step_outputs.items():
        if key in known and known[key][0] == step:
            digests[key] = known[key][1]
        else:
            text = json_of(step, run_id=record.run_id).decode()
            digests[key] = digest_of(record.run_id, key, text)
            new[key] = text, digests[key]
    head = unstructure(evolve(record, step_outputs={}, schema=SCHEMA))
    head["stepOutputs"] = digests
    return json_of(head, run_id=record.run_id).decode(), new


def read_head(run_id: str, layout: int, text: str, digest: str, *, place: str) -> dict[str, JSON]:
    """A record as its row has it: in place of each finished step a digest. `StateError` for one that is damaged."""
    found = digest_of(run_id, text)
    if found != digest:
        raise _damaged(run_id, "the record was changed or damaged since it was written", place, digest, found)
    try:
        head = decode(text)
        check_schema(layout, file=place, version=head.get("pipekitVersion"))
        return migrate(head, layout)
    except (MisfitError, AttributeError, KeyError) as error:
        raise _damaged(run_id, f"the record has another shape ({error})", place) from error


def read_record(row: RunRow, steps: Iterable[tuple[str, str]], *, place: str) -> RunRecord:
    """The record of a run, from its row and those of its steps. `StateError` for what is damaged."""
    head = read_head(row.run_id, row.layout, row.record, row.digest, place=place)
    texts = dict(steps)
    outputs: dict[str, JSON] = {}
    try:
        for key, digest in head["stepOutputs"].items():
            found = digest_of(row.run_id, key, texts[key]) if key in texts else "no row"
            if found != digest:
                raise _damaged(row.run_id, f"the record of step {key} was changed or damaged", place, digest, found)
            outputs[key] = decode(texts[key])
        record: RunRecord = structure({**head, "stepOutputs": outputs}, RunRecord)
    except (MisfitError, AttributeError, KeyError, TypeError) as error:
        raise _damaged(row.run_id, f"the record has another shape ({error})", place) from error
    return record


def entry_texts(run_id: str, sequence: int, entries: Sequence[Entry]) -> list[tuple[object, ...]]:
    """The rows of entries that are kept with the change of this number."""
    texts = [json_of(entry, what="entry", run_id=run_id).decode() for entry in entries]
    return [
        (run_id, sequence, place, entry.step, int(entry.stays), text, digest_of(run_id, sequence, place, text))
        for place, (entry, text) in enumerate(zip(entries, texts, strict=True))
    ]


def read_entries(row: RunRow, rows: Sequence[tuple[int, int, str, str]], *, place: str) -> tuple[Entry, ...]:
    """The entries of a run, in order. `StateError` for one that is damaged, and for a number that isn't theirs."""
    if len(rows) != row.entries:
        raise _damaged(row.run_id, "finished work inside its steps is missing", place, str(row.entries), str(len(rows)))
    entries: list[Entry] = []
    for sequence, number, text, digest in rows:
        found = digest_of(row.run_id, sequence, number, text)
        if found != digest:
            raise _damaged(row.run_id, "finished work inside a step was changed or damaged", place, digest, found)
        try:
            entries.append(structure(decode(text), Entry))
        except MisfitError as error:
            raise _damaged(row.run_id, f"finished work inside a step has another shape ({error})", place) from error
    return tuple(entries)


def _damaged(run_id: str, what: str, place: str, expected: str | None = None, found: str | None = None) -> StateError:
    return StateError(
        f"{run_id}: {what}",
        file=place,
        expected=expected,
        found=found,
        run_id=run_id,
        hint="nothing was changed; bring the database back from a backup, or start a new run from the original file",
    )
