"""Names inside a run's folder, the check that they stay there, and the versions of the layout."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from pipekit.errors import StateError
from pipekit.serde import JSON
from pipekit.state.record import SCHEMA

__all__ = [
    "DAMAGED",
    "HISTORY",
    "ITEMS",
    "JOURNAL",
    "LOCK",
    "OWNER",
    "SLOT",
    "STATE",
    "STEPS",
    "check_path",
    "check_schema",
    "is_forged",
    "is_forgotten",
    "is_slot",
    "is_spare",
    "migrate",
    "migrated",
]

STATE = "state.json"
JOURNAL = "journal.jsonl"
LOCK = "lock"
OWNER = "owner.json"
STEPS = "steps"
HISTORY = "history"
#: Where a repair puts what it found damaged.
DAMAGED = "damaged"
#: Files that wait for their own name begin so.
SLOT = ".slot-"
#: So do the files for what is finished inside open steps.
ITEMS = ".items-"
_FORGED = re.compile(r"\.(slot|items)-[0-9]{4}")
#: What is made later has a name that nobody can foresee; so have views that are about to replace the one there is.
_LATER = re.compile(r"\.(slot|new)-[0-9a-f]{16}")

_OURS = frozenset({STATE, JOURNAL, LOCK, OWNER})
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))})
_LONGEST = 255  # bytes, on every system that we know of


def is_spare(name: str) -> bool:
    """Whether a name is one that the store gives files until they have their own: a slot's, or a view's."""
    return (is_slot(name) and is_forged(name)) or _LATER.fullmatch(name) is not None


def is_forged(name: str) -> bool:
    """Whether a file was made together with its run, so that its name is safe from power cuts."""
    return _FORGED.fullmatch(name) is not None


def is_forgotten(path: str, oldest: int) -> bool:
    """Whether a path lies in the history, in a folder before the oldest that is kept."""
    first, _, rest = path.partition("/")
    number = rest.partition("/")[0]
    return first == HISTORY and number.isdecimal() and int(number) < oldest


def is_slot(name: str) -> bool:
    """Whether a name is that of a file that waits for its own."""
    return name.startswith(SLOT)


@lru_cache(maxsize=4096)
def check_path(path: str, *, slot: bool = False) -> tuple[str, ...]:
    """The parts of a path inside a run, or `StateError` when it could lead elsewhere or onto a file of the store.

    With ``slot`` the last part must be a slot's name, else none may begin with a dot.
    """
    parts = tuple(path.split("/"))
    faults = (_fault(part, hidden=slot and place == len(parts)) for place, part in enumerate(parts, start=1))
    fault = next((fault for fault in faults if fault), None)
    if fault is None and slot and not is_slot(parts[-1]):
        fault = "is no slot"
    if fault is None and (len(parts) < 2 or parts[0].lower() in _OURS):
        fault = "is not in one of the run's folders"
    if fault is not None:
        raise StateError(f"not a path inside a run, it {fault}: {path[:120]!a}", kind="path", hint=_PATH_HINT)
    return parts


_PATH_HINT = "paths look like steps/step-1.json: names between slashes, without .., drive letters or leading dots"


def _fault(part: str, *, hidden: bool) -> str | None:
    if not part:
        return "has an empty part"
    if part.startswith(".") and not hidden:
        return "has a part that begins with a dot"
    if part[-1] in ". ":
        return "has a part that ends with a dot or a space"
    if any(char in '\\:*?"<>|' or ord(char) < 32 or ord(char) == 127 for char in part):
        return "holds a character that not every system takes"
    if part.split(".")[0].strip().lower() in _DEVICES:
        return "names a device"
    try:
        if len(part.encode()) > _LONGEST:
            return "has too long a part"
    except UnicodeEncodeError:
        return "holds a lone surrogate"
    return None


def check_schema(schema: object, *, file: str, version: object = None) -> int:
    """``schema`` if this pipekit can read it, else `StateError`; ``version`` is the pipekit that wrote the file."""
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 0:
        raise StateError(
            f"no version of the layout: {ascii(schema)[:40]}",
            file=file,
            expected=f"0 to {SCHEMA}",
            found=ascii(schema)[:40],
        )
    if schema > SCHEMA:
        wrote = (
            f"written by pipekit ≥ {version}" if isinstance(version, str) and version else "written by a newer pipekit"
        )
        raise StateError(
            f"{wrote} (layout {schema}, this one reads up to {SCHEMA})",
            file=file,
            expected=str(SCHEMA),
            found=str(schema),
            kind="newer",
            hint="upgrade: pip install --upgrade pipekit-framework; nothing was changed",
        )
    return schema


def _from_0(record: dict[str, JSON]) -> dict[str, JSON]:
    """An invented first layout, which keeps the machinery alive: it called ``status`` ``state``."""
    migrated = {("status" if key == "state" else key): value for key, value in record.items()}
    return {**migrated, "schema": 1}


#: How a record of a layout becomes one of the next.
_MIGRATIONS: Mapping[int, Callable[[dict[str, JSON]], dict[str, JSON]]] = {0: _from_0}


def migrate(record: dict[str, JSON], schema: int) -> dict[str, JSON]:
    """A record of an older layout as one of today's, in memory."""
    for version in range(schema, SCHEMA):
        record = _MIGRATIONS[version](record)
    return record


def migrated(record: Mapping[str, JSON], *, file: str) -> dict[str, JSON]:
    """The JSON of a record as one of today's, by the layout that it says it has; `StateError` for a newer one."""
    schema = check_schema(record.get("schema"), file=file, version=record.get("pipekitVersion"))
    return migrate(dict(record), schema)
