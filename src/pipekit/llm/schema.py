"""From an attrs class to the JSON schema that a model is held to: root in place, camelCase, bounds, no extra keys."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import attrs

from pipekit.errors import PluginError
from pipekit.serde import JSON, camel_case, typed_fields

__all__ = ["schema_of"]

_OPERATORS = {"<=": "maximum", ">=": "minimum", "<": "exclusiveMaximum", ">": "exclusiveMinimum"}


def schema_of(returns: type[Any]) -> dict[str, JSON]:
    """The schema of an attrs class, an object at its root; `PluginError` for what can't be described."""
    import msgspec

    if not attrs.has(returns):
        raise PluginError(
            f"a model can be asked for text or for an attrs class, not for {returns!r}",
            kind="returns",
            hint="wrap it in an attrs class with one field",
        )
    try:
        schema = msgspec.json.schema(returns)
    except TypeError as error:
        raise PluginError(
            f"{returns.__name__} can't be described to a model: {error}",
            kind="returns",
            hint="use plain types, lists, Literal and other attrs classes; no union of two classes",
        ) from error
    definitions: dict[str, Any] = schema.pop("$defs", {})
    for cls in {cls.__name__: cls for cls in _classes(returns, set())}.values():
        _bound(cls, definitions.get(cls.__name__))
    name = str(schema.pop("$ref", "")).rpartition("/")[2]
    root = copy.deepcopy(definitions[name]) if name in definitions else schema
    left = {key: value for key, value in definitions.items() if key != name or f"#/$defs/{name}" in str(definitions)}
    described = _written({**root, **({"$defs": left} if left else {})})
    assert isinstance(described, dict)
    described.setdefault("description", f"The answer, a {returns.__name__}.")
    return described


def _classes(type_: Any, seen: set[Any]) -> Iterator[type]:
    """Every attrs class that a type is made of, itself first."""
    if isinstance(type_, type) and attrs.has(type_):
        if type_ in seen:
            return
        seen.add(type_)
        yield type_
        for field in typed_fields(type_):
            yield from _classes(field.type, seen)
    for part in get_args(type_):
        yield from _classes(part, seen)


def _bound(cls: type, definition: dict[str, Any] | None) -> None:
    """Say in the schema what the class's validators will hold the answer to."""
    properties = (definition or {}).get("properties", {})
    for field in attrs.fields(cls):
        known = properties.get(field.name)
        if known is not None and "$ref" not in known:
            for key, value in _bounds(field.validator, is_text=known.get("type") == "string"):
                known[key] = value


def _bounds(validator: Any, *, is_text: bool) -> Iterator[tuple[str, Any]]:
    """What an attrs validator says, as far as a schema has words for it."""
    for part in getattr(validator, "_validators", ()):
        yield from _bounds(part, is_text=is_text)
    inner = getattr(validator, "validator", None)
    if inner is not None:
        yield from _bounds(inner, is_text=is_text)
    if getattr(validator, "compare_op", None) in _OPERATORS:
        yield _OPERATORS[validator.compare_op], validator.bound
    for name, of_text, of_list in (
        ("max_length", "maxLength", "maxItems"),
        ("min_length", "minLength", "minItems"),
    ):
        length = getattr(validator, name, None)
        if isinstance(length, int):
            yield of_text if is_text else of_list, length


def _written(schema: JSON) -> JSON:
    """The schema with the names of JSON, one-line descriptions, and no room for keys that nobody asked for."""
    if isinstance(schema, list):
        return [_written(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    found: dict[str, JSON] = {}
    for key, value in schema.items():
        if key == "properties":
            found[key] = {camel_case(name): _written(inner) for name, inner in value.items()}
        elif key == "$defs":
            found[key] = {name: _written(inner) for name, inner in value.items()}
        elif key == "required":
            found[key] = [camel_case(name) for name in value]
        elif key == "description" and isinstance(value, str):
            found[key] = " ".join(value.replace("``", "").split())
        elif key not in ("default", "enum", "const"):
            found[key] = _written(value)
        elif key != "default":
            found[key] = value
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found["additionalProperties"] = False
    return found
