"""Whether values of a type can be handed to several readers as they are."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from pipekit.serde.annotations import typed_fields

__all__ = ["is_immutable"]

_SCALARS = frozenset({str, int, float, bool, bytes, type(None), None, datetime, date})


def is_immutable(type_: Any) -> bool:
    """Whether values of this type can be shared: frozen attrs classes of immutable parts, tuples, scalars."""
    return _is_immutable(type_)


@cache
def _is_immutable(type_: Any) -> bool:
    return _parts_are_immutable(type_, set())


def _parts_are_immutable(type_: Any, seen: set[type]) -> bool:
    """The same of all that a type is made of; a class that was ``seen`` on the way is decided by its other parts.

    A class that holds itself (a tree) comes by again in its own parts. One part that can be changed decides for the
    whole, so that what was seen needn't be looked at twice.
    """
    if type_ in _SCALARS or type_ in seen:
        return True
    origin = get_origin(type_)
    if origin is Literal:
        return True
    if origin in (tuple, Union, UnionType):
        return all(arg is Ellipsis or _parts_are_immutable(arg, seen) for arg in get_args(type_))
    if not isinstance(type_, type):
        return False
    if issubclass(type_, Enum):
        return True
    if not (attrs.has(type_) and _is_frozen(type_)):
        return False
    seen.add(type_)
    return all(_parts_are_immutable(field.type, seen) for field in typed_fields(type_))


def _is_frozen(type_: type) -> bool:
    props = getattr(type_, "__attrs_props__", None)
    return bool(props is not None and props.is_frozen)
