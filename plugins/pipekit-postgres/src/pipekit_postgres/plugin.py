"""The hook. The store is imported inside it, so that an installed plugin costs nothing until it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipekit import hookimpl

if TYPE_CHECKING:
    from pipekit.hookspecs import Factory

pipekit_api = 1


@hookimpl
def pipekit_state_stores() -> Mapping[str, Factory]:
    """``postgresql`` and ``postgres``: both are how such addresses begin."""
    from pipekit_postgres.store import PostgresStore

    return {"postgresql": PostgresStore, "postgres": PostgresStore}
