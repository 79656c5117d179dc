"""The journal of a run: one JSON object a line, each with its place, its owner's epoch and its own checksum.

Kinds of lines: ``header`` (the first: run, layout, whole record), ``owner`` (somebody took the run), ``commit`` (what
changed in the record, and the files that came with it), ``replaced`` (a commit that takes outputs back) and
``entries`` (pieces of work that stay, such as the replies of models). What passes with its step, such as the results
of its items, has a file of its own: see `pipekit.stores.item_journal`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from pipekit.errors import StateError
from pipekit.interfaces.state_stores import Entry
from pipekit.serde import JSON, MisfitError, decode, structure, unstructure
from pipekit.state.record import RunRecord
from pipekit.stores.delta import apply
from pipekit.stores.layout import HISTORY, check_path, check_schema, migrate
from pipekit.stores.lines import BadLineError, damaged_line, whole_lines

__all__ = ["Blob", "Journal", "Move", "entries_content"]


@frozen
class Blob:
    """A file that the journal answers for. Until it has its own name it lies under ``slot``."""

    sha256: str
    size: int
    slot: str | None = None


@frozen
class Move:
    """A file that was taken back: from ``source`` (or still from its blob's slot) to ``target`` in the history."""

    source: str
    target: str


class Journal:
    """What a journal says, read from the front and kept up to date by `feed`.

    ``offset`` is where the next line begins, ``record`` the JSON of the newest record, ``blobs`` the files by path,
    ``moves`` those of the last line (earlier ones were done before the line after them was written) and ``moved`` what
    they move, by target, ``entries`` those that stay, ``replaced`` how often outputs were taken back, ``schema`` the
    layout of the record.
    """

    def __init__(self, run_id: str, file: str) -> None:
        self.run_id = run_id
        self.file = file
        self.offset = 0
        self.sequence = 0
        self.epoch = 0
        self.schema = 0
        self.record: dict[str, JSON] = {}
        self.blobs: dict[str, Blob] = {}
        self.moves: tuple[Move, ...] = ()
        self.moved: dict[str, Blob] = {}
        self.entries: list[Entry] = []
        self.replaced = 0

    def feed(self, data: bytes) -> int:
        """Take the lines in ``data``, which begin at ``offset``; the number of torn bytes after them."""
        position = 0
        start = self.offset
        try:
            for text, position in whole_lines(data, start):
                self._take(text)
                self.offset = start + position
        except BadLineError as error:
            raise self._damage(str(error), expected=error.expected, found=error.found) from error
        return len(data) - position

    def _damage(self, what: str, *, expected: str | None = None, found: str | None = None) -> StateError:
        return damaged_line(self.run_id, self.file, self.sequence + 1, what, expected=expected, found=found)

    def _take(self, text: bytes) -> None:
        try:
            body = decode(text)
            self.take(body)
        except StateError as error:
            if error.kind != "path":
                raise
            raise self._damage(error.message) from error
        except (MisfitError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._damage(f"not what a journal holds ({type(error).__name__}: {error})") from error

    def take(self, body: Mapping[str, JSON]) -> None:
        """Count a line that is whole; its owner calls this for its own lines."""
        if "schema" in body:
            record = body.get("record")
            version = record.get("pipekitVersion") if isinstance(record, Mapping) else None
            self.schema = check_schema(body["schema"], file=self.file, version=version)
        if body["run"] != self.run_id:
            raise self._damage("belongs to another run", expected=self.run_id, found=str(body["run"]))
        if body["sequence"] != self.sequence + 1:
            what = "stands here a second time" if body["sequence"] <= self.sequence else "comes too early"
            raise self._damage(what, expected=str(self.sequence + 1), found=str(body["sequence"]))
        if body["epoch"] < self.epoch:
            raise self._damage("was written by a superseded owner", expected=str(self.epoch), found=str(body["epoch"]))
        if (body["kind"] == "header") != (self.sequence == 0):
            raise self._damage("the header is the first line, and only that")
        self.moves, self.moved = (), {}
        match body["kind"]:
            case "header" | "commit" | "replaced":
                self._commit(body)
            case "entries":
                self.entries.extend(structure(body["entries"], tuple[Entry, ...]))
            case "owner":
                pass  # its epoch is all that counts
            case kind:
                raise self._damage(f"of an unknown kind, {ascii(kind)[:40]}; a newer pipekit may have written it")
        self.sequence = body["sequence"]
        self.epoch = body["epoch"]

    def _commit(self, body: Mapping[str, JSON]) -> None:
        self.record = dict(body["record"]) if "record" in body else apply(self.record, body)
        if body["kind"] == "header":
            self.replaced = int(self.record.get("replaced", 0))
        if "moves" in body:
            self.replaced += 1
            self.moves = tuple(Move(source, target) for source, target in body["moves"])
            for move in self.moves:
                check_path(move.source)
                if check_path(move.target)[0] != HISTORY:
                    raise ValueError("a move that doesn't lead to the history")
                self.moved[move.target] = self.blobs.pop(move.source)
        self.blobs.update({target: Blob(blob.sha256, blob.size) for target, blob in self.moved.items()})
        for path, sha256, size, slot in body.get("files", ()):
            parts = check_path(path)
            if slot is not None and check_path(slot, slot=True)[:-1] != parts[:-1]:
                raise ValueError("a slot in another folder than its file")
            self.blobs[path] = Blob(sha256, size, slot)

    def body(self, kind: str, epoch: int, content: Mapping[str, JSON]) -> dict[str, JSON]:
        """The next line, not yet counted."""
        return {"sequence": self.sequence + 1, "epoch": epoch, "run": self.run_id, "kind": kind, **content}

    def elsewhere(self, path: str) -> list[tuple[str, ...]]:
        """Where a file may lie, by parts, while its owner (or a dead one) hasn't yet given it its own name."""
        blob = self.moved.get(path) or self.blobs.get(path)
        sources = [move.source for move in self.moves if move.target == path]
        slots = [blob.slot] if blob is not None and blob.slot is not None else []
        return [check_path(slot, slot=True) for slot in slots] + [check_path(source) for source in sources]

    def structured(self) -> RunRecord:
        """The newest record as a value."""
        try:
            return structure(migrate(self.record, self.schema), RunRecord)
        except (MisfitError, KeyError) as error:
            raise self._damage(f"the record doesn't fit: {error}") from error


def entries_content(entries: Sequence[Entry]) -> dict[str, JSON]:
    """The content of a line that keeps entries."""
    return {"entries": unstructure(tuple(entries))}
