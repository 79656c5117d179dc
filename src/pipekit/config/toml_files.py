"""Read a table of a TOML file (``[tool.pipekit]`` of pyproject.toml) into a tree with positions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pipekit.config.faults import fault
from pipekit.config.files import read_text
from pipekit.config.keys import fold_key
from pipekit.config.origin import Origin
from pipekit.config.tree import MAX_DEPTH, Entry, Node, build_mapping

__all__ = ["read_toml"]


def read_toml(path: Path, origin: Origin, table: tuple[str, ...]) -> Node | None:
    """The tree of one table of a TOML file (``("tool", "pipekit")``); None where the file has no such table."""
    import tomllib

    text = read_text(path, origin)
    try:
        found: object = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        where = re.search(r"line (\d+), column (\d+)", str(error))
        place = origin.at(int(where[1]), int(where[2])) if where else origin
        reason = str(error).partition(" (at ")[0]
        raise fault(f"is not TOML: {reason[:1].lower()}{reason[1:]}", place, hint="correct this line") from None
    for part in table:
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    if not isinstance(found, dict):
        raise fault(f"[{'.'.join(table)}] must be a table", origin, hint=f"write [{'.'.join(table)}] on its own line")
    return _node(found, origin, _lines(text), table, 0)


def _lines(text: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Line and column of keys and tables, found by their looks: the parser of the standard library keeps none."""
    lines: dict[tuple[str, ...], tuple[int, int]] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        code = line.strip()
        if code.startswith("["):
            table = _path(code.lstrip("[").partition("]")[0])
            lines.setdefault(table, (number, 1))
        elif "=" in code and not code.startswith("#"):
            column = len(line) - len(line.lstrip()) + 1
            lines.setdefault(table + _path(code.partition("=")[0]), (number, column))
    return lines


def _path(dotted: str) -> tuple[str, ...]:
    return tuple(fold_key(part.strip().strip("\"'")) for part in dotted.split("."))


def _node(
    value: object, origin: Origin, lines: Mapping[tuple[str, ...], tuple[int, int]], path: tuple[str, ...], depth: int
) -> Node:
    place = lines.get(tuple(map(fold_key, path)))
    here = origin.at(*place) if place else origin
    if depth > MAX_DEPTH:
        raise fault(f"is nested deeper than {MAX_DEPTH} levels", here, hint="no setting lies that deep")
    if isinstance(value, dict):
        entries = []
        for key, item in value.items():
            node = _node(item, here, lines, (*path, key), depth + 1)
            entries.append(Entry(key, node.origin, node))
        return build_mapping(entries, here)
    if isinstance(value, list):
        return Node(tuple(_node(item, here, lines, path, depth + 1) for item in value), here)
    if isinstance(value, bool | int | float | str):
        return Node(value, here)
    # Dates and times: a setting takes them as text.
    return Node(str(value), here)
