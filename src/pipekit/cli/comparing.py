"""Two runs compared by meaning: which items are new, gone, called otherwise or judged otherwise, and why.

Ids are given out anew by every run, so items are paired by what they say: the same title first, then whichever two
share most of their words. Only plain JSON and the paths that a workflow names are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from pipekit.cli.items import ItemTable, find_entry, item_table, problems_of

if TYPE_CHECKING:
    from pipekit.interfaces.output_formats import RunView
    from pipekit.interfaces.workflows import Workflow

__all__ = ["Comparison", "ItemChange", "ItemRef", "ValueChange", "compare"]

#: How much of their words two items without a common title share at least, from 0 to 1.
_ALIKE = 0.4
_WORD = re.compile(r"\w+")


@frozen
class ItemRef:
    """An item of one run."""

    id: str
    title: str


@frozen
class ValueChange:
    """A value that differs: ``name`` is a column's title or a field's path."""

    name: str
    before: object
    after: object


@frozen(kw_only=True)
class ItemChange:
    """An item that both runs have and that isn't the same in them.

    ``new_problems`` and ``solved`` are what stands in its way now and didn't before, and the other way round, by the
    headings that the workflow names.
    """

    before: ItemRef
    after: ItemRef
    values: Sequence[ValueChange] = ()
    new_problems: Mapping[str, Sequence[str]]
    solved: Mapping[str, Sequence[str]]

    @property
    def is_retitled(self) -> bool:
        """Whether the item is called otherwise."""
        return self.before.title != self.after.title


@frozen(kw_only=True)
class Comparison:
    """What differs between two runs.

    ``items`` names the collection that was compared; ``same`` counts the items without any difference. ``results`` are
    the fields that differ in what was made once for the whole run, ``models`` the steps whose model differs,
    ``missing`` the steps that only one of them has finished (``before`` or ``after`` is None for the other).
    """

    items: str
    added: Sequence[ItemRef]
    dropped: Sequence[ItemRef]
    changed: Sequence[ItemChange]
    same: int
    results: Sequence[ValueChange]
    models: Sequence[ValueChange]
    missing: Sequence[ValueChange]

    @property
    def retitled(self) -> Sequence[ItemChange]:
        """The items that are called otherwise."""
        return [change for change in self.changed if change.is_retitled]

    @property
    def is_same(self) -> bool:
        """Whether both runs say the same."""
        return not (self.added or self.dropped or self.changed or self.results or self.missing)


def compare(before: RunView, after: RunView, workflow: Workflow | None) -> Comparison:
    """What differs between two runs of one workflow."""
    old, new = item_table(before, workflow), item_table(after, workflow)
    pairs = list(_pair(_Items(before, old), _Items(after, new)))
    changed = [
        change
        for first, second in pairs
        if first is not None and second is not None
        for change in [_item_change(before, after, workflow, first, second)]
        if change.is_retitled or change.values or change.new_problems or change.solved
    ]
    ids = {first.ref.id: second.ref.id for first, second in pairs if first and second}
    table = new or old
    title = table.title if table else ""
    return Comparison(
        items=title,
        added=[second.ref for first, second in pairs if first is None and second is not None],
        dropped=[first.ref for first, second in pairs if second is None and first is not None],
        changed=changed,
        same=len(ids) - len(changed),
        results=list(
            _results(before, after, title, {one.ref.id: other.ref.id for one, other in pairs if one and other})
        ),
        models=list(_models(before, after)),
        missing=list(_missing(before, after)),
    )


# --- which items are the same -----------------------------------------------------------------------------------------


@frozen
class _Item:
    ref: ItemRef
    row: Mapping[str, object]
    words: frozenset[str]


class _Items:
    """The items of one run, with the words they are told by."""

    def __init__(self, view: RunView, table: ItemTable | None) -> None:
        self.all: list[_Item] = []
        if table is None:
            return
        own = [title for title in table.columns if title != "id"]
        for row in table.rows:
            item = str(row.get("id"))
            title = str(row.get(own[0]) if own else item)
            entry = find_entry(view.value(table.title), item)
            self.all.append(_Item(ItemRef(item, title), row, frozenset(_words(entry))))


def _words(value: Any) -> Iterator[str]:
    """The words in all texts of an item, but not in its id."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            if name != "id":
                yield from _words(below)
    elif isinstance(value, list):
        for below in value:
            yield from _words(below)
    elif isinstance(value, str):
        yield from (word for word in _WORD.findall(value.casefold()) if len(word) > 2)


