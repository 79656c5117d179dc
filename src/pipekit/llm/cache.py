"""The cache of replies that all runs of a user share, when ``llm.cache`` is on: one SQLite file."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from pathlib import Path

from attrs import evolve

from pipekit.config.user_folders import user_folder
from pipekit.llm.asked import Asked
from pipekit.llm.replies import Reply
from pipekit.serde import MisfitError, decode, encode, structure, unstructure

__all__ = ["ReplyCache", "cache_file"]

_LOG = logging.getLogger("pipekit.llm.cache")
#: Seconds to wait for another process that writes.
_PATIENCE = 5.0


def cache_file() -> Path:
    """Where the cache lies: in the folder that the system keeps for such things."""
    return user_folder("cache", os.environ) / "replies.sqlite"


class ReplyCache:
    """Replies by the digest of model, rendered prompt, schema and parameters. What fails here is never an error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._is_broken = False

    def find(self, asked: Asked) -> Reply | None:
        """The kept reply to the same question."""
        row = self._execute("SELECT reply FROM replies WHERE asked = ?", (asked.digest,))
        if row is None:
            return None
        try:
            return structure(decode(row[0]), Reply)
        except MisfitError:
            return None  # written by another version: asked anew, and written over

    def keep(self, asked: Asked, reply: Reply) -> None:
        """Keep a reply that can be of use again; what was cut off or declined can't."""
        if reply.problem is None:
            text = encode(unstructure(evolve(reply))).decode()
            self._execute("INSERT OR REPLACE INTO replies (asked, reply) VALUES (?, ?)", (asked.digest, text))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _execute(self, statement: str, values: tuple[str, ...]) -> tuple[str] | None:
        with self._lock:
            if self._is_broken:
                return None
            try:
                connection = self._opened()
                with connection:
                    row: tuple[str] | None = connection.execute(statement, values).fetchone()
                return row
            except (sqlite3.Error, OSError) as error:
                self._is_broken = True
                _LOG.warning("the cache of replies can't be used (%s): %s", self._path, error)
                return None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            connection = sqlite3.connect(self._path, timeout=_PATIENCE, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS replies (asked TEXT PRIMARY KEY, reply TEXT NOT NULL)")
            self._connection = connection
        return self._connection
