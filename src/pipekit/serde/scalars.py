"""Single values on the way in: a number is no text, true is not 1, and a choice is one of its values."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

__all__ = ["described", "is_literal", "is_plain_union", "literal", "member", "plain_union", "strict"]

_NONE = type(None)


def described(value: object) -> str:
    """What kind of JSON value this is, in words."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true/false", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def strict(scalar: Any) -> Callable[[Any, Any], Any]:
    """A hook for bool, int, str or float that takes no other; whole numbers are floats, too."""
    accepted: tuple[type, ...] = (int, float) if scalar is float else (scalar,)
    words = {bool: "true or false", int: "a whole number", str: "text", float: "a number"}[scalar]

    def check(value: Any, type_: Any) -> Any:
        if type_ is not scalar and isinstance(type_, type) and issubclass(type_, Enum):
            return member(value, type_)  # an enum of numbers or texts is found by what it derives from
        if not isinstance(value, accepted) or (isinstance(value, bool) and scalar is not bool):
            raise TypeError(f"expected {words}, got {described(value)}")
        return float(value) if scalar is float else value  # type: ignore[arg-type]

    return check


def is_literal(type_: Any) -> bool:
    """Whether it is ``Literal[…]``."""
    return get_origin(type_) is Literal


def literal(type_: Any) -> Callable[[Any, Any], Any]:
    """A hook for the values of a ``Literal``; types count, as ``1 == True`` in Python. Enums stand for their values."""
    allowed = {
        (type(plain), plain): choice
        for choice in get_args(type_)
        for plain in [choice.value if isinstance(choice, Enum) else choice]
    }
    shown = ", ".join(repr(plain) for _, plain in allowed)

    def one_of(value: Any, _: Any) -> Any:
        try:
            return allowed[type(value), value]
        except (KeyError, TypeError):  # a list or an object can't be looked up
            raise ValueError(f"expected one of {shown}, got {_shown(value)}") from None

    return one_of


def member(value: Any, type_: type[Enum]) -> Enum:
    """A hook for enums: the member with this value, which has its type, too."""
    try:
        found = type_(value)
    except ValueError:
        found = None
    if found is None or type(found.value) is not type(value):
        shown = ", ".join(repr(one.value) for one in type_)
        raise ValueError(f"expected one of {shown}, got {_shown(value)}")
    return found


def _shown(value: object) -> str:
    return repr(value[:60]) if isinstance(value, str) else described(value)


def is_plain_union(type_: Any) -> bool:
    """Whether it is ``int | str | None`` and the like, which cattrs refuses."""
    args = get_args(type_)
    return (
        get_origin(type_) in (Union, UnionType)
        and sum(arg is not _NONE for arg in args) > 1
        and all(arg in (str, int, float, bool, _NONE) for arg in args)
    )


def plain_union(type_: Any) -> Callable[[Any, Any], Any]:
    """A hook for such unions: a value is taken for what it is."""
    args = get_args(type_)

    def one_of(value: Any, _: Any) -> Any:
        if value is None and _NONE in args:
            return None
        if type(value) in args:
            return value
        if isinstance(value, int) and not isinstance(value, bool) and float in args:
            return float(value)
        raise TypeError(f"expected one of {', '.join(arg.__name__ for arg in args)}, got {described(value)}")

    return one_of
