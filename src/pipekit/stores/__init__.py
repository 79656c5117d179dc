"""Where runs are kept, and what whoever writes another store can take from here.

The rules are the same for every store, and are kept here once: what a commit moves and closes, what is refused, what a
listing shows, who holds a run. `RelationalStore` is a whole store for a database that gives it transactions and locks.
Names are resolved on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipekit.lazy import on_first_use

if TYPE_CHECKING:
    from pipekit.state.ids import check_run_id, is_valid_id
    from pipekit.stores.atomic import Folder, make_folders
    from pipekit.stores.changes import Change, change, check_blobs, json_of, read_source
    from pipekit.stores.layout import check_path, migrated
    from pipekit.stores.listing import summary, unreadable
    from pipekit.stores.lock_files import HeldFile, LockFiles
    from pipekit.stores.locks import busy, named_owner
    from pipekit.stores.relational import Database, Hold, Locks, RelationalStore, Session
    from pipekit.stores.relational_rows import TABLES
    from pipekit.stores.run_errors import about, not_there, taken

_HOMES = {
    "TABLES": "pipekit.stores.relational_rows",
    "Change": "pipekit.stores.changes",
    "Database": "pipekit.stores.relational",
    "Folder": "pipekit.stores.atomic",
    "HeldFile": "pipekit.stores.lock_files",
    "Hold": "pipekit.stores.relational",
    "LockFiles": "pipekit.stores.lock_files",
    "Locks": "pipekit.stores.relational",
    "RelationalStore": "pipekit.stores.relational",
    "Session": "pipekit.stores.relational",
    "about": "pipekit.stores.run_errors",
    "busy": "pipekit.stores.locks",
    "change": "pipekit.stores.changes",
    "check_blobs": "pipekit.stores.changes",
    "check_path": "pipekit.stores.layout",
    "check_run_id": "pipekit.state.ids",
    "is_valid_id": "pipekit.state.ids",
    "json_of": "pipekit.stores.changes",
    "make_folders": "pipekit.stores.atomic",
    "migrated": "pipekit.stores.layout",
    "named_owner": "pipekit.stores.locks",
    "not_there": "pipekit.stores.run_errors",
    "read_source": "pipekit.stores.changes",
    "summary": "pipekit.stores.listing",
    "taken": "pipekit.stores.run_errors",
    "unreadable": "pipekit.stores.listing",
}

__all__ = [
    "TABLES",
    "Change",
    "Database",
    "Folder",
    "HeldFile",
    "Hold",
    "LockFiles",
    "Locks",
    "RelationalStore",
    "Session",
    "about",
    "busy",
    "change",
    "check_blobs",
    "check_path",
    "check_run_id",
    "is_valid_id",
    "json_of",
    "make_folders",
    "migrated",
    "named_owner",
    "not_there",
    "read_source",
    "summary",
    "taken",
    "unreadable",
]

__getattr__, __dir__ = on_first_use(__name__, _HOMES)
