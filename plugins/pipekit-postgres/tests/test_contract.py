"""The store passes the contract that every store passes."""

from __future__ import annotations

import pytest
from wirekit.postgres import OpenPostgres

from pipekit.testing import OpenStore, StateStoreContract


class TestPostgresStore(StateStoreContract):
    abilities = frozenset({"durable", "exclusive", "fenced", "query", "prune", "files"})

    @pytest.fixture
    def open_store(self, open_postgres: OpenPostgres) -> OpenStore:
        return open_postgres
