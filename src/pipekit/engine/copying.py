"""Values for one reader alone: what a step changes of them, no other step and no record sees."""

from __future__ import annotations

import copy
from typing import Any

from pipekit.interfaces.steps import Each
from pipekit.serde import is_immutable

__all__ = ["copied"]


def copied(value: Any, type_: Any = None) -> Any:
    """The value itself where it can't be changed, else a copy that shares nothing that could be.

    ``type_`` is what the value was structured as, where that is known. Collections of frozen values are copied
    shallowly.
    """
    if is_immutable(type(value)) or (type_ is not None and is_immutable(type_)):
        return value
    if isinstance(value, Each):
        return Each({key: copied(result) for key, result in value.items()}, value.errors)
    if isinstance(value, list) and all(is_immutable(type(item)) for item in value):
        return list(value)
    return copy.deepcopy(value)
