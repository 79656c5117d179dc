"""A step's output as a file and as artifacts: the shape on disk, both ways.

A plain step's file holds its value. A fanned-out step's file holds ``{"items": [{"candidateId": …, …}]}``: the item's
id under a name made from the collection's item type, then the result's own fields (``value`` for a result that is no
object), or ``itemError`` (and ``skipped``) for an item without a result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from pipekit.errors import StateError
from pipekit.secrecy import mask
from pipekit.serde import JSON, camel_case

__all__ = ["Fanned", "ItemError", "from_file", "to_file"]


@frozen
class ItemError:
    """Why an item of a fanned-out step has no result: it failed, or was ``skipped`` for lack of an input."""

    reason: str
    skipped: bool = False


@frozen
class Fanned:
    """The plain JSON results of a fanned-out step by item id, and the items without one."""

    results: Mapping[str, JSON]
    errors: Mapping[str, ItemError] = field(factory=dict)


def to_file(value: JSON | Fanned, *, id_key: str = "itemId", order: Sequence[str] = ()) -> JSON:
    """The JSON of a step's file. ``order`` gives all item ids in input order, those without a result included."""
    if not isinstance(value, Fanned):
        return value
    items = []
    for item in order or (*value.results, *value.errors):
        error = value.errors.get(item)
        if error is not None:
            items.append(
                {id_key: item, "itemError": mask(error.reason), **({"skipped": True} if error.skipped else {})}
            )
        elif _can_merge(result := value.results[item], id_key):
            items.append({id_key: item, **result})
        else:
            items.append({id_key: item, "value": result})
    return {"items": items}


def _can_merge(result: JSON, id_key: str) -> bool:
    """Whether a result's own fields can stand beside the item's id without being taken for something else."""
    return isinstance(result, dict) and set(result) != {"value"} and not {id_key, "itemError"} & set(result)


def from_file(
    content: JSON, *, provides: Sequence[str], is_whole: bool, is_fanned: bool, id_key: str = "itemId", name: str = ""
) -> dict[str, JSON | Fanned]:
    """The artifacts in a step's file, by name; `StateError` when the file hasn't the step's shape."""
    if is_fanned:
        return {provides[0]: _fanned(content, id_key, name)}
    if is_whole:
        return {provides[0]: content}
    try:
        return {artifact: content[camel_case(artifact)] for artifact in provides}
    except (KeyError, TypeError, IndexError) as error:
        raise StateError(
            f"the output of {name} lacks one of: {', '.join(provides)}", hint=f"run again with --from-step {name}"
        ) from error


def _fanned(content: JSON, id_key: str, name: str) -> Fanned:
    results: dict[str, JSON] = {}
    errors: dict[str, ItemError] = {}
    try:
        for item in content["items"]:
            rest = dict(item)
            item_id = rest.pop(id_key)
            if "itemError" in rest:
                errors[item_id] = ItemError(rest["itemError"], bool(rest.get("skipped", False)))
            else:
                results[item_id] = rest["value"] if set(rest) == {"value"} else rest
    except (KeyError, TypeError, AttributeError) as error:
        raise StateError(
            f"the output of {name} is not a list of items with {id_key!r}", hint=f"run again with --from-step {name}"
        ) from error
    return Fanned(results, errors)
