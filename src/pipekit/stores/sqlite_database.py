"""A SQLite file: made whole, opened by as many threads and processes as like, each change forced to the disk.

The write-ahead log with ``synchronous=FULL`` keeps every committed transaction through a power cut. A connection is
used by one thread at a time and kept for the next one. The file is looked at before each use: one that was removed,
moved or replaced while it was open takes nothing more, since nobody would find it there.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipekit.errors import StateError, StorageError
from pipekit.stores import atomic
from pipekit.stores.atomic import Folder, force_names, make_folders, spare_name
from pipekit.stores.locks import lock_file, unlock_file
from pipekit.stores.relational_rows import TABLES
from pipekit.stores.sqlite_refusals import refusals

__all__ = ["SqliteDatabase"]

#: Says that a SQLite file is one of ours ("Pkit"), and the version of its tables.
_APPLICATION, _VERSION = 0x506B6974, 1
_TYPES = {"id": "TEXT", "bytes": "BLOB"}
_STATEMENTS = tuple(one.format(**_TYPES) for one in TABLES)
#: The lock that whoever makes the file has; no run's lock has this name.
_MAKING = ".making"


class _Session:
    """An open transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def change(self, sql: str, *values: object) -> int:
        return self._connection.execute(sql, values).rowcount

    def change_each(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        self._connection.executemany(sql, rows)


class SqliteDatabase:
    """The file at ``path``; whoever finds it locked waits ``patience`` seconds at most."""

    def __init__(self, path: Path, locks: Path, *, patience: float) -> None:
        self.path = path
        self._locks = locks
        self._patience = patience
        self._mutex = threading.Lock()
        #: Connections that nobody uses now, each with the file that it has open; those of this process.
        self._idle: list[tuple[sqlite3.Connection, tuple[int, int]]] = []
        self._pid = os.getpid()
        #: The file whose name this process has forced.
        self._named: tuple[int, int] | None = None
        #: Copies of another process's: neither used nor closed, since closing one could touch what is not ours.
        self._inherited: list[object] = []

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    # --- transactions ------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[_Session]:
        """Everything as it is at one moment; where there is no file, of a database without runs."""
        if self._state() is None:
            with refusals(self.path, "read"):
                empty = _connected(":memory:", self._patience)
                try:
                    _make_tables(empty)
                    yield _Session(empty)
                finally:
                    empty.close()
            return
        with self._connection() as connection, refusals(self.path, "read"):
            connection.execute("BEGIN")
            _check_version(connection, self.path)
            yield _Session(connection)
            connection.execute("COMMIT")

    @contextmanager
    def writing(self, *, make: bool = False) -> Iterator[_Session]:
        """A change, forced to the disk when it is left."""
        if self._state() is None:
            if not make:
                raise StorageError(
                    "the database is gone: " + os.strerror(errno.ENOENT),
                    path=self.place,
                    errno=errno.ENOENT,
                    hint="bring it back to this place, then go on",
                )
            self._make()
        self._force_name()
        with self._connection() as connection, refusals(self.path, "write"):
            connection.execute("BEGIN IMMEDIATE")
            _check_version(connection, self.path)
            yield _Session(connection)
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for this thread; one with which something went wrong isn't used again."""
        with self._mutex:
            if self._pid != os.getpid():
                self._inherited.append(self._idle)
                self._idle, self._pid = [], os.getpid()
            kept = self._idle.pop() if self._idle else None
        connection, opened = kept or (None, None)
        if connection is not None and opened != self._state():
            connection.close()
            connection = None
        if connection is None:
            connection, opened = self._open()
        try:
            yield connection
        except BaseException:
            with suppress(sqlite3.Error):
                connection.close()  # takes back what was begun
            raise
        assert opened is not None
        with self._mutex:
            self._idle.append((connection, opened))

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._mutex:
            idle, self._idle = self._idle, []
        if self._pid == os.getpid():
            for connection, _ in idle:
                with suppress(sqlite3.Error):
                    connection.close()

    # --- the file ----------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[int, int] | None:
        """Which file there is now; an empty one counts as none. `StorageError` where no file can be.

        Nothing else may ever have a database put in its place: not a device, a pipe or a folder.
        """
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StorageError(
                f"can't look at: {error.strerror}", path=self.place, errno=error.errno, hint="see to the cause"
            ) from error
        if not stat.S_ISREG(found.st_mode):
            is_folder = stat.S_ISDIR(found.st_mode)
            raise StorageError(
                "is a folder, and no file for a database" if is_folder else "is no plain file, and stays as it is",
                path=self.place,
                errno=errno.EISDIR if is_folder else errno.EINVAL,
                hint="name a file: store: sqlite:runs.db",
            )
        return (found.st_dev, found.st_ino) if found.st_size else None

    def _open(self) -> tuple[sqlite3.Connection, tuple[int, int]]:
        with refusals(self.path, "open"):
            opened = self._state() or (0, 0)
            address = f"file:{quote(str(self.path))}"
            # What can't be written, folder and all, is read as it is: nobody changes it meanwhile.
            is_fixed = not os.access(self.path.parent, os.W_OK) and not _is_filled(f"{self.path}-wal")
            connection = _connected(
                f"{address}?mode=ro&immutable=1" if is_fixed else f"{address}?mode=rw", self._patience
            )
            try:
                _check_tables(connection, self.path)
                mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
                connection.execute(f"PRAGMA synchronous = {'FULL' if mode == 'wal' else 'EXTRA'}")
            except BaseException:
                connection.close()
                raise
        return connection, opened

    def _make(self) -> None:
        """Make the file under another name, whole, before it gets its own; of many who want that, one does."""
        make_folders(self.path.parent)
        make_folders(self._locks)
        with Folder(self._locks) as locks, Folder(self.path.parent, follow=True) as folder:
            deadline = time.monotonic() + self._patience
            while (lock := lock_file(locks, _MAKING)) is None:
                if time.monotonic() > deadline:
                    raise StorageError("another process is making it and doesn't end", path=self.place, kind="locked")
                time.sleep(0.01)
            try:
                if self._state() is None:
                    self._forge(folder)
            finally:
                locks.remove(_MAKING)
                unlock_file(lock)

    def _force_name(self) -> None:
        """Whoever made the file may have died before forcing its name; what is done from here on must not go too."""
        found = self._state()
        if found != self._named:
            with Folder(self.path.parent, follow=True) as folder:
                folder.force()
            force_names(self.path.parent)
            self._named = found

    def _forge(self, folder: Folder) -> None:
        begins = f".{self.path.name}-new"
        for left in folder.names():
            if left.startswith(begins):
                folder.remove(left)  # by one that was killed
        spare = f"{begins}{spare_name('')}"
        folder.create(spare)  # readable for its owner only, and so will be what lies beside it
        with refusals(self.path, "make"):
            connection = _connected(f"file:{quote(str(folder.path / spare))}?mode=rw", self._patience)
            try:
                _make_tables(connection)
                connection.execute("PRAGMA journal_mode = WAL")
            finally:
                connection.close()
        fd = folder.open_to_append(spare)
        try:
            atomic.system.sync(fd)
        finally:
            os.close(fd)
        folder.move(spare, self.path.name)


def _connected(address: str, patience: float) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None, check_same_thread=False)
    # A file that was received runs nothing of its own when it is read.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    if sys.platform == "darwin":
        connection.execute("PRAGMA fullfsync = ON")  # fsync alone leaves the bytes in the drive's cache there
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
    return connection


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in _STATEMENTS:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")


def _check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """`StateError` unless the file is one of ours, of this version, with our tables and nothing else."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != _APPLICATION:
        raise StateError(
            "is a database of something else, and stays as it is",
            file=str(path),
            kind="foreign",
            hint="name another file: store: sqlite:runs.db",
        )
    _check_version(connection, path)
    found = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")}
    if found != set(_STATEMENTS):
        raise StateError(
            "its tables aren't those that pipekit made",
            file=str(path),
            hint="nothing was changed; bring the database back from a backup, or name another file: store: sqlite:FILE",
        )


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    """`StateError` for tables of a newer pipekit; it may have brought them further since the file was opened."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise StateError(
            f"written by a newer pipekit (tables {version}, this one knows {_VERSION})",
            file=str(path),
            expected=str(_VERSION),
            found=str(version),
            kind="newer",
            hint="upgrade: pip install --upgrade pipekit-framework; nothing was changed",
        )


def _is_filled(path: str) -> bool:
    try:
        return Path(path).stat().st_size > 0
    except OSError:
        return False
