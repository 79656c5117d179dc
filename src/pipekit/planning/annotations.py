"""Values are kept by the types of their fields: a class whose annotations aren't there at run time is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import attrs

from pipekit.errors import PipekitError, PluginError
from pipekit.planning.members import Member
from pipekit.serde import MisfitError, typed_fields

__all__ = ["annotation_faults"]


def annotation_faults(member: Member) -> list[PipekitError]:
    """The faults of the classes that a step makes and reads, and of all they are made of."""
    signature = member.signature
    read = [one.annotation for one in signature.parameters if one.kind in ("item", "artifact")]
    seen: set[type] = set()
    return [
        PluginError(
            f"the step {member.name} {verb} {cls.__qualname__}: {reason}",
            kind="annotation",
            plugin=member.package.partition(" ")[0] or None,
            step=member.name,
            hint="what a step makes and reads is kept and checked by the types of its fields",
        )
        for verb, types in (("makes", [signature.returns]), ("reads", read))
        for type_ in types
        for cls, reason in _unreadable(type_, seen)
    ]


def _unreadable(type_: Any, seen: set[type]) -> Iterator[tuple[type, str]]:
    for part in get_args(type_):
        yield from _unreadable(part, seen)
    cls = get_origin(type_) or type_
    if not (isinstance(cls, type) and attrs.has(cls)) or cls in seen:
        return
    seen.add(cls)
    try:
        fields = typed_fields(cls)
    except MisfitError as error:
        yield cls, error.problems[0]
        return
    for field in fields:
        yield from _unreadable(field.type, seen)
