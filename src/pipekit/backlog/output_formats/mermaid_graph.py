"""The dependencies as a Mermaid graph, which GitHub, GitLab and many editors draw in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipekit.markdown import visible

__all__ = ["mermaid_graph"]

_ARROWS = {"blocks": "-->", "extends": "-->|is extended by|", "relates-to": "---"}
_SOFT_ARROWS = {"blocks": "-.->", "extends": "-.->|is extended by|", "relates-to": "-.-"}
_LONGEST = 60


def mermaid_graph(titles: Mapping[str, str], dependencies: Iterable[Mapping[str, Any]]) -> list[str]:
    """The lines of a fenced block, from what comes first to what waits for it; none when nothing is connected."""
    edges = [one for one in dependencies if one["source"] in titles and one["target"] in titles]
    ends = {end for one in edges for end in (one["source"], one["target"])}
    if not edges:
        return []
    names = {one: f"c{number}" for number, one in enumerate(titles, start=1)}
    return [
        "```mermaid",
        "graph LR",
        *(f'  {names[one]}["{_label(title)}"]' for one, title in titles.items() if one in ends),
        *(f"  {names[one['target']]} {_arrow(one)} {names[one['source']]}" for one in edges),
        "```",
    ]


def _arrow(edge: Mapping[str, Any]) -> str:
    arrows: Mapping[str, str] = _ARROWS if edge["strength"] == "hard" else _SOFT_ARROWS
    return arrows.get(edge["type"], "---")


def _label(title: str) -> str:
    """The title with every character that could mean something to Mermaid or HTML by its number."""
    flat = " ".join(visible(title).split())
    flat = flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1].rstrip()}…"
    return "".join(letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};" for letter in flat)


_PLAIN: Sequence[str] = " .,:'()?!-…–"
