"""``state.json``: the readable view of a run's record, with its place in the journal and its own checksum.

The journal is the truth. A view that a power cut left half written is made again from it; one that is whole and
doesn't fit its checksum was changed by somebody, and that is said.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from attrs import frozen

from pipekit.errors import StateError
from pipekit.serde import JSON
from pipekit.stores.layout import check_schema

__all__ = ["View", "parse_view", "render_view"]

_TRAILER = re.compile(rb',\s*"checksum":\s*"([^"]{0,100})"\s*\}\s*\Z')


@frozen
class View:
    """What ``state.json`` says: the record's JSON in its layout, and how many bytes of the journal it stands for."""

    record: dict[str, JSON]
    schema: int
    journal_size: int


def render_view(record: Mapping[str, JSON], *, journal_size: int) -> bytes:
    """The bytes of ``state.json``: a line for each field, and for each step among ``stepOutputs``."""
    lines = ",\n".join(f"{_text(key)}: {_field(key, value)}" for key, value in record.items())
    head = f'{{\n{lines},\n"journalSize": {journal_size}'.encode()
    return head + b',\n"checksum": "' + hashlib.sha256(head).hexdigest().encode() + b'"\n}\n'


def _field(key: str, value: JSON) -> str:
    if key != "stepOutputs" or not value:
        return _text(value)
    steps = ",\n".join(f" {_text(name)}: {_text(step)}" for name, step in value.items())
    return f"{{\n{steps}\n}}"


def _text(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def parse_view(data: bytes, *, file: str, run_id: str) -> View | None:
    """What the bytes say, None when they were cut; `StateError` when they were changed or are of a newer layout."""
    trailer = _TRAILER.search(data, max(0, len(data) - 300))
    content = _content(data)
    schema = 0
    if content is not None:
        # First of all: a newer layout may have other rules for everything else.
        schema = check_schema(content.get("schema"), file=file, version=content.get("pipekitVersion"))
    elif trailer is None or b"\0" in data:
        return None
    head = data[: trailer.start()] if trailer else data
    found = hashlib.sha256(head).hexdigest()
    expected = trailer.group(1).decode("ascii", "replace") if trailer else "no checksum"
    if content is None or found != expected:
        raise _changed(file, run_id, expected, found)
    try:
        if content.pop("runId") != run_id:
            raise _changed(file, run_id, run_id, "the record of another run")
        size = int(content.pop("journalSize"))
        del content["checksum"]
    except (KeyError, ValueError, TypeError) as error:
        raise _changed(file, run_id, "a record", f"{type(error).__name__}: {error}") from error
    return View({"runId": run_id, **content}, schema, size)


def _content(data: bytes) -> dict[str, JSON] | None:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _changed(file: str, run_id: str, expected: str, found: str) -> StateError:
    return StateError(
        "the record was changed since it was written",
        file=file,
        expected=expected,
        found=found,
        run_id=run_id,
        hint=f"nothing was changed; it can be made again from the journal: pipekit repair {run_id}",
    )
