"""Transactions in PostgreSQL, over connections that threads take turns with.

A transaction that was committed is on the server's disk: ``synchronous_commit`` is on for each of them, whatever the
server's default is. A connection is kept for the next transaction; one that broke while nobody used it is noticed when
the next one begins, before anything depends on it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import Connection, sql

from pipekit_postgres.address import Address
from pipekit_postgres.refusals import refusals
from pipekit_postgres.tables import MIGRATIONS, bring_up_to_date, check_version, newer, version_of

if TYPE_CHECKING:
    from pipekit_postgres.store import PostgresSettings

__all__ = ["PostgresDatabase"]

#: Begin, and look at the version of the tables at the same time: somebody may have brought them further meanwhile.
_BEGIN_LOOKING = b"BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SELECT 0"
_BEGIN_READING = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT max(version) FROM pipekit_version"
_BEGIN_WRITING = b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT max(version) FROM pipekit_version"


@lru_cache(maxsize=256)
def _with_places(text: str) -> bytes:
    """SQL with the driver's own mark for a value."""
    return text.replace("?", "%s").encode()


class _Session:
    """An open transaction."""

    def __init__(self, connection: Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
        return self._connection.execute(_with_places(sql), values).fetchall()

    def change(self, sql: str, *values: object) -> int:
        return self._connection.execute(_with_places(sql), values).rowcount

    def change_each(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            with self._connection.cursor() as cursor:
                cursor.executemany(_with_places(sql), rows)


class _NoTables:
    """Nothing was made yet, and so nothing is found."""

    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:  # noqa: ARG002
        return ()

    def change(self, sql: str, *values: object) -> int:  # noqa: ARG002
        return 0

    def change_each(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Nothing to change."""


class PostgresDatabase:
    """The tables in one schema of the database at ``address``."""

    def __init__(self, address: Address, settings: PostgresSettings) -> None:
        self._address = address
        self._settings = settings
        self._places = threading.BoundedSemaphore(settings.connections)
        self._mutex = threading.Lock()
        self._idle: list[Connection[tuple[Any, ...]]] = []
        self._pid = os.getpid()
        #: Copies of another process's: neither used nor closed, since their other end is not ours.
        self._inherited: list[object] = []
        self._has_tables = False

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()

    @property
    def place(self) -> str:
        """The address without a password."""
        return self._address.place

    # --- transactions ------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[_Session | _NoTables]:
        """Everything as it is at one moment; where there are no tables, of a database without runs."""
        if not self._find_tables():
            yield _NoTables()
            return
        with self._transaction(_BEGIN_READING, "read") as session:
            yield session

    @contextmanager
    def writing(self, *, make: bool = False) -> Iterator[_Session | _NoTables]:
        """A change, on the server's disk when it is left."""
        if not self._find_tables(make=make):
            yield _NoTables()  # nobody has a run in it
            return
        with self._transaction(_BEGIN_WRITING, "write") as session:
            yield session

    @contextmanager
    def _transaction(self, begin: bytes, doing: str) -> Iterator[_Session]:
        with self._places, refusals(self.place, doing):
            connection = self._begun(begin)
            try:
                yield _Session(connection)
                connection.execute(b"COMMIT")
            except BaseException:
                self._take_back(connection)
                raise
            self._give_back(connection)

    def _take_back(self, connection: Connection[tuple[Any, ...]]) -> None:
        """Undo what was begun; with a connection that can't do even that nothing was kept."""
        try:
            connection.execute(b"ROLLBACK")
        except BaseException:  # noqa: BLE001 - what went wrong first is told
            connection.close()
        else:
            self._give_back(connection)

    def _begun(self, begin: bytes) -> Connection[tuple[Any, ...]]:
        """A connection with an open transaction; those that broke while they were idle are left behind."""
        while (connection := self._taken()) is not None:
            try:
                self._begin(connection, begin)
            except psycopg.OperationalError:
                connection.close()
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        connection = self.connect()
        try:
            self._begin(connection, begin)
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self, connection: Connection[tuple[Any, ...]], begin: bytes) -> None:
        cursor = connection.execute(begin)
        cursor.nextset()
        row = cursor.fetchone()
        if row and row[0] and row[0] > len(MIGRATIONS):
            raise newer(row[0], self.place)

    def _find_tables(self, *, make: bool = False) -> bool:
        """Whether there are tables, of this version now."""
        if self._has_tables:
            return True
        with self._places, refusals(self.place, "open"):
            connection = self._begun(_BEGIN_LOOKING)
            try:
                version = version_of(connection, self._settings.schema)
                connection.execute(b"COMMIT")
                check_version(version, self.place)
                if (version or make) and version < len(MIGRATIONS):
                    bring_up_to_date(connection, self._settings.schema, self.place)
                    version = len(MIGRATIONS)
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)
            self._has_tables = bool(version)
            return self._has_tables

    # --- connections -------------------------------------------------------------------------------------------------

    def connect(self) -> Connection[tuple[Any, ...]]:
        """A new connection, set up."""
        settings = self._settings
        with refusals(self.place, "reach"):
            connection = psycopg.connect(
                self._address.conninfo,
                autocommit=True,
                prepare_threshold=None,  # prepared statements don't get on with poolers between
                connect_timeout=settings.connect_timeout,
                client_encoding="utf8",
                application_name="pipekit",
            )
            try:
                connection.execute(sql.SQL("; ").join(self._settings_of_a_connection()))
            except BaseException:
                connection.close()
                raise
        return connection

    def _settings_of_a_connection(self) -> Iterator[sql.Composable]:
        """What is set at its beginning, in one message."""
        for name, value in (
            ("search_path", self._settings.schema),
            ("synchronous_commit", "on"),
            ("lock_timeout", f"{max(1, round(self._settings.lock_timeout * 1000))}ms"),
            # A machine that vanished gives its locks back within a minute and a half.
            ("tcp_keepalives_idle", "30"),
            ("tcp_keepalives_interval", "10"),
            ("tcp_keepalives_count", "5"),
        ):
            yield sql.SQL("SET {} TO {}").format(sql.Identifier(name), sql.Literal(value))

    def _taken(self) -> Connection[tuple[Any, ...]] | None:
        with self._mutex:
            self._forget_inherited()
            return self._idle.pop() if self._idle else None

    def _give_back(self, connection: Connection[tuple[Any, ...]]) -> None:
        with self._mutex:
            self._forget_inherited()
            if not connection.closed:
                self._idle.append(connection)

    def _forget_inherited(self) -> None:
        if self._pid != os.getpid():
            self._inherited.append(self._idle)
            self._idle, self._pid = [], os.getpid()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._mutex:
            self._forget_inherited()
            idle, self._idle = self._idle, []
        for connection in idle:
            with suppress(psycopg.Error):
                connection.close()
