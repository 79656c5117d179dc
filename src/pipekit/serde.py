"""attrs values ↔ JSON, one way everywhere: camelCase names, ISO 8601 UTC times, strict on the way in.

``unstructure`` gives plain JSON values, ``structure`` checks them against a type and says where they don't fit,
``encode`` and ``decode`` are the bytes. ``cattrs`` is used here and nowhere else, and is loaded on first use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import attrs

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = [
    "JSON",
    "MisfitError",
    "camel_case",
    "decode",
    "encode",
    "is_immutable",
    "structure",
    "unstructure",
]

#: A plain JSON value: None, bool, int, float, str, list or dict with string keys.
JSON = Any

T = TypeVar("T")

#: Deeper nesting than any record of ours has; keeps a hostile file from exhausting the stack.
MAX_DEPTH = 200


class MisfitError(ValueError):
    """A value doesn't fit its type, or is no JSON; ``problems`` has a line for each place, with its path."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@cache
def camel_case(name: str) -> str:
    """The name on disk of a Python name: ``run_id`` → ``runId``."""
    first, *rest = name.strip("_").split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def encode(value: JSON) -> bytes:
    """Compact UTF-8 JSON; NaN, infinities, lone surrogates, cycles and foreign types raise `MisfitError`."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        return text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise MisfitError([_misfit(value) or str(error)]) from error


def decode(data: bytes | str) -> JSON:
    """The JSON value of ``data``; duplicate keys, NaN, too deep nesting and bad UTF-8 raise `MisfitError`."""
    try:
        text = data if isinstance(data, str) else data.decode()
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_no_duplicates)
    except RecursionError as error:
        raise MisfitError(["nested too deeply"]) from error
    except ValueError as error:
        raise MisfitError([str(error)]) from error


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return result


def _misfit(value: object, path: str = "$", depth: int = 0) -> str | None:
    """Where a value is no JSON, for the message; only called once encoding has failed."""
    if depth > MAX_DEPTH:
        return f"{path[:60]}…: nested too deeply, or refers to itself"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f"{path}: {value} is not JSON"
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            return f"{path}: lone surrogate at character {error.start}"
        return None
    if value is None or isinstance(value, (bool, int, float)):
        return None
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                return f"{path}: key {key!r} is not a string"
            if found := _misfit(key, path, depth + 1) or _misfit(item, f"{path}.{key}", depth + 1):
                return found
        return None
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            if found := _misfit(item, f"{path}[{index}]", depth + 1):
                return found
        return None
    return f"{path}: a value of type {type(value).__name__} is not JSON"


def unstructure(value: object) -> JSON:
    """Plain JSON values of attrs classes, enums, times, tuples, sets and mappings, names in camelCase."""
    try:
        return _converter().unstructure(value)
    except RecursionError as error:
        raise MisfitError(["$: nested too deeply, or refers to itself"]) from error


def structure(value: JSON, type_: type[T] | Any) -> T:
    """``value`` as a ``type_``; everything that doesn't fit is listed in a `MisfitError`, each with its path."""
    from cattrs import transform_error

    if type_ is None or type_ is type(None):
        if value is not None:
            raise MisfitError([f"$: expected nothing, got {_described(value)}"])
        return None  # type: ignore[return-value]
    try:
        return _converter().structure(value, type_)  # type: ignore[no-any-return]
    except RecursionError as error:
        raise MisfitError(["$: nested too deeply"]) from error
    except Exception as error:
        raise MisfitError(transform_error(error, format_exception=_sentence)) from error


def _sentence(error: BaseException, type_: type | None) -> str:
    from cattrs import ForbiddenExtraKeysError

    if isinstance(error, KeyError):
        return f"required field {error} is missing"
    if isinstance(error, ForbiddenExtraKeysError):
        return f"unknown field {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, (ValueError, TypeError)) and str(error):
        return str(error)
    return f"expected {getattr(type_, '__name__', type_)}, got something else ({type(error).__name__})"


def is_immutable(type_: Any) -> bool:
    """Whether values of this type can be shared: frozen attrs classes of immutable parts, tuples, scalars."""
    return _is_immutable(type_)


@cache
def _is_immutable(type_: Any) -> bool:
    if type_ in (str, int, float, bool, bytes, type(None), datetime, date, None):
        return True
    origin = get_origin(type_)
    if origin is Literal:
        return True
    if origin is tuple:
        return all(arg is Ellipsis or is_immutable(arg) for arg in get_args(type_))
    if origin is not None and str(origin) in ("typing.Union", "<class 'types.UnionType'>"):
        return all(is_immutable(arg) for arg in get_args(type_))
    if isinstance(type_, type) and issubclass(type_, Enum):
        return True
    if isinstance(type_, type) and attrs.has(type_):
        return _is_frozen(type_) and all(is_immutable(field) for field in _field_types(type_))
    return False


