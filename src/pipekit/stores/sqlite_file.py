"""Many runs in one SQLite file (``sqlite:runs.db``), with what every store promises."""

from __future__ import annotations

from pipekit.interfaces.state_stores import StoreURL
from pipekit.interfaces.steps import settings
from pipekit.stores.lock_files import LockFiles
from pipekit.stores.relational import RelationalStore

__all__ = ["SqliteSettings", "SqliteStore"]


@settings
class SqliteSettings:
    """``lockTimeout``: how many seconds to wait for another program that has the database locked."""

    lock_timeout: float = 30.0


class SqliteStore(RelationalStore):
    """A file of runs. Locks that say who works on a run lie in the folder beside it whose name ends in ``-locks``."""

    def __init__(self, url: StoreURL, settings: SqliteSettings) -> None:
        from pipekit.stores.sqlite_database import SqliteDatabase  # with sqlite3, which other stores do without

        path = url.path.resolve()
        locks = path.with_name(f"{path.name}-locks")
        super().__init__(SqliteDatabase(path, locks, patience=settings.lock_timeout), LockFiles(locks))
