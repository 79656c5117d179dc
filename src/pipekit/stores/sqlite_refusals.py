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
    sqlite3.SQLITE_TOOBIG: errno.EFBIG,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_NOLFS: errno.EFBIG,
}
#: What SQLite says without the reason, and what is said when the system doesn't tell it any more either.
_VAGUE = {
    sqlite3.SQLITE_CANTOPEN: "the system refused, for a moment or for a reason that SQLite doesn't tell",
    sqlite3.SQLITE_READONLY: "the system gave it for reading only",
    sqlite3.SQLITE_IOERR: "the disk refused, for a reason that SQLite doesn't tell",
}
_HINTS = {
    errno.EBUSY: "close the other program that has the database open, then go on",
    errno.ENOSPC: "free some space on that disk, then go on",
    errno.EIO: "check the disk: whether it is full, and whether it reports faults; then go on",
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
    number = _asked(path, code) if code in _VAGUE else _ERRNO.get(code, errno.EIO)
    is_locked = number == errno.EBUSY
    said = _VAGUE[code] if number is None else "another program keeps it locked" if is_locked else os.strerror(number)
    return StorageError(
        f"can't {doing} the database: {said} ({error})",
        path=str(path),
        errno=number,
        kind="locked" if is_locked else "",
        hint=_HINTS.get(errno.EIO if number is None else number, "see to the cause, then go on"),
    )


def _asked(path: Path, code: int) -> int | None:
    """SQLite doesn't say why: the system is asked. None where that is gone, or nothing that can be looked at."""
    flags = os.O_RDONLY if code == sqlite3.SQLITE_IOERR else os.O_RDWR
    for place, how in ((path, flags), (path.parent, os.O_RDONLY)):
        try:
            os.close(os.open(place, how | getattr(os, "O_CLOEXEC", 0)))
        except FileNotFoundError:
            continue  # one that is being made has another name until it is whole
        except OSError as error:
            return error.errno or errno.EIO
    if code != sqlite3.SQLITE_IOERR and not os.access(path.parent, os.W_OK):
        return errno.EACCES
    return errno.ENOSPC if _is_full(path.parent) else None


def _is_full(folder: Path) -> bool:
    try:
        return hasattr(os, "statvfs") and os.statvfs(folder).f_bavail == 0
    except OSError:
        return False