def _is_frozen(type_: type) -> bool:
    props = getattr(type_, "__attrs_props__", None)
    return bool(props is not None and props.is_frozen)


def _fields(type_: Any) -> tuple[Any, ...]:
    attrs.resolve_types(type_)
    return tuple(attrs.fields(type_))


def _field_types(type_: type) -> list[Any]:
    return [field.type for field in _fields(type_)]


@cache
def _converter() -> Converter:
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

    converter = Converter(
        forbid_extra_keys=True,
        detailed_validation=True,
        unstruct_collection_overrides={tuple: list, frozenset: sorted, set: sorted},
    )

    def renamed(cls: type) -> dict[str, Any]:
        return {field.name: override(rename=camel_case(field.name)) for field in _fields(cls)}

    def structure_factory(cls: Any) -> Callable[..., Any]:
        plain = get_origin(cls) or cls
        inner = make_dict_structure_fn(plain, converter, _cattrs_forbid_extra_keys=True, **renamed(plain))

        def from_mapping(value: Any, type_: Any) -> Any:
            if not isinstance(value, Mapping):
                raise TypeError(f"expected an object ({cls.__name__}), got {_described(value)}")
            return inner(value, type_)

        return from_mapping

    converter.register_structure_hook_factory(attrs.has, structure_factory)

    def unstructure_factory(cls: Any) -> Callable[..., Any]:
        plain = get_origin(cls) or cls
        return make_dict_unstructure_fn(plain, converter, **renamed(plain))

    converter.register_unstructure_hook_factory(attrs.has, unstructure_factory)
    for scalar in (bool, int, str, float):
        converter.register_structure_hook(scalar, _strict(scalar))
    converter.register_structure_hook(datetime, _to_datetime)
    converter.register_unstructure_hook(datetime, _from_datetime)
    converter.register_structure_hook_func(lambda t: t in (object, Any), lambda value, _: value)
    converter.register_structure_hook_factory(_is_list_like, lambda t: _list_like(t, converter))
    converter.register_structure_hook_factory(_is_plain_union, _plain_union)
    return converter


def _described(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true/false", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _strict(scalar: Any) -> Callable[[Any, Any], Any]:
    accepted: tuple[type, ...] = (int, float) if scalar is float else (scalar,)
    words = {bool: "true or false", int: "a whole number", str: "text", float: "a number"}[scalar]

    def check(value: Any, _: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and scalar is not bool):
            raise TypeError(f"expected {words}, got {_described(value)}")
        return float(value) if scalar is float else value  # type: ignore[arg-type]

    return check


def _to_datetime(value: Any, _: Any) -> datetime:
    if not isinstance(value, str):
        raise TypeError(f"expected an ISO 8601 time, got {_described(value)}")
    return datetime.fromisoformat(value).astimezone(UTC)


def _from_datetime(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


_LISTS: dict[object, type] = {list: list, tuple: tuple, Sequence: tuple}


def _is_list_like(type_: Any) -> bool:
    origin, args = get_origin(type_), get_args(type_)
    return origin in (list, Sequence) or (origin is tuple and len(args) == 2 and args[1] is Ellipsis)


def _list_like(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """Lists that refuse strings and mappings: cattrs would take their letters and keys for items."""
    from cattrs import IterableValidationError, IterableValidationNote

    make = _LISTS[get_origin(type_)]
    item_type = get_args(type_)[0]
    hook = converter.get_structure_hook(item_type)

    def from_list(value: Any, _: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"expected a list, got {_described(value)}")
        items: list[Any] = []
        errors: list[Exception] = []
        for index, item in enumerate(value):
            try:
                items.append(hook(item, item_type))
            except Exception as error:  # noqa: BLE001 - collected, and raised together below
                note = IterableValidationNote(f"item {index}", index, item_type)
                error.__notes__ = [*getattr(error, "__notes__", []), note]
                errors.append(error)
        if errors:
            raise IterableValidationError("list items don't fit", errors, type_)
        return make(items)

    return from_list


def _is_plain_union(type_: Any) -> bool:
    """``int | str | None`` and the like, which cattrs refuses."""
    args = get_args(type_)
    if str(get_origin(type_)) not in ("typing.Union", "<class 'types.UnionType'>"):
        return False
    return len([arg for arg in args if arg is not type(None)]) > 1 and all(
        arg in (str, int, float, bool, type(None)) for arg in args
    )


def _plain_union(type_: Any) -> Callable[[Any, Any], Any]:
    args = get_args(type_)

    def one_of(value: Any, _: Any) -> Any:
        if value is None and type(None) in args:
            return None
        if type(value) in args:
            return value
        if isinstance(value, int) and not isinstance(value, bool) and float in args:
            return float(value)
        raise TypeError(f"expected one of {', '.join(arg.__name__ for arg in args)}, got {_described(value)}")

    return one_of
