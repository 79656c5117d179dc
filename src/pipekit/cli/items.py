"""What a run found out about its items, from plain JSON and the paths that a workflow names: no workflow is known here.

A path begins with an artifact and goes down by field: ``confidence.overallConfidence``. On the way lists are taken
apart, and ``status=fail`` keeps only the objects whose field says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pipekit.config.keys import fold_key

if TYPE_CHECKING:
    from pipekit.interfaces.output_formats import RunView
    from pipekit.interfaces.workflows import Workflow

__all__ = ["ItemTable", "find_entry", "find_items", "item_table", "item_view", "leaves", "names_step", "problems_of"]


class ItemTable(NamedTuple):
    """The items of a run with the highlights of each: ``rows`` are keyed by column title."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, object], ...]
    #: Column title → the name in JSON, the last part of its path.
    keys: Mapping[str, str]

    def to_json(self) -> list[dict[str, object]]:
        """The rows as ``--json`` gives them."""
        return [{self.keys[title]: row[title] for title in self.columns} for row in self.rows]


def names_step(text: str, name: str, key: int | str) -> bool:
    """Whether a person means this step: ``score-confidence``, ``score_confidence``, ``3``, ``step3`` or ``step-3``."""
    wanted = fold_key(text)
    return wanted in {fold_key(name), fold_key(str(key)), fold_key(f"step{key}")}


def leaves(value: Any, path: str) -> Iterator[Any]:
    """All values at a path below a JSON value."""
    head, _, rest = path.partition(".")
    if not path:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
    elif isinstance(value, Mapping):
        field, equals, wanted = head.partition("=")
        if equals:
            if str(value.get(field)) == wanted:
                yield from leaves(value, rest)
        elif field in value:
            yield from leaves(value[field], rest)


def item_table(view: RunView, workflow: Workflow | None) -> ItemTable | None:
    """The table that the workflow names, or one of ids, titles and first highlights; None without any items."""
    columns = dict(workflow.table) if workflow is not None and workflow.table else _own_columns(view)
    if not columns:
        return None
    collection = next(iter(columns.values())).partition(".")[0]
    if collection not in view.names:
        return None
    values = {name: view.value(name) for name in view.names}
    items = values[collection]
    if not isinstance(items, list):
        return None
    paths = {
        title: [one for one in path.split("|") if one.partition(".")[0] in values] for title, path in columns.items()
    }
    present = {title: found for title, found in paths.items() if found}
    rows = []
    for item in items:
        row: dict[str, object] = {}
        for title, found in present.items():
            row[title] = next((leaf for path in found for leaf in _leaves_of(item, path, collection, values)), None)
        rows.append(row)
    keys = {title: found[-1].rpartition(".")[2] for title, found in present.items()}
    return ItemTable(title=collection, columns=tuple(present), rows=tuple(rows), keys=keys)


def _leaves_of(item: Any, path: str, collection: str, values: Mapping[str, Any]) -> Iterator[Any]:
    """What a path leads to for one item of the collection."""
    artifact, _, rest = path.partition(".")
    return leaves(item if artifact == collection else _of_item(values[artifact], _id(item)), rest)


def _own_columns(view: RunView) -> dict[str, str]:
    """Columns for a workflow that names none: from the first collection that something was fanned out over."""
    fanned = [name for name in view.names if view.collection(name) is not None]
    if not fanned:
        return {}
    collection = view.collection(fanned[0]) or ""
    items = view.value(collection) if collection in view.names else None
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], Mapping) else {}
    columns = {field: f"{collection}.{field}" for field in ("id", "title", "name") if field in first}
    for name in fanned:
        result = next(iter(view.value(name).values()), None)
        if isinstance(result, Mapping):
            scalar = next((key for key, value in result.items() if isinstance(value, (str, int, float))), None)
            if scalar is not None:
                columns[f"{name} {scalar}"] = f"{name}.{scalar}"
    return columns


def _id(item: Any) -> str | None:
    found = item.get("id") if isinstance(item, Mapping) else None
    return None if found is None else str(found)


def find_entry(collection: Any, item: str) -> Any:
    """The entry of a collection that has this id, None when there is none."""
    return next((entry for entry in collection if _id(entry) == item), None)


def _of_item(value: Any, item: str | None) -> Any:
    return value.get(item) if isinstance(value, Mapping) and item is not None else None


def find_items(view: RunView) -> list[str]:
    """The ids of all items that something was fanned out over, and of the entries of lists that have one."""
    found: dict[str, None] = {}
    for name in view.names:
        value = view.value(name)
        if view.collection(name) is not None:
            found.update(dict.fromkeys(value))
        elif isinstance(value, list):
            found.update({one: None for entry in value if (one := _id(entry)) is not None})
    return list(found)


def item_view(view: RunView, item: str) -> dict[str, Any]:
    """Everything about one item, by step: its own entry, every result for it, and where else it is mentioned."""
    step_of = {name: step.name for step in view.record.step_outputs.values() for name in step.artifacts}
    results: dict[str, Any] = {}
    for name in view.names:
        value = view.value(name)
        if view.collection(name) is not None:
            about: Any = value.get(item)
        elif isinstance(value, list):
            about = find_entry(value, item)
        else:
            about = list(_mentions(value, item)) or None
        if about is not None and name in step_of:
            results[step_of[name]] = about
    return results


def _mentions(value: Any, item: str) -> Iterator[Mapping[str, Any]]:
    """The objects inside a value that name the item."""
    if isinstance(value, Mapping):
        if any(one == item for one in value.values()):
            yield value
            return
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _mentions(one, item)


def problems_of(view: RunView, workflow: Workflow | None, item: str) -> dict[str, list[Any]]:
    """What stands in the item's way, by the headings and paths that the workflow names; empty ones are left out."""
    found: dict[str, list[Any]] = {}
    for title, path in (workflow.problems if workflow is not None else {}).items():
        artifact, _, rest = path.partition(".")
        if artifact in view.names:
            about = _of_item(view.value(artifact), item)
            values = [leaf for one in leaves(about, rest) for leaf in (one if isinstance(one, list) else [one])]
            if values:
                found[title] = values
    return found
