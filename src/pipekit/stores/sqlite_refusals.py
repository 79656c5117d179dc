"""What SQLite refuses, as one of pipekit's errors with what the system said."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipekit.errors import PipekitError, StateError, StorageError

__all__ = ["refusals"]

#: The lowest byte of SQLite's result codes → what the system would have said.
_ERRNO = {
    sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_LOCKED: errno.EBUSY,
    sqlite3.SQLITE_PROTOCOL: errno.EBUSY,
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_TOOBIG: errno.EFBIG,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_NOLFS: errno.EFBIG,
}
_HINTS = {
    errno.EBUSY: "close the other program that has the database open, then go on",
    errno.ENOSPC: "free some space on that disk, then go on",
    errno.EIO: "check the disk: it reports a fault",
    errno.EFBIG: "keep runs with such large files elsewhere: store: file:.pipeline",
    errno.EROFS: "make the file and its folder writable, or keep runs elsewhere with the setting store",
    errno.EACCES: "make the file and its folder writable for you, or keep runs elsewhere with the setting store",
    errno.EISDIR: "name a file: store: sqlite:runs.db",
    errno.EMFILE: "raise the limit of open files (ulimit -n), then go on",
}
_DAMAGED = {
    sqlite3.SQLITE_CORRUPT: "the database is damaged",
    sqlite3.SQLITE_NOTADB: "is no SQLite database",
    sqlite3.SQLITE_ERROR: "its tables aren't those that pipekit made",
    sqlite3.SQLITE_SCHEMA: "its tables aren't those that pipekit made",
    sqlite3.SQLITE_FORMAT: "is no SQLite database",
}


@contextmanager
def refusals(path: Path, doing: str) -> Iterator[None]:
    """Turn what SQLite refuses in here into `StorageError`, and damage into `StateError`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            raise  # a call of ours that is wrong
        raise _refusal(path, doing, error, code & 0xFF) from error


def _refusal(path: Path, doing: str, error: sqlite3.Error, code: int) -> PipekitError:
    if code in _DAMAGED:
        return StateError(
            f"{_DAMAGED[code]}: {error}",
            file=str(path),
            hint="nothing was changed; bring it back from a backup, or name another file: store: sqlite:FILE",
        )
    number = _ERRNO.get(code) or _asked(path, code)
    is_locked = number == errno.EBUSY
    said = "another program keeps it locked" if is_locked else os.strerror(number)
    return StorageError(
        f"can't {doing} the database: {said} ({error})",
        path=str(path),
        errno=number,
        kind="locked" if is_locked else "",
        hint=_HINTS.get(number, "see to the cause, then go on"),
    )


def _asked(path: Path, code: int) -> int:
    """SQLite doesn't say why it can't open or write a file: the system is asked."""
    for place, flags in ((path, os.O_RDWR), (path.parent, os.O_RDONLY)):
        try:
            os.close(os.open(place, flags | getattr(os, "O_CLOEXEC", 0)))
        except OSError as error:
            return error.errno or errno.EIO
    if not os.access(path.parent, os.W_OK):
        return errno.EACCES
    return errno.EROFS if code == sqlite3.SQLITE_READONLY else errno.EIO
