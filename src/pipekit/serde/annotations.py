"""The types of a class's fields, looked up once: what isn't there at run time is told with class and field."""

from __future__ import annotations

import re
from typing import Any

import attrs

from pipekit.serde.encoding import MisfitError

__all__ = ["typed_fields"]


def typed_fields(cls: type) -> tuple[attrs.Attribute[Any], ...]:
    """The fields of an attrs class with their types; `MisfitError` where an annotation names what can't be found."""
    try:
        attrs.resolve_types(cls)
    except Exception as error:
        raise MisfitError([_sentence(cls, error)]) from error
    return tuple(attrs.fields(cls))


def _sentence(cls: type, error: Exception) -> str:
    if not isinstance(error, NameError):
        return f"the annotations of {cls.__qualname__} can't be read: {error}"
    named = re.compile(rf"\b{re.escape(str(error.name))}\b")
    fields = (one.name for one in attrs.fields(cls) if isinstance(one.type, str) and named.search(one.type))
    return (
        f"the field {cls.__qualname__}.{next(fields, '…')} is annotated {str(error.name)!r}, which can't be found "
        "at run time; import or define it at the top of its module, outside of `if TYPE_CHECKING`"
    )
