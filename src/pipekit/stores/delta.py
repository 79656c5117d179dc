"""What changed between two records, as JSON that costs what changed and not what a record is.

A difference holds ``set`` (fields with their new value), ``lists`` (fields with the number of items kept from the
front, and the items after them), ``steps`` (new and changed entries of ``stepOutputs``) and ``removed`` (their keys
that are gone). Parts without content are left out.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import attrs

from pipekit.serde import JSON, camel_case, unstructure
from pipekit.state.record import BlobRef, InputRef, RunRecord, StepRecord

__all__ = ["apply", "changed_steps", "difference", "files_of", "files_taken_back"]

Ref = StepRecord | BlobRef | InputRef

_FIELDS = tuple(
    (field.name, camel_case(field.name)) for field in attrs.fields(RunRecord) if field.name != "step_outputs"
)


def difference(before: RunRecord, after: RunRecord) -> dict[str, JSON]:
    """What turns the JSON of ``before`` into that of ``after``."""
    changed: dict[str, JSON] = {}
    lists: dict[str, JSON] = {}
    for name, key in _FIELDS:
        old, new = getattr(before, name), getattr(after, name)
        if old is new or old == new:
            continue
        if isinstance(old, tuple) and isinstance(new, tuple):
            kept = _kept(old, new)
            lists[key] = [kept, unstructure(new[kept:])]
        else:
            changed[key] = unstructure(new)
    steps = {key: unstructure(step) for key, step in changed_steps(before, after).items()}
    removed = [key for key in before.step_outputs if key not in after.step_outputs]
    parts = {"set": changed, "lists": lists, "steps": steps, "removed": removed}
    return {key: part for key, part in parts.items() if part}


def changed_steps(before: RunRecord, after: RunRecord) -> dict[str, StepRecord]:
    """The finished steps that are new or other than before, by key.

    A commit changes one step of many, and hands the others on as they are: these cost no comparison.
    """
    return {
        key: step
        for key, step in after.step_outputs.items()
        if (old := before.step_outputs.get(key)) is not step and old != step
    }


def _kept(old: Sequence[object], new: Sequence[object]) -> int:
    return next(
        (index for index, (one, other) in enumerate(zip(old, new, strict=False)) if one != other),
        min(len(old), len(new)),
    )


def apply(record: Mapping[str, JSON], change: Mapping[str, JSON]) -> dict[str, JSON]:
    """The JSON of a record after a difference; what is no difference raises KeyError, TypeError or ValueError."""
    result = {**record, **change.get("set", {})}
    for key, (kept, added) in change.get("lists", {}).items():
        result[key] = [*result[key][:kept], *added]
    if "steps" in change or "removed" in change:
        outputs = dict(result["stepOutputs"])
        for key in change.get("removed", ()):
            del outputs[key]
        outputs.update(change.get("steps", {}))
        result["stepOutputs"] = outputs
    return result


def files_of(record: RunRecord, *, among: Container[str] | None = None) -> dict[str, str]:
    """The files that a record names, each with its digest; with ``among`` those of these paths."""
    return {ref.path: ref.sha256 for ref in _refs(record) if among is None or ref.path in among}


def files_taken_back(before: RunRecord, after: RunRecord) -> list[str]:
    """The files that ``before`` names and ``after`` doesn't."""
    still = {id(ref) for ref in _refs(after)}
    gone = {ref.path: None for ref in _refs(before) if id(ref) not in still}
    if gone:
        named = files_of(after)
        return [path for path in gone if path not in named]
    return []


def _refs(record: RunRecord) -> list[Ref]:
    return [*record.step_outputs.values(), *record.outputs, *((record.input,) if record.input else ())]