def _pair(old: _Items, new: _Items) -> Iterator[tuple[_Item | None, _Item | None]]:
    """Every item of both, with its counterpart where there is one; in the order of the newer run."""
    left, right = list(old.all), list(new.all)
    found: dict[str, _Item] = {}

    def take(first: _Item, second: _Item) -> None:
        found[second.ref.id] = first
        left.remove(first)
        right.remove(second)

    for second in list(right):
        named = [one for one in left if one.ref.title.casefold() == second.ref.title.casefold()]
        if named:
            take(max(named, key=lambda one: _alike(one, second)), second)
    alike = [(_alike(one, other), one.ref.id == other.ref.id, one, other) for one in left for other in right]
    for share, _, first, second in sorted(alike, key=lambda entry: entry[:2], reverse=True):
        if share >= _ALIKE and first in left and second in right:
            take(first, second)
    for one in new.all:
        yield found.get(one.ref.id), one
    for one in left:
        yield one, None


def _alike(one: _Item, other: _Item) -> float:
    """The share of their words that two items have in common, from 0 to 1."""
    every = len(one.words | other.words)
    return len(one.words & other.words) / every if every else 0.0


# --- what differs -----------------------------------------------------------------------------------------------------


def _item_change(before: RunView, after: RunView, workflow: Workflow | None, first: _Item, second: _Item) -> ItemChange:
    both = [title for title in second.row if title in first.row and title != "id"]
    values = [
        ValueChange(title, first.row[title], second.row[title])
        for title in both[1:]
        if first.row[title] != second.row[title]
    ]
    old, new = problems_of(before, workflow, first.ref.id), problems_of(after, workflow, second.ref.id)
    return ItemChange(
        before=first.ref, after=second.ref, values=values, new_problems=_only(new, old), solved=_only(old, new)
    )


def _only(ours: Mapping[str, Sequence[Any]], theirs: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """The problems of the first that the second hasn't, by heading, as sentences."""
    found = {}
    for title, problems in ours.items():
        known = {_told(one) for one in theirs.get(title, ())}
        rest = [told for one in problems if (told := _told(one)) not in known]
        if rest:
            found[title] = rest
    return found


def _told(problem: Any) -> str:
    if isinstance(problem, Mapping):
        problem = next((text for text in problem.values() if isinstance(text, str)), "")
    return str(problem)


def _results(before: RunView, after: RunView, items: str, ids: Mapping[str, str]) -> Iterator[ValueChange]:
    """Differences in what was made once for the whole run: not the items, and no lists of files that were written.

    ``ids`` are what the items of the older run are called in the newer one.
    """
    writers = {name for step in after.record.step_outputs.values() if step.outputs for name in step.artifacts}
    for name in after.names[1:]:
        is_fanned = any(view.collection(name) for view in (before, after) if name in view.names)
        if name in before.names and name not in writers and name != items and not is_fanned:
            yield from _fields(_renamed(before.value(name), ids), after.value(name), name)


def _renamed(value: Any, ids: Mapping[str, str]) -> Any:
    """A value in which items are called as in the newer run."""
    if isinstance(value, Mapping):
        return {ids.get(name, name): _renamed(below, ids) for name, below in value.items()}
    if isinstance(value, list):
        return [_renamed(below, ids) for below in value]
    return ids.get(value, value) if isinstance(value, str) else value


def _fields(old: Any, new: Any, path: str) -> Iterator[ValueChange]:
    """The fields that differ; of lists only how many entries do."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in {**old, **new}:
            yield from _fields(old.get(name), new.get(name), f"{path}.{name}")
    elif isinstance(old, list) and isinstance(new, list):
        unknown = sum(entry not in old for entry in new)
        yield ValueChange(path, f"{len(old)} entries", f"{len(new)} entries" + (f", {unknown} new" if unknown else ""))
    else:
        yield ValueChange(path, _short(old), _short(new))


def _short(value: Any) -> object:
    return f"{len(value)} entries" if isinstance(value, (list, Mapping)) else value


def _models(before: RunView, after: RunView) -> Iterator[ValueChange]:
    old = {step.name: step.model for step in before.record.step_outputs.values()}
    for step in after.record.step_outputs.values():
        if step.name in old and old[step.name] != step.model:
            yield ValueChange(step.name, old[step.name], step.model)


def _missing(before: RunView, after: RunView) -> Iterator[ValueChange]:
    old = [step.name for step in before.record.step_outputs.values()]
    new = [step.name for step in after.record.step_outputs.values()]
    for name in dict.fromkeys([*old, *new]):
        if (name in old) != (name in new):
            yield ValueChange(name, "finished" if name in old else None, "finished" if name in new else None)
