"""A lock for each run that somebody works on: PostgreSQL's advisory locks, which end with their connection.

A process holds all of its locks over one connection, and who of its own threads has what it knows itself. When that
connection breaks, the server has given its locks to whoever asks: the next look takes them anew, and a run that
somebody else got meanwhile isn't ours any more. What was superseded without noticing is refused by its epoch.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import Connection

from pipekit.interfaces import Owner
from pipekit.stores import busy, named_owner
from pipekit_postgres.refusals import refusals
from pipekit_postgres.tables import key_of

__all__ = ["AdvisoryLocks"]

_HELD = """
    SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND ((classid::bigint << 32) | objid::bigint) = %s
"""


class AdvisoryHold:
    """A run's lock, held until it is given back."""

    def __init__(self, locks: AdvisoryLocks, run_id: str) -> None:
        self._locks = locks
        self._run_id = run_id

    def is_ours(self) -> bool:
        """Whether nobody else can have the run; `StorageError` while the server can't be asked."""
        return self._locks.keeps(self._run_id, self)

    def release(self) -> None:
        """Give it back; again does nothing."""
        self._locks.give_back(self._run_id, self)


class AdvisoryLocks:
    """The locks of one store in this process."""

    def __init__(self, connect: Callable[[], Connection[Any]], place: str, schema: str) -> None:
        self._connect = connect
        self._place = place
        self._schema = schema
        self._mutex = threading.RLock()
        self._connection: Connection[Any] | None = None
        self._held: dict[str, AdvisoryHold] = {}
        self._pid = os.getpid()
        #: Another process's connection: neither used nor closed.
        self._inherited: list[object] = []

    def __del__(self) -> None:
        with suppress(Exception):
            self.close(by_force=True)  # every hold has this object: there is none left

    def take(self, run_id: str, noted: Callable[[], Owner | None]) -> AdvisoryHold:
        """The lock of a run; `RunBusyError`, with the owner that is ``noted``, where somebody else has it."""
        with self._mutex, refusals(self._place, "lock a run in"):
            connection = self._connected()
            if run_id not in self._held and self._try(connection, run_id):
                hold = self._held[run_id] = AdvisoryHold(self, run_id)
                return hold
        raise busy(run_id, named_owner(noted))

    def is_held(self, run_id: str) -> bool:
        """Whether somebody has the lock of a run; asking takes it from nobody."""
        with self._mutex, refusals(self._place, "look at a lock in"):
            connection = self._connected()
            return connection.execute(_HELD, (self._key(run_id),)).fetchone() is not None

    def keeps(self, run_id: str, hold: AdvisoryHold) -> bool:
        """Whether a hold is still the one that has the run."""
        with self._mutex, refusals(self._place, "look at a lock in"):
            self._connected()
            return self._held.get(run_id) is hold

    def give_back(self, run_id: str, hold: AdvisoryHold) -> None:
        """Release the lock of a hold, where it still has one."""
        with self._mutex:
            if self._held.get(run_id) is not hold or self._pid != os.getpid():
                return
            del self._held[run_id]
            with suppress(psycopg.Error):  # a connection that broke holds nothing
                if self._connection is not None and not self._connection.closed:
                    self._connection.execute("SELECT pg_advisory_unlock(%s)", (self._key(run_id),))

    def close(self, *, by_force: bool = False) -> None:
        """Close the connection, unless a run is held over it."""
        with self._mutex:
            self._forget_inherited()
            if self._connection is not None and (by_force or not self._held):
                with suppress(psycopg.Error):
                    self._connection.close()
                self._connection = None

    # --- the connection ----------------------------------------------------------------------------------------------

    def _key(self, run_id: str) -> int:
        return key_of("run", self._schema, run_id)

    def _try(self, connection: Connection[Any], run_id: str) -> bool:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key(run_id),)).fetchone()
        return bool(row and row[0])

    def _connected(self) -> Connection[Any]:
        """The connection; a new one with the same locks, as far as they are free, where the old one broke."""
        self._forget_inherited()
        if self._connection is not None and _is_alive(self._connection):
            return self._connection
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        connection = self._connect()
        try:
            lost = [run_id for run_id in self._held if not self._try(connection, run_id)]
        except BaseException:
            connection.close()
            raise
        for run_id in lost:
            del self._held[run_id]
        self._connection = connection
        return connection

    def _forget_inherited(self) -> None:
        if self._pid != os.getpid():
            self._inherited.append((self._connection, self._held))
            self._connection, self._held, self._pid = None, {}, os.getpid()


def _is_alive(connection: Connection[Any]) -> bool:
    """Whether the other end is still there, as far as that is known without a question to it."""
    if connection.closed:
        return False
    try:
        # Whoever asks nothing is told nothing, but that the connection ends; then a question finds out.
        if select.select([connection.pgconn.socket], [], [], 0)[0]:
            connection.execute("SELECT 1")
    except (psycopg.Error, OSError, ValueError):
        return False
    return True
