"""Every effective value and where it came from, for `pipekit config show`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from pipekit.config.faults import masked
from pipekit.config.keys import camel_case, fold_key
from pipekit.config.model import Settings
from pipekit.config.origin import DEFAULT, Origin
from pipekit.config.structuring import default_of, settable_fields
from pipekit.config.tree import EMPTY, Node

__all__ = ["Explained", "explain"]


@attrs.frozen
class Explained:
    """One effective value: its dotted path, the value (secrets masked), and its origin."""

    path: str
    value: object
    origin: Origin


def explain(tree: Node) -> list[Explained]:
    """All values of a merged tree, and the defaults of what it doesn't say, in the order of the settings."""
    return list(_of_class(Settings, tree, ""))


def _of_class(cls: type, node: Node, path: str) -> Iterator[Explained]:
    known = set()
    for attribute in settable_fields(cls):
        name = camel_case(attribute.alias or attribute.name)
        known.add(fold_key(name))
        below = f"{path}.{name}" if path else name
        child = node.get(name)
        default = default_of(attribute)
        if attrs.has(type(default)) and not isinstance(default, Node):
            inner = child if child is not None and child.is_mapping else EMPTY
            yield from _of_class(type(default), inner, below)
        elif child is not None:
            yield from _of_node(child, below, name)
        elif not isinstance(default, Node | Mapping):
            yield Explained(below, list(default) if isinstance(default, tuple) else default, DEFAULT)
    for entry in node.entries:
        if fold_key(entry.name) not in known:
            yield from _of_node(entry.value, f"{path}.{entry.name}" if path else entry.name, entry.name)


def _of_node(node: Node, path: str, name: str) -> Iterator[Explained]:
    if node.entries and masked(name, {}) != "***":
        for entry in node.entries:
            yield from _of_node(entry.value, f"{path}.{entry.name}", entry.name)
    else:
        yield Explained(path, masked(name, node.plain()), node.origin)
