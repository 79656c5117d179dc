"""A JSON value for people: fields and entries on indented lines, and what has a line of its own on one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipekit.cli.terminal import one_line

if TYPE_CHECKING:
    from pipekit.interfaces.workflows import Workflow

__all__ = ["Brief", "brief_of", "outline"]

#: Says a mapping in one line, or leaves it as it is.
Brief = Callable[[Mapping[str, Any]], "str | None"]


def brief_of(workflow: Workflow | None) -> Brief:
    """What a workflow says in one line."""
    return workflow.brief if workflow is not None and workflow.brief is not None else lambda _: None


def outline(value: object, depth: int = 0, brief: Brief = lambda _: None) -> Iterator[str]:
    """A JSON value as indented lines: fields and entries, empty ones left out.

    A mapping that ``brief`` has a line for is told by this line.
    """
    indent = "  " * depth
    if isinstance(value, Mapping):
        told = brief(value)
        if told is not None:
            yield f"{indent}{one_line(told)}"
            return
        for name, below in value.items():
            if below is None or below == "" or below == [] or below == {}:
                continue
            if isinstance(below, (Mapping, list)):
                yield f"{indent}{name}:"
                yield from outline(below, depth + 1, brief)
            else:
                yield f"{indent}{name}: {one_line(below)}"
    elif isinstance(value, list):
        for entry in value:
            lines = list(outline(entry, depth + 1, brief)) if isinstance(entry, (Mapping, list)) else [one_line(entry)]
            if lines:
                yield f"{indent}- {lines[0].strip()}"
                yield from lines[1:]
    else:
        yield f"{indent}{one_line(value)}"
