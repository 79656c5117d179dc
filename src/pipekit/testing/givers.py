"""Steps that give what a test says, so that the step under test gets its artifacts as in any run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

import attrs

from pipekit.errors import UsageError
from pipekit.interfaces.annotations import without_none
from pipekit.interfaces.steps import Step
from pipekit.planning.signature import Parameter, SignatureError, read_signature

__all__ = ["givers"]

_MAPPINGS = (Mapping, dict)


def givers(step: Step[..., Any, Any], artifacts: Mapping[str, object]) -> Iterator[Step[..., Any, Any]]:
    """A step for each artifact, typed as the step under test reads it."""
    try:
        parameters = read_signature(step).parameters
    except SignatureError:
        parameters = ()  # the plan says what is wrong with it
    by_name = {parameter.name: parameter for parameter in parameters if parameter.kind == "artifact"}
    item = next((parameter.annotation for parameter in parameters if parameter.kind == "item"), None)
    if step.each is not None and not _is_list(artifacts.get(step.each)):
        raise UsageError(
            f"{step.name} is worked on for each of {step.each}, so {step.each} has to be given, as a list of items",
            kind="argument",
        )
    for name, value in artifacts.items():
        if name == step.each:
            yield _giving(name, list(value), list[item if item is not None else object])  # type: ignore[call-overload, misc]
            continue
        parameter = by_name.get(name)
        if isinstance(value, Mapping) and parameter is not None and _is_fanned_out(step, parameter, value, artifacts):
            yield from _giving_each(step, name, value, parameter, artifacts, item)
        else:
            yield _giving(name, value, _type_of(value) if parameter is None else _whole(parameter, value))


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _whole(parameter: Parameter, value: object) -> Any:
    return _type_of(value) if parameter.annotation is object else parameter.annotation


def _type_of(value: object) -> Any:
    """A type with which a value goes through JSON, for an artifact that nobody takes by name."""
    if attrs.has(type(value)):
        return type(value)
    if isinstance(value, (list, tuple)) and value and attrs.has(type(value[0])):
        return list[type(value[0])]  # type: ignore[misc]
    return object


def _is_fanned_out(
    step: Step[..., Any, Any], parameter: Parameter, value: Mapping[Any, object], artifacts: Mapping[str, object]
) -> bool:
    if parameter.wants_all:
        return True
    if step.each is None:
        return False
    ids = _ids(step, artifacts[step.each])
    return bool(value) and set(value) <= set(ids) and get_origin(without_none(parameter.annotation)) not in _MAPPINGS


def _ids(step: Step[..., Any, Any], items: Any) -> list[str]:
    return [_id(step.item_key, item, position) for position, item in enumerate(items, start=1)]


def _id(item_key: Callable[[Any], str] | None, item: Any, position: int = 0) -> str:
    """As the engine has it."""
    if item_key is not None:
        return item_key(item)
    if isinstance(item, Mapping):
        return str(item.get("id", f"item-{position}"))
    return str(getattr(item, "id", None) or f"item-{position}")


def _giving(name: str, value: object, type_: Any) -> Step[..., Any, Any]:
    def give() -> Any:
        return value

    return _named(give, name, {"return": type_})


def _giving_each(
    step: Step[..., Any, Any],
    name: str,
    results: Mapping[str, object],
    parameter: Parameter,
    artifacts: Mapping[str, object],
    item: Any,
) -> Iterator[Step[..., Any, Any]]:
    """The results over the step's own collection, or over one of nothing but their ids where that has others."""
    type_ = (get_args(parameter.annotation) or (object,))[0] if parameter.wants_all else parameter.annotation
    if step.each is not None and set(results) == set(ids := _ids(step, artifacts[step.each])):
        left = iter(ids)  # one after the other, in the order of the items

        def give(one: Any) -> Any:
            return results[_id(step.item_key, one) if _has_id(step, one) else next(left)]

        yield _named(give, name, {"one": item, "return": type_}, each=step.each, item_key=step.item_key)
        return
    if not parameter.wants_all:
        missing = sorted(set(_ids(step, artifacts[step.each])) - set(results)) if step.each else []
        raise UsageError(f"{name} has no result for {', '.join(missing)}, and the step takes one of each item's")
    above = f"ids_of_{name}"
    yield _giving(above, [{"id": key} for key in results], list[dict[str, str]])

    def give_by_id(one: Any) -> Any:
        return results[one["id"]]

    yield _named(give_by_id, name, {"one": dict[str, str], "return": type_}, each=above)


def _has_id(step: Step[..., Any, Any], one: Any) -> bool:
    return step.item_key is not None or ("id" in one if isinstance(one, Mapping) else bool(getattr(one, "id", None)))


def _named(fn: Callable[..., Any], name: str, annotations: Mapping[str, Any], **options: Any) -> Step[..., Any, Any]:
    fn.__name__ = f"give_{name}"
    fn.__annotations__ = dict(annotations)
    return Step(fn, name=f"give-{name.replace('_', '-')}", provides=name, **options)
