"""What a step is fanned out over: whether it is a collection, and whether its items are what the step takes."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import date
from enum import Enum
from typing import Any, Union, get_args, get_origin

import attrs

from pipekit.errors import PipekitError, PluginError
from pipekit.interfaces.steps import Each
from pipekit.planning.members import Member
from pipekit.planning.needs import Makers, shown
from pipekit.planning.signature import fits

__all__ = ["fan_fault", "items_of"]

#: What becomes a list on disk, and so can be taken apart into items.
_COLLECTIONS = (list, tuple, set, frozenset, Sequence, Collection, Iterable, Set)
#: What surely doesn't, text among them: it is a sequence to Python, and one value here.
_SINGLE = (str, bytes, int, float, bool, complex, date, Enum, Mapping, type(None))


def items_of(collection: Any) -> Any:
    """The type of the items of a collection or of the results of ``Each[T]``; None when it surely is no collection.

    ``object`` where only the value can tell.
    """
    origin, args = get_origin(collection), get_args(collection)
    if origin in (Union, types.UnionType):
        options = [found for found in map(items_of, args) if found is not None]
        return Union[tuple(options)] if options else None  # noqa: UP007 - of types that are known only now
    if origin is Each or origin in _COLLECTIONS:
        if origin is tuple and args and args[-1] is not Ellipsis:
            return Union[args]  # noqa: UP007 - the same
        return args[0] if args else object
    plain = origin or collection
    if isinstance(plain, type) and (issubclass(plain, _SINGLE) or attrs.has(plain)):
        return None
    return object


def fan_fault(member: Member, makers: Makers) -> PipekitError | None:
    """The fault of a step that is fanned out over no collection, or over one whose items don't fit its parameter."""
    each = member.step.each
    if each is None or (each != makers.input and each not in makers.by_artifact):
        return None
    made = makers.type_of(each)
    parameter = member.signature.parameters[0]
    plugin = member.package.partition(" ")[0] or None
    items = items_of(made)
    if items is None:
        return PluginError(
            f"the step {member.name} takes each of {each!r} as {parameter.name!r}, "
            f"but {each!r} is no collection: it is {shown(made)}",
            kind="type",
            plugin=plugin,
            step=member.name,
            hint=f"fan out over a list, or take {each!r} whole: without each=, and with a parameter {each!r}",
        )
    if fits(items, parameter.annotation):
        return None
    return PluginError(
        f"the step {member.name} takes each of {each!r} as {parameter.name!r}: {shown(parameter.annotation)}, but its "
        f"items are {shown(items)}",
        kind="type",
        plugin=plugin,
        step=member.name,
        hint=f"annotate it {parameter.name}: {shown(items)}",
    )
