"""From a model's text to a validated value: the JSON in it, checked strictly, or a list of what is wrong."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pipekit.serde import MisfitError, decode, structure

__all__ = ["parse_answer"]

T = TypeVar("T")

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)```", re.DOTALL)


def parse_answer(text: str, returns: type[T]) -> T:
    """``text`` as a ``returns``: the text itself for ``str``, else the one JSON value in it; or `MisfitError`.

    The JSON may stand alone or in one fenced block. Two blocks are a misfit: nobody can say which was meant.
    """
    if returns is str:
        if not text.strip():
            raise MisfitError(["$: the answer is empty"])
        return text  # type: ignore[return-value]
    return structure(_json_in(text), returns)


def _json_in(text: str) -> Any:
    blocks = _FENCE.findall(text)
    if len(blocks) > 1:
        raise MisfitError(["$: the answer holds several blocks of JSON; give one"])
    found = blocks[0] if blocks else text.strip()
    if not found:
        raise MisfitError(["$: the answer is empty"])
    return decode(found)
