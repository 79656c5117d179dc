"""The built-in stores, registered like anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipekit.hookspecs import hookimpl

if TYPE_CHECKING:
    from pipekit.hookspecs import Factory

pipekit_api = 1


@hookimpl
def pipekit_state_stores() -> Mapping[str, Factory]:
    """``file``: a folder of JSON files; ``sqlite``: a file for many runs; ``memory``: until the process ends."""
    from pipekit.stores.json_file import JsonFileStore
    from pipekit.stores.memory import MemoryStore
    from pipekit.stores.sqlite_file import SqliteStore

    return {"file": JsonFileStore, "sqlite": SqliteStore, "memory": MemoryStore}
