"""Where the boxes and arrows of the dependency graph go: layers from left to right, what comes first on the left."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

__all__ = ["Arrow", "Box", "Drawing", "draw"]

WIDTH, HEIGHT = 220, 64
_ACROSS, _DOWN, _RIM = 72, 20, 12
#: Height of the gap that an arrow across several layers gets in each of them.
_LANE = 14
#: As many letters fit on a line of a box, and as many lines in it.
_LETTERS, _LINES = 27, 2
_SWEEPS = 4


@frozen
class Box:
    """A candidate: ``x`` and ``y`` of its upper left corner, and its title in lines that fit."""

    candidate: str
    x: float
    y: float
    lines: tuple[str, ...]


@frozen
class Arrow:
    """From what comes first to what waits for it; ``path`` is that of an SVG path."""

    first: str
    then: str
    type: str
    strength: str
    path: str


@frozen
class Drawing:
    """The whole picture and its size. Candidates that nothing connects aren't in it."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def draw(titles: Mapping[str, str], dependencies: Sequence[Mapping[str, Any]]) -> Drawing | None:
    """The picture of these dependencies between the candidates of ``titles``; None when there are none.

    Cycles are none: `pipekit.backlog.model.dependency.arrange_candidates` made relations of what closed them. A
    ``relates-to`` says nothing of what comes first, and moves nothing to another layer.
    """
    edges = [one for one in dependencies if one["source"] in titles and one["target"] in titles]
    ends = [(str(one["target"]), str(one["source"])) for one in edges]
    connected = set(itertools.chain(*ends))
    ids = [one for one in titles if one in connected]
    if not ids:
        return None
    layer = _layers(ids, [(one["target"], one["source"]) for one in edges if one["type"] != "relates-to"])
    routes = [_route(first, then, layer) for first, then in ends]
    columns = _columns(ids, layer, routes)
    places = _places(columns)
    arrows = tuple(
        Arrow(one["target"], one["source"], one["type"], one.get("strength", "hard"), _path(route, places, layer))
        for one, route in zip(edges, routes, strict=True)
    )
    boxes = tuple(Box(one, *places[one], lines=_wrapped(titles[one])) for one in ids)
    width = 2 * _RIM + len(columns) * WIDTH + (len(columns) - 1) * _ACROSS
    # An arrow between two boxes of one layer swings out to their right.
    width += _ACROSS // 2 if any(layer[first] == layer[then] for first, then in ends) else 0
    height = _RIM + max(y + _height(node) for node, (_, y) in places.items())
    return Drawing(width=width, height=height, boxes=boxes, arrows=arrows)


_Node = str | tuple[str, str, int]


def _layers(ids: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Each candidate one layer right of the last that it waits for."""
    layer = dict.fromkeys(ids, 0)
    for _ in ids:  # as many rounds as the longest chain could need: a cycle can't keep it going
        moved = False
        for first, then in edges:
            if layer[then] <= layer[first]:
                layer[then] = layer[first] + 1
                moved = True
        if not moved:
            break
    used = sorted(set(layer.values()))
    return {one: used.index(number) for one, number in layer.items()}


def _route(first: str, then: str, layer: Mapping[str, int]) -> list[_Node]:
    """The ends of an arrow, the left one first, with a bend in each layer between."""
    left, right = (first, then) if layer[first] <= layer[then] else (then, first)
    return [left, *((first, then, number) for number in range(layer[left] + 1, layer[right])), right]


def _columns(ids: Sequence[str], layer: Mapping[str, int], routes: Sequence[Sequence[_Node]]) -> list[list[_Node]]:
    """The nodes of each layer from top to bottom, moved to where their neighbours are so that few arrows cross."""
    columns: list[list[_Node]] = [[] for _ in range(max(layer.values()) + 1)]
    for one in ids:
        columns[layer[one]].append(one)
    near: dict[_Node, list[_Node]] = {}
    for route in routes:
        for node in route[1:-1]:
            columns[node[2] if isinstance(node, tuple) else layer[node]].append(node)
        for left, right in itertools.pairwise(route):
            near.setdefault(left, []).append(right)
            near.setdefault(right, []).append(left)
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            rank = {node: at / max(1, len(other) - 1) for other in columns for at, node in enumerate(other)}
            others = {node: [rank[one] for one in near.get(node, []) if one not in column] for node in column}
            column.sort(key=lambda node: sum(others[node]) / len(others[node]) if others[node] else rank[node])
    return columns


def _places(columns: Sequence[Sequence[_Node]]) -> dict[_Node, tuple[float, float]]:
    """The upper left corner of each node; every column stands in the middle of the tallest."""
    heights = [sum(_height(node) for node in column) + _DOWN * (len(column) - 1) for column in columns]
    places: dict[_Node, tuple[float, float]] = {}
    for number, column in enumerate(columns):
        x, y = _RIM + number * (WIDTH + _ACROSS), _RIM + (max(heights) - heights[number]) / 2
        for node in column:
            places[node] = (x, y)
            y += _height(node) + _DOWN
    return places


def _height(node: _Node) -> int:
    return HEIGHT if isinstance(node, str) else _LANE


def _path(route: Sequence[_Node], places: Mapping[_Node, tuple[float, float]], layer: Mapping[str, int]) -> str:
    """A curve from box to box, straight through its lanes."""
    start, end = route[0], route[-1]
    assert isinstance(start, str)
    assert isinstance(end, str)
    x, y = places[start]
    if layer[start] == layer[end]:
        right, out = x + WIDTH, x + WIDTH + _ACROSS / 2
        here, there = y + HEIGHT / 2, places[end][1] + HEIGHT / 2
        return f"M{right:g} {here:g}C{out:g} {here:g} {out:g} {there:g} {right:g} {there:g}"
    right, here = x + WIDTH, y + HEIGHT / 2
    path = f"M{right:g} {here:g}"
    for node in route[1:]:
        left, top = places[node]
        there, bend = top + _height(node) / 2, (right + left) / 2
        path += f"C{bend:g} {here:g} {bend:g} {there:g} {left:g} {there:g}"
        right, here = left + WIDTH, there
        if node != end:
            path += f"H{right:g}"
    return path


def _wrapped(title: str) -> tuple[str, ...]:
    """The title in lines that fit into a box, cut with an ellipsis."""
    lines = [""]
    for word in title.split():
        word = word if len(word) <= _LETTERS else word[: _LETTERS - 1] + "…"
        if not lines[-1]:
            lines[-1] = word
        elif len(lines[-1]) + 1 + len(word) <= _LETTERS:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > _LINES:
        last = lines[_LINES - 1]
        lines = [*lines[: _LINES - 1], f"{last[: _LETTERS - 1].rstrip()}…"]
    return tuple(lines)
