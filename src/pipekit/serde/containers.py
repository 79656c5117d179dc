"""Lists, tuples, sets and mappings on the way in: cattrs would take a text's letters and an object's keys for items."""

from __future__ import annotations

import json
import re
from collections import OrderedDict, deque
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
    Set,
)
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args, get_origin, is_typeddict

import attrs

from pipekit.serde.scalars import described

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = [
    "in_order",
    "is_any_mapping",
    "is_list_like",
    "is_mapping",
    "is_pair_like",
    "list_like",
    "mapping",
    "pair_like",
    "plain_mapping",
]

#: What is made for each type whose items are all of one type. What only promises to be read is a tuple.
_LISTS: dict[object, Callable[[list[Any]], Any]] = {
    list: list,
    MutableSequence: list,
    tuple: tuple,
    Sequence: tuple,
    Collection: tuple,
    Iterable: tuple,
    set: set,
    MutableSet: set,
    frozenset: frozenset,
    Set: frozenset,
    deque: deque,
}
_MAPPINGS: dict[object, Callable[[dict[Any, Any]], Any]] = {
    dict: dict,
    Mapping: dict,
    MutableMapping: dict,
    OrderedDict: OrderedDict,
}
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]*")


def is_list_like(type_: Any) -> bool:
    """Whether it has any number of items of one type: ``list[T]``, ``tuple[T, ...]``, ``set[T]``, or these alone."""
    return (get_origin(type_) or type_) in _LISTS and not is_pair_like(type_)


def list_like(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """A hook for such types; all items that don't fit are told, each with its place."""
    make = _LISTS[get_origin(type_) or type_]
    item_type = next(iter(get_args(type_)), Any)
    hook = converter.get_structure_hook(item_type)

    def from_list(value: Any, _: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"expected a list, got {described(value)}")
        items: list[Any] = []
        errors: list[Exception] = []
        for index, item in enumerate(value):
            try:
                items.append(hook(item, item_type))
            except Exception as error:  # noqa: BLE001 - collected, and raised together below
                errors.append(_placed(error, index, item_type))
        _raise(errors, type_)
        return make(items)

    return from_list


def is_pair_like(type_: Any) -> bool:
    """Whether it is a tuple of a certain length: ``tuple[str, int]``, ``tuple[()]``."""
    return get_origin(type_) is tuple and hasattr(type_, "__args__") and get_args(type_)[1:] != (Ellipsis,)


def pair_like(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """A hook for such tuples."""
    item_types = get_args(type_)
    hooks = [(converter.get_structure_hook(item_type), item_type) for item_type in item_types]

    def from_list(value: Any, _: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"expected a list, got {described(value)}")
        if len(value) != len(hooks):
            raise ValueError(f"expected a list of {len(hooks)}, got one of {len(value)}")
        items: list[Any] = []
        errors: list[Exception] = []
        for index, (item, (hook, item_type)) in enumerate(zip(value, hooks, strict=True)):
            try:
                items.append(hook(item, item_type))
            except Exception as error:  # noqa: BLE001 - collected, and raised together below
                errors.append(_placed(error, index, item_type))
        _raise(errors, type_)
        return tuple(items)

    return from_list


def is_mapping(type_: Any) -> bool:
    """Whether it is ``dict`` or another of `_MAPPINGS`, with types of keys and values or without."""
    return (get_origin(type_) or type_) in _MAPPINGS


def mapping(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """A hook for such types; what only promises to be read is made a dict."""
    make = _MAPPINGS[get_origin(type_) or type_]
    key_type, value_type = get_args(type_) or (Any, Any)
    key_hook, value_hook = _key_hook(key_type, converter), converter.get_structure_hook(value_type)

    def from_mapping(value: Any, _: Any) -> Any:
        if not isinstance(value, Mapping):
            raise TypeError(f"expected an object, got {described(value)}")
        items: dict[Any, Any] = {}
        errors: list[Exception] = []
        for key, item in value.items():
            try:
                items[key_hook(key, key_type)] = value_hook(item, value_type)
            except Exception as error:  # noqa: BLE001 - collected, and raised together below
                errors.append(_placed(error, key, value_type))
        _raise(errors, type_)
        return make(items)

    return from_mapping


def _key_hook(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """A hook for keys, which are text in JSON: a whole number is read from its digits where one is asked for."""
    hook = converter.get_structure_hook(type_)
    is_number = type_ is int or (
        isinstance(type_, type) and issubclass(type_, Enum) and all(type(one.value) is int for one in type_)
    )

    def from_text(key: Any, key_type: Any) -> Any:
        digits = isinstance(key, str) and _WHOLE_NUMBER.fullmatch(key)
        return hook(int(key) if digits else key, key_type)

    return from_text if is_number else hook


def is_any_mapping(type_: Any) -> bool:
    """Whether it is a mapping of whichever kind, on its way out."""
    cls = get_origin(type_) or type_
    return isinstance(cls, type) and issubclass(cls, Mapping) and not (is_typeddict(cls) or attrs.has(cls))


def plain_mapping(type_: Any, converter: Converter) -> Callable[[Any], Any]:
    """A hook for such types: an object whose keys are text, made of texts, whole numbers, times and enums of these."""
    types = get_args(type_)
    plain = converter.get_unstructure_hook(types[1], cache_result=False) if len(types) == 2 else converter.unstructure

    def text_of(key: Any) -> Any:
        text = key if type(key) is str else converter.unstructure(key)
        if isinstance(text, int) and not isinstance(text, bool):
            return str(text)
        return text if isinstance(text, str) else _NoKey(key)

    def to_object(value: Any) -> Any:
        found = {text_of(key): plain(item) for key, item in value.items()}
        # Of two keys that are one in JSON the second would take the place of the first.
        twice = [key for key in value if not isinstance(key, str)] if len(found) < len(value) else []
        return {**found, **{_NoKey(key): None for key in twice}} if twice else found

    return to_object


class _NoKey:
    """Stands for a key that JSON has no text for, until `encode` refuses it with its place."""

    def __init__(self, key: object) -> None:
        self._key = key

    def __repr__(self) -> str:
        return repr(self._key)


def in_order(items: Iterable[Any]) -> list[Any]:
    """The plain items of a set, in an order that depends on nothing but themselves."""
    values = list(items)
    try:
        return sorted(values)
    except TypeError:  # objects, or texts beside numbers
        return sorted(values, key=lambda value: json.dumps(value, sort_keys=True, default=repr))


def _placed(error: Exception, place: object, type_: Any) -> Exception:
    """The error with a note from which cattrs makes its path."""
    from cattrs import IterableValidationNote

    note = IterableValidationNote(f"item {place}", place, type_)  # type: ignore[arg-type]
    error.__notes__ = [*getattr(error, "__notes__", []), note]
    return error


def _raise(errors: list[Exception], type_: Any) -> None:
    if errors:
        from cattrs import IterableValidationError

        raise IterableValidationError("items don't fit", errors, type_)
