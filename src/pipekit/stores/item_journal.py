"""What is finished inside an open step: lines in a file of their own, emptied once the step has committed.

So the results of items are on disk as they come, and after the step in its own file only. The files wait in ``steps/``
under names that begin with ``.items-``; the first line says for which step of which run one is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipekit.errors import StateError
from pipekit.interfaces.state_stores import Entry
from pipekit.serde import JSON, MisfitError, decode, structure, unstructure
from pipekit.stores.atomic import Folder
from pipekit.stores.lines import BadLineError, damaged_line, whole_lines

__all__ = ["ItemJournal", "read_item_journal"]


class ItemJournal:
    """The finished pieces of one open step, as one file has them; ``offset`` is where the next line begins."""

    def __init__(self, run_id: str, name: str, file: str) -> None:
        self.run_id = run_id
        self.name = name
        self.file = file
        self.step = ""
        self.epoch = 0
        self.offset = 0
        self.sequence = 0
        self.entries: list[Entry] = []

    def feed(self, data: bytes) -> int:
        """Take the lines in ``data``, the whole file; the number of torn bytes at its end. `StateError` for damage."""
        try:
            for text, end in whole_lines(data):
                self.take(decode(text))
                self.offset = end
        except BadLineError as error:
            raise self._damage(str(error), expected=error.expected, found=error.found) from error
        except (MisfitError, KeyError, TypeError, ValueError) as error:
            raise self._damage(f"not what finished items look like ({type(error).__name__}: {error})") from error
        return len(data) - self.offset

    def take(self, body: Mapping[str, JSON]) -> None:
        """Count a line that is whole."""
        if body["run"] != self.run_id:
            raise self._damage("belongs to another run", expected=self.run_id, found=str(body["run"]))
        if body["sequence"] != self.sequence + 1:
            raise self._damage("out of order", expected=str(self.sequence + 1), found=str(body["sequence"]))
        if (body["kind"] == "open") != (self.sequence == 0) or body["epoch"] < self.epoch:
            raise self._damage("out of order")
        if body["kind"] == "open":
            self.step = structure(body["step"], str)
        entries: tuple[Entry, ...] = structure(body["entries"], tuple[Entry, ...])
        if any(entry.step != self.step for entry in entries):
            raise self._damage("holds an item of another step", expected=self.step)
        self.entries.extend(entries)
        self.sequence, self.epoch = body["sequence"], body["epoch"]

    def body(self, step: str, epoch: int, entries: Sequence[Entry]) -> dict[str, JSON]:
        """The next line, not yet counted; the first one says for which step the file is used."""
        start = {"kind": "entries"} if self.sequence else {"kind": "open", "step": step}
        place = {"sequence": self.sequence + 1, "epoch": epoch, "run": self.run_id}
        return {**start, **place, "entries": unstructure(tuple(entries))}

    def _damage(self, what: str, *, expected: str | None = None, found: str | None = None) -> StateError:
        return damaged_line(self.run_id, self.file, self.sequence + 1, what, expected=expected, found=found)


def read_item_journal(steps: Folder, name: str, run_id: str) -> tuple[ItemJournal, int]:
    """A file of finished items, and the number of torn bytes at its end; nothing in it where it isn't in use."""
    journal = ItemJournal(run_id, name, str(steps.path / name))
    torn = journal.feed(steps.read(name) or b"")
    return journal, torn
