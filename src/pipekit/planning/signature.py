"""A step's parameters and return type, read once: which artifacts and services it needs."""

from __future__ import annotations

import inspect
import types
import typing
import weakref
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

import attrs
from attrs import frozen

from pipekit.interfaces.annotations import without_none
from pipekit.interfaces.llm_providers import LLM
from pipekit.interfaces.output_formats import Rendering
from pipekit.interfaces.retrievers import Retrieval
from pipekit.interfaces.steps import Artifacts, Each, Step, StepContext, is_settings
from pipekit.serde import MisfitError, typed_fields

__all__ = ["Parameter", "Service", "Signature", "SignatureError", "each_of", "fits", "item_type", "read_signature"]

Service = Literal["llm", "context", "artifacts", "retrieval", "rendering"]

_SERVICES: Mapping[object, Service] = {
    LLM: "llm",
    StepContext: "context",
    Artifacts: "artifacts",
    Retrieval: "retrieval",
    Rendering: "rendering",
}
_LIST_LIKE = (list, tuple, Sequence, Collection, Iterable)


class SignatureError(Exception):
    """A step's signature can't be read; the text says why and what to do."""


@frozen(kw_only=True)
class Parameter:
    """One parameter: an ``item`` of the collection, an ``artifact``, a ``service``, or a ``settings`` class."""

    name: str
    annotation: Any
    kind: Literal["item", "artifact", "service", "settings"]
    service: Service | None = None
    required: bool = True

    @property
    def wants_all(self) -> bool:
        """Whether it is annotated ``Each[T]``: all results of a fanned-out artifact."""
        return get_origin(self.annotation) is Each or self.annotation is Each


@frozen(kw_only=True)
class Signature:
    """What a step's function takes and gives; ``returns`` is the type of one call's result."""

    parameters: tuple[Parameter, ...]
    returns: Any
    is_async: bool

    @property
    def needs(self) -> tuple[Parameter, ...]:
        """The artifacts it reads, beside the item."""
        return tuple(parameter for parameter in self.parameters if parameter.kind == "artifact")

    def service(self, name: Service) -> Parameter | None:
        """The parameter that gets a service, or None."""
        return next((parameter for parameter in self.parameters if parameter.service == name), None)


def read_signature(step: Step[..., Any, Any]) -> Signature:
    """The step's signature; `SignatureError` where an annotation is missing or can't be found."""
    if step.needs is not None:
        # Made from a Runnable: the needs are named, their types are whatever is there.
        return Signature(
            parameters=tuple(Parameter(name=need, annotation=object, kind="artifact") for need in step.needs),
            returns=step.returns,
            is_async=True,
        )
    hints = _hints(step)
    parameters = list(inspect.signature(step.fn).parameters.values())
    found: list[Parameter] = []
    for index, parameter in enumerate(parameters):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise SignatureError(f"parameter *{parameter.name} can't be filled; name what the step needs")
        if parameter.name not in hints:
            raise SignatureError(f"parameter {parameter.name!r} has no annotation; add its type")
        annotation = hints[parameter.name]
        required = parameter.default is parameter.empty
        found.append(_parameter(parameter.name, annotation, required, is_item=bool(step.each) and index == 0))
    if "return" not in hints:
        raise SignatureError("has no return annotation; say what it makes (-> None for a step without a result)")
    if step.each and (not found or found[0].kind != "item"):
        raise SignatureError(f"is fanned out over {step.each!r}, but its first parameter takes no item")
    return Signature(parameters=tuple(found), returns=hints["return"], is_async=inspect.iscoroutinefunction(step.fn))


#: Annotations of steps: evaluating them costs more than all else of a plan, and a plan is made for each run. Kept by
#: step and not by function, which may be a callable that nothing can be kept by.
_READ: weakref.WeakKeyDictionary[Step[..., Any, Any], Mapping[str, Any]] = weakref.WeakKeyDictionary()


