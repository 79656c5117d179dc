"""What can be handed to a pipeline. On its own, since every program that imports the pipeline loads it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import BinaryIO

from attrs import field, frozen

__all__ = ["NOTHING", "Input", "Merged", "Text"]


@frozen
class Text:
    """Text from a program, as an input. A plain string is always a path."""

    content: str
    name: str = "text"


def _kept(inputs: Sequence[object]) -> Sequence[object]:
    return tuple(inputs)


@frozen
class Merged:
    """Several inputs that become one, in this order: two recordings of a meeting, or its chat and its notes.

    Each of them is whatever a pipeline takes as an input. The workflow says how their values are put together.
    """

    inputs: Sequence[Input] = field(converter=_kept)


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


#: No input: a plan can be made without one.
NOTHING = _Nothing()

#: A path, text, a binary stream, several of them as `Merged`, or a ready value of the workflow's input type.
Input = str | os.PathLike[str] | Text | BinaryIO | object
