"""Lines that say themselves whether they are whole: one JSON object each, with its own checksum as the last key.

What follows the last whole line of a file and can be the rest of a cut write is *torn* and doesn't count; any other
line that doesn't check is damage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from pipekit.errors import StateError
from pipekit.serde import JSON, encode

__all__ = ["BadLineError", "damaged_line", "line", "whole_lines"]

_DIGITS = 16
_KEY = b',"checksum":"'
_TRAILER = len(_KEY) + _DIGITS + len(b'"}')
_SECTOR = 512  # the smallest piece that a disk writes or loses


class BadLineError(ValueError):
    """A line's checksum doesn't fit, and no cut write can have left it so."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__("the checksum of a line doesn't fit")
        self.expected = expected
        self.found = found


def line(body: Mapping[str, JSON]) -> bytes:
    """A whole line, its checksum as last key. `MisfitError` for what isn't JSON."""
    text = encode(body)
    return text[:-1] + _KEY + _checksum(text) + b'"}\n'


def whole_lines(data: bytes, offset: int = 0) -> Iterator[tuple[bytes, int]]:
    """The text of each whole line in ``data`` without its checksum, and where it ends.

    ``offset`` is where ``data`` begins in its file. Ends before a torn line; `BadLineError` for a damaged one.
    """
    position = 0
    while position < len(data):
        end = data.find(b"\n", position)
        segment = data[position : end if end >= 0 else len(data)]
        text = _text(segment) if end >= 0 else None
        if text is None:
            is_last = end in (-1, len(data) - 1)
            if not (is_last and _can_be_torn(segment, offset + position, has_end=end >= 0)):
                raise BadLineError(
                    segment[-_TRAILER:][len(_KEY) : -2].decode("ascii", "replace"),
                    _checksum(segment[:-_TRAILER] + b"}").decode(),
                )
            return
        position = end + 1
        yield text, position


def damaged_line(
    run_id: str, file: str, number: int, what: str, *, expected: str | None = None, found: str | None = None
) -> StateError:
    """The error for a line of a run's file, counted from 1, that doesn't hold."""
    return StateError(
        f"line {number}: {what}",
        file=file,
        where=f"{file}:{number}",
        expected=expected,
        found=found,
        run_id=run_id,
        hint=f"nothing was changed; see what can be saved: pipekit repair {run_id}",
    )


def _checksum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:_DIGITS].encode()


def _text(segment: bytes) -> bytes | None:
    """The text that the checksum stands for, None when it doesn't fit."""
    text, trailer = segment[:-_TRAILER] + b"}", segment[-_TRAILER:]
    return text if trailer == _KEY + _checksum(text) + b'"}' else None


def _can_be_torn(segment: bytes, start: int, *, has_end: bool) -> bool:
    if has_end:
        return _has_lost_sectors(segment, start)
    return _text(segment[:-1]) is None  # a cut write ends anywhere but behind a whole line


def _has_lost_sectors(segment: bytes, start: int) -> bool:
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
