"""What can still be told of a run whose journal or view is damaged."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve, field, frozen

from pipekit.errors import StateError
from pipekit.interfaces.state_stores import Entry
from pipekit.serde import JSON, MisfitError, decode, structure
from pipekit.state.record import RunRecord, StepRecord
from pipekit.stores.delta import apply
from pipekit.stores.layout import check_schema, migrate
from pipekit.stores.lines import BadLineError, whole_lines
from pipekit.stores.view import View

__all__ = ["Salvaged", "best_record", "salvage"]


@frozen(kw_only=True)
class Salvaged:
    """What the whole lines of a damaged journal say: the record they lead to, entries that stay, the highest epoch."""

    record: RunRecord | None = None
    entries: tuple[Entry, ...] = ()
    epoch: int = 0
    bad: int = field(default=0)


def salvage(data: bytes, run_id: str) -> Salvaged:
    """Read a journal past its bad lines. A change that doesn't fit what is known by then is passed over."""
    record: dict[str, JSON] | None = None
    entries: list[Entry] = []
    epoch, schema, bad = 0, 0, 0
    for text in data.split(b"\n"):
        if not text:
            continue
        body = _body(text)
        if body is None or body.get("run") != run_id:
            bad += 1
            continue
        try:
            epoch = max(epoch, int(body["epoch"]))
            if "schema" in body:
                schema = check_schema(body["schema"], file="journal.jsonl")
            match body["kind"]:
                case "header":
                    record = dict(body["record"])
                case "commit" | "replaced" if record is not None:
                    record = dict(body["record"]) if "record" in body else apply(record, body)
                case "entries":
                    entries.extend(structure(body["entries"], tuple[Entry, ...]))
        except (MisfitError, KeyError, TypeError, ValueError, AttributeError):
            bad += 1
    return Salvaged(record=_structured(record, schema), entries=tuple(entries), epoch=epoch, bad=bad)


def _body(text: bytes) -> dict[str, JSON] | None:
    try:
        for whole, _ in whole_lines(text + b"\n"):
            body = decode(whole)
            return body if isinstance(body, dict) else None
    except (BadLineError, MisfitError):
        return None
    return None


def _structured(record: dict[str, JSON] | None, schema: int) -> RunRecord | None:
    if record is None:
        return None
    try:
        found: RunRecord = structure(migrate(record, schema), RunRecord)
    except (MisfitError, KeyError, StateError):
        return None
    # Lists came as differences; after a lost line only what each step itself says is certain.
    done = [key for key in found.completed_steps if str(key) in found.step_outputs]
    rest = [step.key for step in found.step_outputs.values() if step.key not in done]
    return evolve(found, completed_steps=(*dict.fromkeys(done), *rest))


def best_record(
    salvaged: RunRecord | None, view: View | None, is_there: Callable[[StepRecord], bool]
) -> RunRecord | None:
    """Of what a damaged journal and its view say, the one with more finished work whose files are really there."""
    known = [salvaged, None if view is None else _structured(dict(view.record), view.schema)]
    found = [record for record in known if record is not None]
    return max(found, key=lambda record: sum(map(is_there, record.step_outputs.values())), default=None)
