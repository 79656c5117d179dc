"""The tables, by version: what makes them, and what brings older ones up to date."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from psycopg import Connection, sql

from pipekit.errors import StateError, StorageError
from pipekit.stores import TABLES

__all__ = ["MIGRATIONS", "bring_up_to_date", "check_version", "key_of", "newer", "version_of"]

#: Ids are compared byte by byte, whatever the language of the database: they sort by the time in them.
_TYPES = {"id": 'TEXT COLLATE "C"', "bytes": "BYTEA"}
#: What leads from one version of the tables to the next: the first from none to 1. What stands here never changes.
MIGRATIONS: Sequence[Sequence[str]] = (tuple(one.format(**_TYPES) for one in TABLES),)

_VERSION = "pipekit_version"


def key_of(*words: str) -> int:
    """The number of an advisory lock; those of other programs in the same database are other numbers."""
    return int.from_bytes(sha256("\n".join(("pipekit", *words)).encode()).digest()[:8], "big", signed=True)


def version_of(connection: Connection[Any], schema: str) -> int:
    """The version of the tables in this schema, 0 where there are none. `StateError` for those of something else."""
    # Asked of the catalogue itself: what is looked up by name may be remembered from before somebody made it.
    rows = connection.execute("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = %s", (schema,))
    there = {name for (name,) in rows}
    if _VERSION in there:
        query = sql.SQL("SELECT max(version) FROM {}").format(sql.Identifier(schema, _VERSION))
        row = connection.execute(query).fetchone()
        if row and row[0]:
            return int(row[0])
    if "runs" in there or _VERSION in there:
        raise StateError(
            f"the schema {schema} has tables of something else, and stays as it is",
            kind="foreign",
            hint="name another one: store: {url: …, schema: NAME}",
        )
    return 0


def check_version(version: int, place: str) -> None:
    """`StateError` for tables of a newer pipekit."""
    if version > len(MIGRATIONS):
        raise newer(version, place)


def newer(version: int, place: str) -> StateError:
    """The error for tables that this version doesn't know."""
    return StateError(
        f"written by a newer pipekit-postgres (tables {version}, this one knows {len(MIGRATIONS)})",
        file=place,
        expected=str(len(MIGRATIONS)),
        found=str(version),
        kind="newer",
        hint="upgrade: pip install --upgrade pipekit-postgres; nothing was changed",
    )


def bring_up_to_date(connection: Connection[Any], schema: str, place: str) -> None:
    """Make the tables, or bring them up to date, in one transaction; of many who want that, one does."""
    encoding = connection.execute("SHOW server_encoding").fetchone()
    if encoding and encoding[0] != "UTF8":
        raise StorageError(
            f"the database keeps text as {encoding[0]}, which not every character fits in",
            path=place,
            hint="make one that keeps UTF-8: createdb --encoding UTF8 --template template0 NAME",
        )
    name = sql.Identifier(schema)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (key_of("tables", schema),))
        version = version_of(connection, schema)
        check_version(version, place)
        if version == len(MIGRATIONS):
            return
        if version == 0:
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
            table = sql.Identifier(schema, _VERSION)
            connection.execute(sql.SQL("CREATE TABLE {} (version INTEGER NOT NULL)").format(table))
        connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(name))
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement.encode())
        connection.execute(
            sql.SQL("INSERT INTO {} VALUES (%s)").format(sql.Identifier(schema, _VERSION)), (len(MIGRATIONS),)
        )
