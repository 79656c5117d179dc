"""What PostgreSQL refuses, as one of pipekit's errors: what the server said, and what to do about it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from attrs import frozen
from psycopg import errors

from pipekit.errors import PipekitError, StateError, StorageError

__all__ = ["refusals"]


@frozen
class _Refusal:
    """What it means: an errno where there is one of that meaning, a kind for programs, and a way on."""

    hint: str
    errno: int | None = None
    kind: str = ""


_GONE = _Refusal("see to the server, then go on", kind="unreachable")
_OTHER = _Refusal("see to the cause, then go on")
_DENIED = _Refusal(
    "check the user, and its password in PGPASSWORD or ~/.pgpass (the address takes none)", errno.EACCES, "denied"
)
_CROWDED = _Refusal("lower the setting store.connections, or raise the server's max_connections", errno.EMFILE)
_KINDS: tuple[tuple[type[psycopg.Error] | tuple[type[psycopg.Error], ...], _Refusal], ...] = (
    ((errors.InvalidPassword, errors.InvalidAuthorizationSpecification), _DENIED),
    (errors.InvalidCatalogName, _Refusal("make the database: createdb NAME", errno.ENOENT, "no-database")),
    (
        errors.InsufficientPrivilege,
        _Refusal("let the user do that: GRANT CREATE ON DATABASE …, or use another user", errno.EACCES, "denied"),
    ),
    (
        errors.ReadOnlySqlTransaction,
        _Refusal("this server or user only reads: name the one that is written to", errno.EROFS),
    ),
    (errors.DiskFull, _Refusal("free some space on the server's disk, then go on", errno.ENOSPC)),
    (errors.TooManyConnections, _CROWDED),
    (
        (errors.LockNotAvailable, errors.DeadlockDetected, errors.QueryCanceled, errors.SerializationFailure),
        _Refusal("another transaction stands in the way: end it, then go on", errno.EBUSY, "locked"),
    ),
    (errors.ProgramLimitExceeded, _Refusal("keep runs with such large files elsewhere: file:.pipeline", errno.EFBIG)),
    (errors.IoError, _Refusal("check the server's disk: it reports a fault", errno.EIO)),
    ((errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow), _GONE),
)
_DAMAGED = (errors.DataCorrupted, errors.IndexCorrupted)
_OTHER_TABLES = (errors.UndefinedTable, errors.UndefinedColumn, errors.DatatypeMismatch, errors.InvalidColumnReference)


@contextmanager
def refusals(place: str, doing: str) -> Iterator[None]:
    """Turn what the server refuses in here into `StorageError`, and damage into `StateError`."""
    try:
        yield
    except psycopg.Error as error:
        if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
            raise  # a call of ours that is wrong
        raise _refusal(place, doing, error) from error


def _refusal(place: str, doing: str, error: psycopg.Error) -> PipekitError:
    said = error.diag.message_primary or _last_line(str(error)) or type(error).__name__
    if isinstance(error, _DAMAGED):
        return StateError(
            f"the database is damaged: {said}",
            file=place,
            hint="nothing was changed; bring it back from a backup",
        )
    if isinstance(error, _OTHER_TABLES):
        return StateError(
            f"its tables aren't those that pipekit made: {said}",
            file=place,
            hint="nothing was changed; bring the database back from a backup, or name another schema",
        )
    found = next((refusal for kinds, refusal in _KINDS if isinstance(error, kinds)), None)
    if found is None:
        # Who can't even connect is told so in words alone, without a code.
        is_denied = error.sqlstate is None and "authentication failed" in said
        found = _DENIED if is_denied else _GONE if isinstance(error, psycopg.OperationalError) else _OTHER
        if "too many clients" in said:
            found = _CROWDED
        if "does not exist" in said and "database" in said:
            found = _Refusal("make the database: createdb NAME", errno.ENOENT, "no-database")
    return StorageError(
        f"can't {doing} the database: {said}", path=place, errno=found.errno, kind=found.kind, hint=found.hint
    )


def _last_line(text: str) -> str:
    """The client tells of each address it tried; the last line is why it gave up."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next(
        (line for line in reversed(lines) if "failed" in line or "error" in line.lower()), lines[0] if lines else ""
    )
