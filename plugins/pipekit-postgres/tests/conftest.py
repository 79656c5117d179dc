"""One server for all tests of a process, started when the first of them needs it, and a schema for each test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipekit_postgres.store import PostgresSettings, PostgresStore
from wirekit.postgres import PASSWORD, OpenPostgres, Server, served

from pipekit.interfaces import StoreURL

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    yield from served()


@pytest.fixture
def schema() -> str:
    return f"test_{os.getpid()}_{next(_NUMBERS)}"


@pytest.fixture
def open_postgres(server: Server, schema: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPostgres]:
    """Opens the store of this test again, as another process would."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    opened: list[PostgresStore] = []

    def open_(address: str = "", **settings: object) -> PostgresStore:
        scheme, _, location = (address or server.address()).partition(":")
        given = PostgresSettings(**{"schema": schema, "connections": 2, **settings})  # type: ignore[arg-type]
        opened.append(PostgresStore(StoreURL(scheme, location, Path.cwd()), given))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()
