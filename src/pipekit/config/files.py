"""Read YAML files into trees whose every value knows its line and column.

YAML is read as version 1.2, composed to nodes and never constructed: a tag can't make an object, an alias can't grow
into millions of values, and one key twice is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve

from pipekit.config.faults import fault
from pipekit.config.origin import Origin
from pipekit.config.scalars import resolve_scalar
from pipekit.config.tree import MAX_DEPTH, Entry, Node, build_mapping
from pipekit.errors import ConfigError
from pipekit.yaml_nodes import CORE, NotYamlError, compose

__all__ = ["MAX_BYTES", "MAX_NODES", "parse_yaml", "read_text", "read_yaml"]

#: A configuration larger than this is somebody's data, given by mistake.
MAX_BYTES = 256_000
#: Values in one file, with every alias counted as often as it is used.
MAX_NODES = 20_000

_PLAIN_TAGS = {CORE + name for name in ("null", "bool", "int", "float")}
_TEXT_TAGS = {CORE + name for name in ("str", "timestamp", "value")}


def read_text(path: Path, place: Origin) -> str:
    """The text of a configuration file; anything that isn't a UTF-8 text of decent size is an error saying so."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise fault("there is no such file", place, hint="`pipekit config init` writes one to start from") from None
    except IsADirectoryError:
        raise fault("is a folder, not a file", place, hint="name the file in it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise fault(
            f"can't be read: {reason.lower()}", place, hint="see that it exists and that you may read it"
        ) from None
    if len(raw) > MAX_BYTES:
        raise fault(
            f"is larger than a configuration can be, {MAX_BYTES:,} bytes", place, hint="is this the right file?"
        )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise fault("is UTF-16, not UTF-8", place, hint="save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        raise fault(
            f"is not UTF-8: byte 0x{raw[error.start]:02x} stands where none may",
            place.at(line, column),
            hint="save it as UTF-8",
        ) from None


def read_yaml(path: Path, origin: Origin) -> Node:
    """The tree of a YAML file; an empty file is an empty mapping, anything but a mapping an error."""
    node = parse_yaml(read_text(path, origin), origin)
    if node.value is None:
        return Node({}, origin)
    if not node.is_mapping:
        kind = "a list" if isinstance(node.value, tuple) else "a single value"
        raise fault(
            f"a configuration is a mapping of settings, this is {kind}", node.origin, hint="write `llm:` and the like"
        )
    return node


def parse_yaml(text: str, origin: Origin) -> Node:
    """The tree of one YAML document; ``origin`` names its source, positions are added where it is a file."""
    try:
        root = compose(text, max_depth=MAX_DEPTH)
    except NotYamlError as error:
        raise _syntax_error(error, origin) from None
    return Node(None, origin) if root is None else _Conversion(origin).node(root, 0, "")


def _syntax_error(error: NotYamlError, origin: Origin) -> ConfigError:
    problem = f"{error.problem} {error.context}".strip()
    message, hint, place = f"is not YAML: {problem}", "check indentation and quotes", error.place
    for sign, better, advice in _PROBLEMS:
        if sign in problem:
            message, hint = better.format(problem=problem), advice
            break
    if message.endswith("not closed"):
        # What was never closed is found missing at the end; where it was opened is the place to look.
        place = error.begun or place
    return fault(message, origin.at(*place) if origin.file and place else origin, hint=hint)


_QUOTE = "quote text that begins with "
#: What the parser says (a part of it), what we say, and what to do.
_PROBLEMS = (
    ("that YAML doesn't allow", "holds {problem}", "remove the character"),
    ("an escape ", "is not YAML: {problem}", "check the quotes and what stands behind a \\ in them"),
    (r"'\t' that cannot start", "a tab stands where only spaces may", "indent with spaces"),
    ("that cannot start any token", "is not YAML: {problem}", "put the value in quotes"),
    ("maximum depth", f"is nested deeper than {MAX_DEPTH} levels", "no setting lies that deep"),
    ("undefined alias", "{problem}", f"write the anchor (&name) before its alias (*name), or {_QUOTE}*"),
    (
        "mapping values are not allowed",
        "a key stands where none may",
        "check indentation, quote text with `: ` in it",
    ),
    ("could not find expected ':'", "a key without its colon", "write `key: value`, with a space after the colon"),
    ("unexpected end of stream", "a quote is opened and not closed", "close the quote"),
    ("<stream end>", "a bracket is opened and not closed", "close the bracket"),
    ("another document", "holds more than one document", "remove the line `---` in the middle"),
    ("single document", "holds more than one document", "remove the line `---` in the middle"),
    ("expected <block end>", "the indentation doesn't fit the lines above", "align keys of one mapping in one column"),
    ("while parsing a flow sequence", "a list in brackets is broken here", "write [one, two]"),
    ("while parsing a flow mapping", "a mapping in braces is broken here", "write {key: value, other: value}"),
    ("<document start>", "what stands here belongs to no setting", "write `key: value` lines only"),
    ("block scalar", "a block of text is broken here", f"{_QUOTE}| or >"),
    (" tag", "a tag is broken here, and tags are not allowed", f"{_QUOTE}!"),
    ("an alias", "an alias is broken here", f"{_QUOTE}*"),
    ("an anchor", "an anchor is broken here", f"{_QUOTE}&"),
    ("directive", "a directive is broken here", f"remove the line, or {_QUOTE}%"),
)


