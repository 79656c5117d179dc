"""Recordings: what models were asked and what they said, a JSON line each, to be replayed without them."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path

from pipekit.errors import InputError, StorageError
from pipekit.llm.asked import Asked
from pipekit.llm.replies import Reply
from pipekit.serde import JSON, MisfitError, decode, encode, structure, unstructure

__all__ = ["Recorder", "Recording"]

_LOG = logging.getLogger("pipekit.llm.recording")
#: The layout of the lines.
_VERSION = 1
#: How every line begins.
_BEGINNING = b'{"version":%d,"digest":"' % _VERSION
_LONGEST_BEGINNING = 80


class Recorder:
    """Appends every reply to a file. ``cleaned`` takes secrets out of texts before they are written.

    A file that is there already has to be a recording: to any other one lines are added by mistake, or by malice.
    """

    def __init__(self, path: Path, cleaned: Callable[[str], str]) -> None:
        self._path = path
        self._cleaned = cleaned
        self._lock = threading.Lock()
        self._is_in_a_line = _check_is_recording(path)
        try:
            # Without a buffer: what couldn't be written is told when it is, and not once more on closing.
            self._file: FileIO = path.open("ab", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error

    def find(self, asked: Asked) -> Reply | None:
        """A recorder only listens."""
        del asked
        return None

    def keep(self, asked: Asked, reply: Reply) -> None:
        """Write a question and its reply."""
        line: dict[str, JSON] = {
            "version": _VERSION,
            "digest": asked.digest_for_any_model,
            "task": asked.task,
            "model": reply.model,
            "messages": [[role, self._cleaned(text)] for role, text in asked.messages],
            "schema": asked.schema,
            "reply": {**unstructure(reply), "text": self._cleaned(reply.text)},
        }
        try:
            data = encode(line) + b"\n"
            with self._lock:
                # What was cut off, by a kill or by a full disk, stays a line of its own.
                left = memoryview(b"\n" + data if self._is_in_a_line else data)
                self._is_in_a_line = True
                while left:
                    left = left[self._file.write(left) or 0 :]
                self._is_in_a_line = False
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()


def _check_is_recording(path: Path) -> bool:
    """Whether the last line of a recording was cut off; `StorageError` for a file that holds something else."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            first = file.readline(_LONGEST_BEGINNING)
            file.seek(-1 if first else 0, os.SEEK_END)
            last = file.read()
    except OSError as error:
        raise _unwritable(path, error) from error
    if first and not _begins_well(first):
        raise StorageError(
            "is no recording, and nothing is added to it",
            path=str(path),
            hint="give another file to --record, one that isn't there yet or a recording",
        )
    return last not in (b"", b"\n")


def _begins_well(line: bytes) -> bool:
    """Whether a line begins as all do, as far as it goes; blanks don't count."""
    told = line[:_LONGEST_BEGINNING].replace(b" ", b"").rstrip(b"\n")
    return told != b"" and told.startswith(_BEGINNING[: len(told)])


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"the recording can't be written: {error.strerror or error}",
        path=str(path),
        errno=error.errno,
        hint="give another file to --record",
    )


def _no_line(path: Path, number: int, error: Exception) -> InputError:
    return InputError(
        f"line {number} is no line of a recording: {error}",
        file=str(path),
        line=number,
        hint="record it again with --record",
    )


class Recording:
    """The replies of a recording, given once each for equal questions, in the order in which they were recorded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tasks: set[str] = set()
        self._lock = threading.Lock()
        self._replies: Mapping[str, deque[Reply]] = self._read()

    def _read(self) -> Mapping[str, deque[Reply]]:
        found: dict[str, deque[Reply]] = defaultdict(deque)
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError as error:
            raise InputError(
                f"the recording can't be read: {error.strerror or error}",
                file=str(self.path),
                hint="set llm.providers.replay.file to a file made with --record",
            ) from error
        for number, text in enumerate(lines, start=1):
            try:
                line = decode(text)
                if line["version"] != _VERSION:
                    raise MisfitError([f"of version {line['version']}"])
                found[str(line["digest"])].append(structure(line["reply"], Reply))
                self.tasks.add(str(line["task"]))
            except (MisfitError, KeyError, TypeError) as error:
                if _is_cut_off(text):
                    _LOG.warning("%s:%d is left out: the line was cut off while it was recorded", self.path, number)
                    continue
                raise _no_line(self.path, number, error) from error
        return found

    def next(self, asked: Asked) -> Reply | None:
        """The next reply to this question; the last one is given again and again, for a resumed run may ask again."""
        with self._lock:
            kept = self._replies.get(asked.digest_for_any_model)
            if not kept:
                return None
            return kept.popleft() if len(kept) > 1 else kept[0]


def _is_cut_off(line: bytes) -> bool:
    """Whether a line begins as all do and has no end: whoever recorded it was killed, or the disk was full."""
    if not _begins_well(line):
        return False
    depth = 0
    is_text = False
    for mark in re.findall(rb'\\.|["{}\[\]]', line, re.DOTALL):
        if mark == b'"':
            is_text = not is_text
        elif not is_text and len(mark) == 1:
            depth += 1 if mark in b"{[" else -1
    return depth > 0 or is_text
