"""Large values are checked, encoded and hashed beside the event loop; for small ones a thread would cost more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import attrs

from pipekit.workers import in_thread

__all__ = ["is_large", "sized"]

T = TypeVar("T")

#: About so many bytes of JSON, which take some ten milliseconds.
_LARGE = 100_000
#: What a value costs beside its text: a number, a comma, a name.
_EACH = 20


def is_large(value: object) -> bool:
    """Whether a value comes to a lot of JSON. Looks at no more of it than it takes to know."""
    size = 0
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        size += _EACH
        if isinstance(one, (str, bytes)):
            size += len(one)
        elif isinstance(one, (list, tuple, set, frozenset, dict)):
            if size + len(one) * _EACH <= _LARGE:
                waiting.extend(one.values() if isinstance(one, dict) else one)
            else:
                size = _LARGE
        elif attrs.has(type_ := type(one)):
            waiting.extend(getattr(one, field.name, None) for field in attrs.fields(type_))
        if size >= _LARGE:
            return True
    return False


async def sized(value: object, work: Callable[[], T]) -> T:
    """The result of ``work`` on ``value``, done beside the loop when that is large."""
    return await in_thread(work) if is_large(value) else work()
