"""Lay trees over each other: one rule for every key.

Mappings merge key by key; everything else, lists too, replaces what lies below. Nothing (``llm:`` with all its lines
commented out) leaves a mapping below as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from pipekit.config.faults import fault
from pipekit.config.keys import fold_key, split_path
from pipekit.config.origin import Layer, Origin
from pipekit.config.tree import EMPTY, MAX_DEPTH, Entry, Node, duplicate
from pipekit.errors import ConfigError, UsageError

__all__ = ["Assignment", "Override", "assigned", "merge"]


@frozen
class Assignment:
    """One value for one dotted path, as environment variables and flags give it."""

    path: str
    value: Node
    origin: Origin


@frozen
class Override:
    """A setting given by a flag: the dotted path, the text as it was typed, and how the flag is called in messages.

    ``is_kept`` marks a flag that wasn't given now but when the run began. ``for_all_steps`` marks the flag ``--model``:
    its reference holds for every step, whatever a step's own block says.
    """

    path: str
    text: str
    label: str
    is_kept: bool = False
    for_all_steps: bool = False

    @classmethod
    def parse(cls, assignment: str, flag: str = "--set") -> Override:
        """The override of ``--set steps.step3.model=ollama/llama3.2``."""
        path, equals, text = assignment.partition("=")
        path = path.strip()
        parts = split_path(path)
        if not equals or not parts or not all(map(fold_key, parts)):
            raise UsageError(
                f"{flag} needs a setting and a value, not {assignment!r}",
                hint=f"write {flag} steps.step4.ragTopK=3, for example",
            )
        return cls(".".join(f'"{part}"' if "." in part else part for part in parts), text, f"{flag} {path}")

    @classmethod
    def model(cls, reference: str) -> Override:
        """The override of ``--model REF``, which holds for all steps."""
        return cls("llm.model", reference, "--model", for_all_steps=True)


def merge(trees: Iterable[Node]) -> Node:
    """All trees in one, lowest first."""
    merged = EMPTY
    for tree in trees:
        merged = _lay(merged, tree)
    return merged


def _lay(below: Node, above: Node) -> Node:
    if not isinstance(below.value, Mapping):
        return above
    if above.value is None:
        return below
    if not isinstance(above.value, Mapping):
        return above
    entries = dict(below.value)
    for key, entry in above.value.items():
        under = entries.get(key)
        # The lower spelling stays: a file's ragTopK reads better than an environment variable's rag_top_k.
        entries[key] = entry if under is None else Entry(under.name, entry.origin, _lay(under.value, entry.value))
    return evolve(above, value=entries)


def assigned(
    assignments: Sequence[Assignment], layer: Layer, *, last_wins: bool = False
) -> tuple[Node, list[ConfigError]]:
    """The tree of single values, and a fault for each path that is given twice or is both a value and a group.

    With ``last_wins`` the later of two values counts, as is the custom for flags.
    """
    faults: list[ConfigError] = []
    root: dict[str, Entry] = {}
    for one in assignments:
        try:
            _assign(root, split_path(one.path) or [one.path], one, last_wins)
        except ConfigError as error:
            faults.append(error)
    return Node(root, Origin(layer)), faults


def _assign(level: dict[str, Entry], parts: Sequence[str], one: Assignment, last_wins: bool) -> None:
    if len(parts) > MAX_DEPTH:
        raise fault(f"is nested deeper than {MAX_DEPTH} levels", one.origin, hint="no setting lies that deep")
    for part in parts[:-1]:
        entry = level.get(fold_key(part))
        if entry is None or (last_wins and not isinstance(entry.value.value, Mapping)):
            entry = level[fold_key(part)] = Entry(part, one.origin, Node({}, one.origin))
        inner = entry.value.value
        if not isinstance(inner, Mapping):
            raise fault(
                f"{one.path} is set, and {part} as a whole by {entry.origin}",
                one.origin,
                field=one.path,
                hint="keep one of the two",
            )
        # Each level is built here and nowhere else, so that it may grow until it is handed out.
        grown = dict(inner)
        level[fold_key(part)] = Entry(entry.name, entry.origin, evolve(entry.value, value=grown))
        level = grown
    name = parts[-1]
    first = level.get(fold_key(name))
    new = Entry(name, one.origin, one.value)
    if first is None or (last_wins and not first.value.is_mapping):
        level[fold_key(name)] = new
    elif first.value.is_mapping and one.value.is_mapping:
        level[fold_key(name)] = Entry(first.name, one.origin, _lay(first.value, one.value))
    elif last_wins:
        level[fold_key(name)] = new
    else:
        raise duplicate(first, new, ".".join(parts[:-1]))