class _Conversion:
    """From composed nodes to our own; counts every use of an alias, so that nothing outgrows the limit."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.count = 0
        self.open: set[int] = set()

    def place(self, node: Any) -> Origin:
        mark = node.start_mark
        return self.origin.at(mark.line + 1, mark.column + 1) if self.origin.file else self.origin

    def node(self, node: Any, depth: int, path: str) -> Node:
        self.count += 1
        place = self.place(node)
        if self.count > MAX_NODES:
            raise fault(f"grows to more than {MAX_NODES:,} values", place, hint="repeat less through aliases")
        if depth > MAX_DEPTH or id(node) in self.open:
            what = "holds itself through an alias" if id(node) in self.open else f"is deeper than {MAX_DEPTH} levels"
            raise fault(f"{path or 'the document'} {what}", place, field=path or None, hint="write the value out")
        tag = str(node.tag)
        kind = str(node.id)
        if kind == "scalar":
            return Node(self.scalar(node, tag, path), place)
        if tag != CORE + ("map" if kind == "mapping" else "seq"):
            raise self.tagged(tag, place, path)
        self.open.add(id(node))
        try:
            if kind == "sequence":
                items = (self.node(item, depth + 1, f"{path}[{i}]") for i, item in enumerate(node.value))
                return Node(tuple(items), place)
            return self.mapping(node, depth, path)
        finally:
            self.open.discard(id(node))

    def scalar(self, node: Any, tag: str, path: str) -> bool | int | float | str | None:
        text = str(node.value)
        if tag in _PLAIN_TAGS:
            return resolve_scalar(text) if node.style is None else text
        if tag in _TEXT_TAGS:
            return text
        raise self.tagged(tag, self.place(node), path)

    def mapping(self, node: Any, depth: int, path: str) -> Node:
        own: list[Entry] = []
        merged: list[Node] = []
        for key, value in node.value:
            place = self.place(key)
            if str(key.tag) == CORE + "merge":
                merged.extend(self.merged(value, depth, path))
                continue
            if key.id != "scalar":
                raise fault("a key must be a single word", place, field=path or None, hint="write `key: value`")
            if str(key.tag) not in _PLAIN_TAGS | _TEXT_TAGS:
                raise self.tagged(str(key.tag), place, path)
            name = str(key.value)
            own.append(Entry(name, place, self.node(value, depth + 1, f"{path}.{name}" if path else name)))
        mapping = build_mapping(own, self.place(node), path)
        if not merged:
            return mapping
        # What a mapping says itself wins over what it merges in, and an earlier merge over a later one.
        entries = {key: entry for part in reversed(merged) for key, entry in _entries(part)}
        return evolve(mapping, value={**entries, **dict(_entries(mapping))})

    def merged(self, value: Any, depth: int, path: str) -> list[Node]:
        sources = value.value if value.id == "sequence" else [value]
        parts = [self.node(source, depth + 1, path) for source in sources]
        for part in parts:
            if not part.is_mapping:
                raise fault(
                    "`<<` merges mappings only", part.origin, field=path or None, hint="name an anchored mapping"
                )
        return parts

    def tagged(self, tag: str, place: Origin, path: str) -> ConfigError:
        shown = tag.replace(CORE, "!!")
        return fault(
            f"the tag {shown} is not allowed",
            place,
            field=path or None,
            hint="a configuration holds plain values only; remove the tag, or quote a value that begins with !",
        )


def _entries(node: Node) -> list[tuple[str, Entry]]:
    return list(node.value.items()) if isinstance(node.value, Mapping) else []
