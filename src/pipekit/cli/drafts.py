"""What a person writes about an item, in a file that outlives the command until the run has taken it."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path

from attrs import frozen

__all__ = ["Draft", "open_draft"]

#: Characters of an item's id that a file's name can't have everywhere.
_ODD = re.compile(r"[^\w.-]+")


@frozen(kw_only=True)
class Draft:
    """A file for one item of a run; ``reopened`` says that it holds what was written before and wasn't taken.

    Beside it lies what the editor was shown at first: what counts as changed is what differs from that, so that a draft
    of yesterday takes nothing back that has come into the run since.
    """

    path: Path
    reopened: bool

    @property
    def shown(self) -> Path:
        """What the editor was shown at first."""
        return self.path.with_suffix(".shown")

    def changed(self) -> dict[str, object]:
        """The fields that a person changed, with their values; `InputError` for a file that can't be read as fields."""
        from pipekit.cli.answer_files import parse_fields

        before = parse_fields(self.shown.read_bytes(), self.shown.name)
        after = parse_fields(self.path.read_bytes(), self.path.name)
        return {name: value for name, value in after.items() if name not in before or before[name] != value}

    def remove(self) -> None:
        """Forget what was written: the run has it, or there is nothing in it."""
        self.path.unlink(missing_ok=True)
        self.shown.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # other items of the run may have one
            self.path.parent.rmdir()


def open_draft(folder: Path, run_id: str, item: str, text: str) -> Draft:
    """The file for ``item``: the one that was left with something in it, else a new one with ``text``."""
    draft = Draft(path=folder / run_id / f"{_file_name(item)}.yaml", reopened=False)
    shown = draft.shown
    if shown.is_file() and draft.path.is_file() and draft.path.read_bytes() != shown.read_bytes():
        return Draft(path=draft.path, reopened=True)
    # Of a meeting, and so nobody else's to read.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft.path.parent.mkdir(mode=0o700, exist_ok=True)
    shown.write_text(text, encoding="utf-8")
    draft.path.write_text(text, encoding="utf-8")
    return draft


def _file_name(item: str) -> str:
    """A name that is the item's id where a file can be called so; two ids never have one name, whatever they hold."""
    plain = _ODD.sub("_", item)[:80]
    return plain if plain == item else f"{plain}-{hashlib.sha256(item.encode()).hexdigest()[:6]}"
