"""Single items of a run as a person corrects them: found by id, changed field by field, held against their type."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from pipekit.errors import UsageError
from pipekit.history import read_step
from pipekit.interfaces.state_stores import StateStore
from pipekit.planning.plan import PlannedStep
from pipekit.serde import JSON, MisfitError, encode, structure, unstructure
from pipekit.state.record import RunRecord, StepRecord

__all__ = ["EditedStep", "edited_steps", "find_item"]


@frozen(kw_only=True)
class EditedStep:
    """A step's output with items that a person changed: its record, the bytes of its file, and what they hold."""

    step: StepRecord
    data: bytes
    content: JSON


def find_item(store: StateStore, record: RunRecord, item: str) -> tuple[StepRecord, str, Mapping[str, Any]]:
    """The step that made an item of a collection, the collection's name, and the item; `UsageError` for none."""
    return _found(record, item, lambda step: read_step(store, record, step))


def _found(
    record: RunRecord, item: str, content_of: Callable[[StepRecord], JSON]
) -> tuple[StepRecord, str, dict[str, Any]]:
    known: list[str] = []
    for step in record.step_outputs.values():
        if step.each is None:
            for name, entry in _entries(content_of(step), step):
                if entry["id"] == item:
                    return step, name, entry
                known.append(entry["id"])
    near = difflib.get_close_matches(item, known, n=1)
    raise UsageError(
        f"{record.run_id} has no item {item!r} to edit",
        kind="unknown-part",
        run_id=record.run_id,
        hint=f"did you mean {near[0]}?" if near else f"there are: {', '.join(known[:20]) or 'none yet'}",
    )


def edited_steps(
    store: StateStore, record: RunRecord, steps: Sequence[PlannedStep], edits: Mapping[str, Mapping[str, object]]
) -> Mapping[str, EditedStep]:
    """The outputs with these fields of these items changed, by step name; `UsageError` where one doesn't fit."""
    found: dict[str, EditedStep] = {}
    contents: dict[str, JSON] = {}  # read once, and changed by one edit after the other

    def content_of(step: StepRecord) -> JSON:
        if step.name not in contents:
            contents[step.name] = read_step(store, record, step)
        return contents[step.name]

    for item, fields in edits.items():
        step, _, entry = _found(record, item, content_of)
        _check_fields(record, item, entry, fields)
        entry.update({name: unstructure(value) for name, value in fields.items()})
        content = content_of(step)
        planned = next(one for one in steps if one.name == step.name)
        try:
            data = encode(content)
            structure(content, planned.signature.returns)
        except MisfitError as error:
            raise UsageError(
                f"{item} doesn't fit what {step.name} makes: {error.problems[0]}",
                kind="edit",
                run_id=record.run_id,
                step=step.name,
                hint="nothing was changed; correct the field",
            ) from error
        changed = (found[step.name].step if step.name in found else step).edited_items
        found[step.name] = EditedStep(
            step=evolve(
                step,
                sha256=hashlib.sha256(data).hexdigest(),
                size=len(data),
                made_by="human",
                edited_items=tuple(dict.fromkeys((*changed, item))),
            ),
            data=data,
            content=content,
        )
    return found


def _check_fields(record: RunRecord, item: str, entry: Mapping[str, Any], fields: Mapping[str, object]) -> None:
    for name in fields:
        if name not in entry or name == "id":
            near = difflib.get_close_matches(name, [one for one in entry if one != "id"], n=1)
            raise UsageError(
                f"{item} has no field {name!r} that can be edited",
                kind="edit",
                run_id=record.run_id,
                hint=f"did you mean {near[0]}?"
                if near
                else f"there are: {', '.join(one for one in entry if one != 'id')}",
            )


def _entries(content: JSON, step: StepRecord) -> Iterator[tuple[str, dict[str, Any]]]:
    """The items of the collections in a step's output, each with the collection's name."""
    whole = step.artifacts[0] if step.artifacts else step.name
    lists = {whole: content} if isinstance(content, list) else content if isinstance(content, dict) else {}
    for name, entries in lists.items():
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("id"), str):
                yield name, entry
