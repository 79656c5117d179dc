"""What factories of plugins ask for: their parameters by annotation, and the settings classes among them."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from pipekit.config.structuring import NoSettings, field_names, fill
from pipekit.config.tree import EMPTY, Node
from pipekit.errors import ConfigError
from pipekit.interfaces.annotations import without_none
from pipekit.interfaces.steps import is_settings
from pipekit.plugins.calling import said_by

__all__ = ["AnnotationsError", "arguments_of", "block_faults", "fill_block"]

Factory = Callable[..., Any]
T = TypeVar("T")


class AnnotationsError(TypeError):
    """The annotations of a factory can't be read: a name that isn't there at run time, or what is no type."""


def arguments_of(
    factory: Factory, settings_of: Callable[[type], object], by_type: Mapping[type, object]
) -> dict[str, Any]:
    """What a factory's parameters get, by annotation; a parameter with a default that nothing fits keeps it."""
    arguments: dict[str, Any] = {}
    for parameter, wanted in _parameters(factory):
        if is_settings(wanted):
            arguments[parameter.name] = settings_of(wanted)
        elif isinstance(wanted, type) and by_type.get(wanted) is not None:
            arguments[parameter.name] = by_type[wanted]
        elif parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            raise TypeError(
                f"nothing fits its parameter {parameter.name!r}: annotate it with a settings class or StoreURL"
            )
    return arguments


def fill_block(
    factory: Factory, cls: type[T], block: Node | None, path: str, *, ignore: Collection[str] = ()
) -> tuple[T | None, list[ConfigError]]:
    """One of the factory's settings classes, filled from its block; keys of its other classes are no fault."""
    others = [name for other in _settings_classes(factory) if other is not cls for name in field_names(other)]
    return fill(cls, EMPTY if block is None else block, path, ignore=[*ignore, *others])


def block_faults(factory: Factory, block: Node, path: str, *, ignore: Collection[str] = ()) -> list[ConfigError]:
    """What is wrong with a factory's block, without a call of it: for one that takes no settings every key is."""
    classes = _settings_classes(factory) or [NoSettings]
    return [fault for cls in classes for fault in fill_block(factory, cls, block, path, ignore=ignore)[1]]


def _settings_classes(factory: Factory) -> list[type[Any]]:
    return [wanted for _, wanted in _parameters(factory) if is_settings(wanted)]


def _parameters(factory: Factory) -> list[tuple[inspect.Parameter, Any]]:
    """The parameters with their annotations, ``X`` for ``X | None``; none of what has no signature, such as `int`.

    `AnnotationsError` for a factory that has some and whose author made a mistake in them.
    """
    target = factory.__init__ if inspect.isclass(factory) else factory
    try:
        parameters = inspect.signature(factory).parameters.values()
        hints = typing.get_type_hints(target)
    except (TypeError, ValueError):
        return []
    except Exception as error:
        raise AnnotationsError(f"its annotations can't be read: {type(error).__name__}: {said_by(error)}") from error
    return [(parameter, without_none(hints.get(parameter.name))) for parameter in parameters]
