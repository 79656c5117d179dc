"""Many runs in a PostgreSQL database (``postgresql://USER@HOST/DATABASE``), with what every store promises."""

from __future__ import annotations

import re

from pipekit import settings
from pipekit.errors import ConfigError, PluginError
from pipekit.interfaces import StoreURL
from pipekit.stores import RelationalStore

__all__ = ["PostgresSettings", "PostgresStore"]

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@settings
class PostgresSettings:
    """The rest of the block ``store``.

    ``schema`` is the part of the database that the tables lie in; projects that share a database and not their runs
    have one each. ``connectTimeout`` and ``lockTimeout``: seconds to wait for the server, and for another transaction.
    ``connections``: how many at most this process works with at once, besides the one that holds its locks.
    """

    schema: str = "pipekit"
    connect_timeout: int = 10
    lock_timeout: float = 30.0
    connections: int = 8


class PostgresStore(RelationalStore):
    """Runs in the tables of one schema. Whoever works on a run holds an advisory lock, as long as it is connected."""

    def __init__(self, url: StoreURL, settings: PostgresSettings) -> None:
        _check(settings)
        try:
            import psycopg  # noqa: F401 - it says at once when the library of the server's makers is missing
        except ImportError as error:
            raise PluginError(
                f"the driver of PostgreSQL can't be loaded: {str(error).strip().splitlines()[0]}",
                kind="missing-driver",
                dist="pipekit-postgres",
                hint="install it: pip install 'psycopg[binary]'",
            ) from error
        from pipekit_postgres.address import Address
        from pipekit_postgres.database import PostgresDatabase
        from pipekit_postgres.locks import AdvisoryLocks

        address = Address.of(f"{url.scheme}:{url.location}")
        database = PostgresDatabase(address, settings)
        self._advisory = AdvisoryLocks(database.connect, address.place, settings.schema)
        super().__init__(database, self._advisory)

    def close(self) -> None:
        """Close the connections; the one with the locks stays while a run is held."""
        super().close()
        self._advisory.close()


def _check(settings: PostgresSettings) -> None:
    wrong = [
        ("schema", "is lower-case letters, digits and underscores", _SCHEMA.fullmatch(settings.schema) is None),
        ("connections", "is at least 1", settings.connections < 1),
        ("connectTimeout", "is at least 1 second", settings.connect_timeout < 1),
        ("lockTimeout", "is more than 0 seconds", settings.lock_timeout <= 0),
    ]
    for name, rule, is_wrong in wrong:
        if is_wrong:
            raise ConfigError(f"store.{name} {rule}", field=f"store.{name}", hint="correct the block store")