def _hints(step: Step[..., Any, Any]) -> Mapping[str, Any]:
    try:
        if step not in _READ:
            _READ[step] = typing.get_type_hints(step.fn)
        return _READ[step]
    except NameError as error:
        raise SignatureError(
            f"the annotation {error.name!r} can't be found when the plan is made; import it in the step's module "
            "at run time, outside `if TYPE_CHECKING`"
        ) from error
    except Exception as error:
        raise SignatureError(f"its annotations can't be read: {error}") from error


def _parameter(name: str, annotation: Any, required: bool, *, is_item: bool) -> Parameter:
    plain = without_none(annotation)
    if plain in _SERVICES:
        service = _SERVICES[plain]
        return Parameter(name=name, annotation=plain, kind="service", service=service, required=required)
    if is_settings(plain):
        return Parameter(name=name, annotation=plain, kind="settings", required=required)
    kind: Literal["item", "artifact"] = "item" if is_item else "artifact"
    if get_origin(plain) is Each:
        # "| None" is for the default; where there are results they are never None.
        annotation = plain
    return Parameter(name=name, annotation=annotation, kind=kind, required=required)


def each_of(type_: Any) -> Any:
    """``Each[T]`` of a type that is only known at run time."""
    return Each[type_]


def item_type(collection: Any) -> Any:
    """The type of the items of a list-like type, or of the results of ``Each[T]``; None when it is no collection."""
    origin, args = get_origin(collection), get_args(collection)
    if origin in _LIST_LIKE or origin is Each:
        return args[0] if args else object
    return object if collection in (object, Any, list, tuple) else None


def fits(made: Any, wanted: Any) -> bool:
    """Whether an artifact of type ``made`` can be handed to a parameter annotated ``wanted``.

    List-like types are one kind (an artifact is made anew for each reader), classes follow inheritance, an attrs class
    with some of the fields is a view of the whole, and what can't be decided here is left to the check of the value.
    """
    return _fits(made, wanted, set())


def _is_view(wanted: type, made: type, seen: set[tuple[type, type]]) -> bool:
    """Whether a class has some of another's fields and no more, so that its readers see these alone.

    Classes that hold themselves (a tree, and a view of its names) come by again in their own fields, and are decided
    by the others.
    """
    if not (attrs.has(wanted) and attrs.has(made)) or issubclass(wanted, made):
        return False
    if (wanted, made) in seen:
        return True
    try:
        whole = {field.name: field.type for field in typed_fields(made)}
        some = {field.name: field.type for field in typed_fields(wanted)}
    except MisfitError:
        return True  # told once, with the step that makes or reads it
    under_way = seen | {(wanted, made)}
    return bool(some) and all(name in whole and _fits(whole[name], type_, under_way) for name, type_ in some.items())


def _fits(made: Any, wanted: Any, seen: set[tuple[type, type]]) -> bool:
    if wanted in (Any, object) or made in (Any, object) or made == wanted:
        return True
    origin = get_origin(wanted)
    if origin in (Union, types.UnionType):
        return any(_fits(made, option, seen) for option in get_args(wanted))
    if get_origin(made) in (Union, types.UnionType):
        return all(_fits(option, wanted, seen) for option in get_args(made))
    if (get_origin(made) or made) in _LIST_LIKE and (origin or wanted) in _LIST_LIKE:
        return _fits(item_type(made) or object, item_type(wanted) or object, seen)
    if isinstance(made, type) and isinstance(wanted, type):
        return issubclass(made, wanted) or _is_view(wanted, made, seen)
    if get_origin(made) is Each:
        inner = get_args(wanted) or (object,)
        return (origin or wanted) in (Each, Mapping) and _fits(item_type(made), inner[-1], seen)
    if origin is Each:
        return False
    if isinstance(wanted, type):
        kind = get_origin(made)
        return not isinstance(kind, type) or issubclass(kind, wanted)
    return not (isinstance(made, type) and origin in _LIST_LIKE)
