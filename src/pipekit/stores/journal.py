"""The journal of a run: one JSON object a line, each with its place, its owner's epoch and its own checksum.

Kinds of lines: ``header`` (the first: run, layout, whole record), ``owner`` (somebody took the run), ``commit`` (what
changed in the record, and the files that came with it), ``replaced`` (a commit that takes outputs back) and
``entries`` (finished work of the open step). A line counts once it is whole. What follows the last whole line and can
be the rest of a cut write is *torn* and doesn't count; anything else that doesn't check is damage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from attrs import frozen

from pipekit.errors import StateError
from pipekit.interfaces.state_stores import Entry
from pipekit.serde import JSON, MisfitError, decode, encode, structure, unstructure
from pipekit.state.record import RunRecord
from pipekit.stores.delta import apply
from pipekit.stores.layout import HISTORY, check_path, check_schema, migrate

__all__ = ["Blob", "Journal", "Move", "entries_content", "line"]

_DIGITS = 16
_KEY = b',"checksum":"'
_TRAILER = len(_KEY) + _DIGITS + len(b'"}')
_SECTOR = 512  # the smallest piece that a disk writes or loses


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


def _checksum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:_DIGITS].encode()


def line(body: Mapping[str, JSON]) -> bytes:
    """A whole line of the journal, its checksum as last key. `MisfitError` for what isn't JSON."""
    text = encode(body)
    return text[:-1] + _KEY + _checksum(text) + b'"}\n'


def _body(segment: bytes) -> bytes | None:
    """The text that the checksum stands for, None when it doesn't fit."""
    text, trailer = segment[:-_TRAILER] + b"}", segment[-_TRAILER:]
    return text if trailer == _KEY + _checksum(text) + b'"}' else None


def _is_cut(segment: bytes, start: int) -> bool:
    """Whether a line's bytes can be what a power cut left: some whole sectors of it zero.

    A zero byte anywhere else is a flipped one, since JSON text holds none.
    """
    end = start + len(segment)
    position = segment.find(0)
    while position >= 0:
        rest = segment[position:].lstrip(b"\0")
        after = end - len(rest)
        begins = position == 0 or (start + position) % _SECTOR == 0
        if begins and (after == end or after % _SECTOR == 0):
            return True
        position = segment.find(0, after - start)
    return False


class Journal:
    """What a journal says, read from the front and kept up to date by `feed`.

    ``offset`` is where the next line begins, ``record`` the JSON of the newest record, ``blobs`` the files by path,
    ``moves`` those of the last line (earlier ones were done before the line after them was written) and ``moved`` what
    they move, by target, ``entries`` the open step's, ``replaced`` how often outputs were taken back, ``schema`` the
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
        while position < len(data):
            end = data.find(b"\n", position)
            segment = data[position : end if end >= 0 else len(data)]
            text = _body(segment) if end >= 0 else None
            if text is None:
                self._check_torn(segment, is_last=end in (-1, len(data) - 1), has_end=end >= 0)
                return len(data) - position
            self._take(text)
            self.offset += len(segment) + 1
            position = end + 1
        return 0

    def _check_torn(self, segment: bytes, *, is_last: bool, has_end: bool) -> None:
        if is_last and not has_end and _body(segment[:-1]) is None:
            return  # a cut write ends anywhere but behind a whole line
        if is_last and has_end and _is_cut(segment, self.offset):
            return
        text = segment[:-_TRAILER] + b"}"
        raise self._damage(
            "the checksum of a line doesn't fit",
            expected=segment[-_TRAILER:][len(_KEY) : -2].decode("ascii", "replace"),
            found=_checksum(text).decode(),
        )

    def _damage(self, what: str, *, expected: str | None = None, found: str | None = None) -> StateError:
        number = self.sequence + 1
        return StateError(
            f"line {number}: {what}",
            file=self.file,
            where=f"{self.file}:{number}",
            expected=expected,
            found=found,
            run_id=self.run_id,
            hint="nothing was changed, and steps/ still holds what finished; put the journal back from a copy of the "
            "run's folder, or run the input again",
        )

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
        steps = body.get("steps", {})
        self.record = dict(body["record"]) if "record" in body else apply(self.record, body)
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
        if body.get("removed"):
            self.entries.clear()  # they are of a step after those that were taken back
        elif steps and self.entries:
            closed = {name for key, step in steps.items() for name in (key, step["name"])}
            self.entries = [entry for entry in self.entries if entry.step not in closed]

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
    """The content of a line that keeps entries of the open step."""
    return {"entries": unstructure(tuple(entries))}
