"""Plain JSON values ↔ bytes: what is written can be read, and what can't be is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isinf
from typing import Any

__all__ = ["JSON", "MAX_DEPTH", "MisfitError", "decode", "encode"]

#: A plain JSON value: None, bool, int, float, str, list or dict with string keys.
JSON = Any

#: Deeper nesting than any record of ours has; keeps a hostile file from exhausting the stack of whoever reads it.
MAX_DEPTH = 200

_CONTAINERS = frozenset({dict, list, tuple})


class MisfitError(ValueError):
    """A value doesn't fit its type, or is no JSON; ``problems`` has a line for each place, with its path."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def encode(value: JSON) -> bytes:
    """Compact UTF-8 JSON.

    NaN, infinities, lone surrogates, cycles, foreign types and what `decode` wouldn't read for its depth raise
    `MisfitError`.
    """
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        data = text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise MisfitError([_misfit(value) or str(error)]) from error
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(value):
        raise MisfitError([_misfit(value) or _TOO_DEEP])
    return data


def decode(data: bytes | str) -> JSON:
    """The JSON value of ``data``.

    Duplicate keys, NaN, numbers too large for a float, bad UTF-8 and more than `MAX_DEPTH` levels raise `MisfitError`.
    """
    try:
        text = data if isinstance(data, str) else data.decode()
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_no_duplicates)
    except RecursionError as error:
        raise MisfitError([_TOO_DEEP]) from error
    except ValueError as error:
        raise MisfitError([str(error)]) from error
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(value):
        raise MisfitError([_TOO_DEEP])
    return value


_TOO_DEEP = f"nested too deeply, more than {MAX_DEPTH} levels"


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _no_duplicates(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return result


def _is_too_deep(value: JSON) -> bool:
    """Whether lists and objects lie in each other more than `MAX_DEPTH` deep; level by level, without recursion."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer) if type(inner) in _CONTAINERS]
        if not level:
            return False
    return True


def _inside(container: JSON) -> Any:
    return container.values() if isinstance(container, dict) else container


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
