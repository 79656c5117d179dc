"""How annotations of parameters are read, the same for steps and for factories."""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin

__all__ = ["without_none"]


def without_none(annotation: Any) -> Any:
    """``X`` of ``X | None``; anything else as it is."""
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [arg for arg in get_args(annotation) if arg is not type(None)]
        if len(rest) == 1:
            return rest[0]
    return annotation
