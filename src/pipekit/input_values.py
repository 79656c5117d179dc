"""What can be handed to a pipeline. On its own, since every program that imports the pipeline loads it."""

from __future__ import annotations

import os
from typing import BinaryIO

from attrs import frozen

__all__ = ["NOTHING", "Input", "Text"]


@frozen
class Text:
    """Text from a program, as an input. A plain string is always a path."""

    content: str
    name: str = "text"


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


#: No input: a plan can be made without one.
NOTHING = _Nothing()

#: A path, text, a binary stream, or a ready value of the workflow's input type.
Input = str | os.PathLike[str] | Text | BinaryIO | object
