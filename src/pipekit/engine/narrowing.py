"""What a reader sees of an artifact: the fields that its annotation has, and no others.

A step that annotates a parameter with a class of some of an artifact's fields depends on these alone, so a change
elsewhere in the artifact leaves its results current.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Union, get_args, get_origin

import attrs

from pipekit.serde import JSON, camel_case, typed_fields

__all__ = ["narrow"]


def narrow(value: JSON, type_: Any) -> JSON:
    """``value`` without the fields that ``type_`` doesn't have, all the way down; what isn't known stays."""
    if isinstance(value, dict):
        if isinstance(type_, type) and attrs.has(type_):
            return {key: narrow(value[key], inner) for key, inner in _fields(type_).items() if key in value}
        if get_origin(type_) in (dict, Mapping):
            inner = get_args(type_)[-1]
            return {key: narrow(item, inner) for key, item in value.items()}
    elif isinstance(value, list):
        origin, args = get_origin(type_), get_args(type_)
        if origin is tuple and args and args[-1] is not Ellipsis:
            return [narrow(item, inner) for item, inner in zip(value, args, strict=False)]
        if origin in (list, tuple, Sequence) and args:
            return [narrow(item, args[0]) for item in value]
    if value is not None and get_origin(type_) in (Union, types.UnionType):
        rest = [arg for arg in get_args(type_) if arg is not type(None)]
        if len(rest) == 1:
            return narrow(value, rest[0])
    return value


@cache
def _fields(cls: type) -> Mapping[str, Any]:
    return {camel_case(field.name): field.type for field in typed_fields(cls)}
