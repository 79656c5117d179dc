"""The configuration as a tree in which every value remembers where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike, fspath
from typing import NewType

from attrs import evolve, field, frozen

from pipekit.config.faults import fault
from pipekit.config.keys import fold_key
from pipekit.config.origin import DEFAULT, Layer, Origin
from pipekit.config.scalars import Scalar
from pipekit.errors import ConfigError

__all__ = ["EMPTY", "MAX_DEPTH", "NO_BLOCK", "Block", "Entry", "Node", "build_mapping", "from_plain"]

#: Deeper than any setting, and shallow enough for everything that walks a tree.
MAX_DEPTH = 40


@frozen
class Entry:
    """One key of a mapping as it was spelled, the key's own place, and its value."""

    name: str
    origin: Origin
    value: Node


@frozen
class Node:
    """A value with its origin: a scalar, a list of nodes, or a mapping of folded keys to entries.

    ``text`` is the source text of a scalar from an environment variable or a flag, where nobody can quote: a setting
    that wants text takes it as it was written.
    """

    value: Scalar | tuple[Node, ...] | Mapping[str, Entry] = field(repr=False)
    origin: Origin = DEFAULT
    text: str | None = field(default=None, repr=False)

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.value, Mapping)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries of a mapping in order; none for anything else."""
        return tuple(self.value.values()) if isinstance(self.value, Mapping) else ()

    def entry(self, key: str) -> Entry | None:
        """The entry of a key, however it is spelled; None where there is none."""
        return self.value.get(fold_key(key)) if isinstance(self.value, Mapping) else None

    def get(self, key: str) -> Node | None:
        """The value of a key, however it is spelled; None where there is none."""
        entry = self.entry(key)
        return None if entry is None else entry.value

    def at(self, path: str) -> Node | None:
        """The value at a dotted path (``llm.providers.ollama``); None where there is none."""
        node: Node | None = self
        for part in path.split("."):
            node = None if node is None else node.get(part)
        return node

    def without(self, *keys: str) -> Node:
        """The same mapping without these keys."""
        dropped = {fold_key(key) for key in keys}
        if not isinstance(self.value, Mapping) or dropped.isdisjoint(self.value):
            return self
        return evolve(self, value={key: entry for key, entry in self.value.items() if key not in dropped})

    def only(self, *keys: str) -> Node:
        """The same mapping with these keys alone."""
        kept = {fold_key(key) for key in keys}
        return self.without(*(entry.name for entry in self.entries if fold_key(entry.name) not in kept))

    def plus(self, entries: Iterable[Entry]) -> Node:
        """The same mapping with these entries as well."""
        return evolve(self, value={fold_key(entry.name): entry for entry in (*self.entries, *entries)})

    def plain(self) -> object:
        """The value alone, with keys as they were spelled: dicts, lists and scalars."""
        if isinstance(self.value, Mapping):
            return {entry.name: entry.value.plain() for entry in self.value.values()}
        if isinstance(self.value, tuple):
            return [item.plain() for item in self.value]
        return self.value

    def in_layer(self, layer: Layer) -> Node:
        """The same tree as part of another layer: a profile stands in a file, but is laid over it."""
        origin = evolve(self.origin, layer=layer)
        if isinstance(self.value, Mapping):
            moved = {
                key: Entry(entry.name, evolve(entry.origin, layer=layer), entry.value.in_layer(layer))
                for key, entry in self.value.items()
            }
            return evolve(self, value=moved, origin=origin)
        if isinstance(self.value, tuple):
            return evolve(self, value=tuple(item.in_layer(layer) for item in self.value), origin=origin)
        return evolve(self, origin=origin)

    def __iter__(self) -> Iterator[Node]:
        """The items of a list; nothing for anything else."""
        return iter(self.value if isinstance(self.value, tuple) else ())


#: A tree that must be a mapping, of names to blocks that somebody else will fill.
Block = NewType("Block", Node)

EMPTY = Node({})
NO_BLOCK = Block(EMPTY)


def build_mapping(entries: Iterable[Entry], origin: Origin, path: str = "") -> Node:
    """A mapping of these entries; one key twice, after folding, is an error that names both places."""
    found: dict[str, Entry] = {}
    for entry in entries:
        first = found.setdefault(fold_key(entry.name), entry)
        if first is not entry:
            raise duplicate(first, entry, path)
    return Node(found, origin)


def duplicate(first: Entry, second: Entry, path: str = "") -> ConfigError:
    """The error for a key that is given a second time."""
    same = "" if first.name == second.name else f" (it is the same as {first.name})"
    below = f"{path}.{second.name}" if path else second.name
    message = f"{below} is given twice{same}, first at {first.origin}"
    return fault(message, second.origin, field=below, kind="duplicate", hint="keep one of the two")


def from_plain(value: object, origin: Origin, path: str = "", depth: int = 0) -> Node:
    """The tree of plain Python values: mappings with text keys, sequences, scalars and paths."""
    if value is None or isinstance(value, bool | int | float | str):
        return Node(value, origin)
    if depth >= MAX_DEPTH:
        raise fault(f"{path} is nested too deep", origin, field=path, hint=f"{MAX_DEPTH} levels are the most")
    if isinstance(value, PathLike):
        plain = fspath(value)
        return Node(plain if isinstance(plain, str) else plain.decode(errors="replace"), origin)
    if isinstance(value, Mapping):
        entries = []
        for key, item in value.items():
            if not isinstance(key, str):
                raise fault(
                    f"a key of {path or 'the mapping'} is not text: {key!r}",
                    origin,
                    field=path or None,
                    hint="give every setting its name as text",
                )
            below = f"{path}.{key}" if path else key
            entries.append(Entry(key, origin, from_plain(item, origin, below, depth + 1)))
        return build_mapping(entries, origin, path)
    if isinstance(value, Sequence | frozenset | set) and not isinstance(value, bytes | bytearray):
        items = sorted(value, key=repr) if isinstance(value, frozenset | set) else value
        return Node(tuple(from_plain(item, origin, f"{path}[{i}]", depth + 1) for i, item in enumerate(items)), origin)
    raise fault(
        f"{path or 'the configuration'} holds a value that no file could hold, a {type(value).__name__}",
        origin,
        field=path or None,
        hint="use text, numbers, true and false, lists and mappings",
    )
