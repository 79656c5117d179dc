"""Where a database is: an address as libpq takes it, and what may be said of it."""

from __future__ import annotations

from contextlib import suppress

from attrs import field, frozen

from pipekit.errors import ConfigError

__all__ = ["Address"]


@frozen
class Address:
    """``conninfo`` may hold a password and is shown to nobody; ``place`` holds none."""

    conninfo: str = field(repr=False)
    place: str

    @classmethod
    def of(cls, text: str) -> Address:
        """From ``postgresql://user@host:5432/database``; `ConfigError` for what libpq can't read.

        What isn't there is taken from libpq's own variables (``PGHOST``, ``PGUSER``, ``PGPASSWORD``, …) and files.
        """
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        parts: dict[str, str] | None = None
        with suppress(psycopg.ProgrammingError):
            parts = {name: str(value) for name, value in conninfo_to_dict(text).items()}
        if parts is None:  # told only here, since the driver's own words quote the address
            raise ConfigError(
                "no address of a PostgreSQL database",
                field="store",
                kind="bad-address",
                hint="such as postgresql://ana@db.example:5432/runs; the password comes from PGPASSWORD or ~/.pgpass",
            )
        return cls(text, _place(parts))


def _place(parts: dict[str, str]) -> str:
    user = f"{parts['user']}@" if "user" in parts else ""
    port = f":{parts['port']}" if "port" in parts else ""
    return f"postgresql://{user}{parts.get('host', '')}{port}/{parts.get('dbname', '')}"
