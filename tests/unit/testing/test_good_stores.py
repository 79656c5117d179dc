"""The stores of the core pass the contract that strangers' stores pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipekit.interfaces import StateStore, StoreURL
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.memory import MemoryStore
from pipekit.stores.sqlite_file import SqliteSettings, SqliteStore
from pipekit.testing import OpenStore, StateStoreContract


class TestJsonFileStore(StateStoreContract):
    abilities = frozenset({"durable", "exclusive", "fenced", "query", "prune", "folders", "repair", "files"})

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda: JsonFileStore(StoreURL("file", ".pipeline", tmp_path))


class TestSqliteStore(StateStoreContract):
    abilities = frozenset({"durable", "exclusive", "fenced", "query", "prune", "files"})

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Iterator[OpenStore]:
        opened: list[StateStore] = []

        def open_() -> StateStore:
            opened.append(SqliteStore(StoreURL("sqlite", "kept/runs.db", tmp_path), SqliteSettings()))
            return opened[-1]

        yield open_
        for store in opened:
            store.close()


class TestMemoryStore(StateStoreContract):
    abilities = frozenset({"exclusive", "fenced", "query", "prune", "files"})

    @pytest.fixture
    def open_store(self) -> OpenStore:
        store = MemoryStore()
        return lambda: store
