"""attrs values ↔ plain JSON values, by hooks that take nothing for something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_origin

import attrs

from pipekit.serde.annotations import typed_fields
from pipekit.serde.containers import (
    in_order,
    is_any_mapping,
    is_list_like,
    is_mapping,
    is_pair_like,
    list_like,
    mapping,
    pair_like,
    plain_mapping,
)
from pipekit.serde.encoding import JSON, MisfitError
from pipekit.serde.scalars import described, is_literal, is_plain_union, literal, member, plain_union, strict

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["camel_case", "structure", "unstructure"]

T = TypeVar("T")


@cache
def camel_case(name: str) -> str:
    """The name on disk of a Python name: ``run_id`` → ``runId``."""
    first, *rest = name.strip("_").split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


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
            raise MisfitError([f"$: expected nothing, got {described(value)}"])
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


@cache
def _converter() -> Converter:
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

    converter = Converter(
        forbid_extra_keys=True,
        detailed_validation=True,
        unstruct_collection_overrides={tuple: list, frozenset: in_order, set: in_order},
    )

    def renamed(cls: type) -> dict[str, Any]:
        return {field.name: override(rename=camel_case(field.name)) for field in typed_fields(cls)}

    def structure_factory(cls: Any) -> Callable[..., Any]:
        plain = get_origin(cls) or cls
        inner = make_dict_structure_fn(plain, converter, _cattrs_forbid_extra_keys=True, **renamed(plain))

        def from_mapping(value: Any, type_: Any) -> Any:
            if not isinstance(value, Mapping):
                raise TypeError(f"expected an object ({cls.__name__}), got {described(value)}")
            return inner(value, type_)

        return from_mapping

    converter.register_structure_hook_factory(attrs.has, structure_factory)

    def unstructure_factory(cls: Any) -> Callable[..., Any]:
        plain = get_origin(cls) or cls
        return make_dict_unstructure_fn(plain, converter, **renamed(plain))

    converter.register_unstructure_hook_factory(attrs.has, unstructure_factory)
    for scalar in (bool, int, str, float):
        converter.register_structure_hook(scalar, strict(scalar))
    converter.register_structure_hook(datetime, _to_datetime)
    converter.register_unstructure_hook(datetime, _from_datetime)
    converter.register_structure_hook(date, _to_date)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook_func(lambda t: t in (object, Any), lambda value, _: value)
    converter.register_unstructure_hook_factory(is_any_mapping, lambda t: plain_mapping(t, converter))
    converter.register_structure_hook(Enum, member)
    converter.register_structure_hook_factory(is_literal, literal)
    converter.register_structure_hook_factory(is_list_like, lambda t: list_like(t, converter))
    converter.register_structure_hook_factory(is_pair_like, lambda t: pair_like(t, converter))
    converter.register_structure_hook_factory(is_mapping, lambda t: mapping(t, converter))
    converter.register_structure_hook_factory(is_plain_union, plain_union)
    return converter


def _to_datetime(value: Any, _: Any) -> datetime:
    if not isinstance(value, str):
        raise TypeError(f"expected an ISO 8601 time, got {described(value)}")
    return datetime.fromisoformat(value).astimezone(UTC)


def _from_datetime(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _to_date(value: Any, _: Any) -> date:
    if not isinstance(value, str):
        raise TypeError(f"expected an ISO 8601 date, got {described(value)}")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"expected an ISO 8601 date such as 2026-11-24, got {value[:40]!r}") from error
