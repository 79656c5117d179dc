"""Lists, tuples, sets and mappings on the way in: cattrs would take a text's letters and an object's keys for items."""

from __future__ import annotations

from collections import deque
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
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pipekit.serde.scalars import described

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["is_list_like", "is_mapping", "is_pair_like", "list_like", "mapping", "pair_like"]

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
_MAPPINGS = (dict, Mapping, MutableMapping)


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
    """Whether it is ``dict``, ``Mapping`` or ``MutableMapping``, with types of keys and values or without."""
    return (get_origin(type_) or type_) in _MAPPINGS


def mapping(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """A hook for such types, which are made a dict."""
    key_type, value_type = get_args(type_) or (Any, Any)
    key_hook, value_hook = converter.get_structure_hook(key_type), converter.get_structure_hook(value_type)

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
        return items

    return from_mapping


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
