"""Fill an attrs class from a tree, strictly, and report everything that is wrong at its own line and column.

Strict means: ``"false"`` is no truth value, ``"5"`` and ``true`` are no numbers, ``5.0`` is no whole number, NaN and
infinity are no numbers at all, a list is no class, and a key that the class doesn't know is a fault. A whole number is
taken where a number is asked for. Text from environment variables and flags, where nobody can quote, is taken as it
stands where text is asked for.
"""

from __future__ import annotations

import collections.abc
import functools
import math
import types
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from pipekit.config.faults import describe, fault, is_secret_key, masked, suggestion
from pipekit.config.keys import camel_case, fold_key
from pipekit.config.tree import EMPTY, Block, Entry, Node
from pipekit.errors import ConfigError, PluginError
from pipekit.secrecy import MASK

__all__ = ["COMPUTED", "NoSettings", "default_of", "field_names", "fill", "settable_fields"]

T = TypeVar("T")

#: Metadata of a field that the program sets and no configuration may.
COMPUTED = {"pipekit_computed": True}


class _Wrong:
    """Stands for a value that has a fault already."""


_WRONG = _Wrong()


@attrs.frozen
class NoSettings:
    """What a thing without settings is filled from: a block in which every key is unknown."""


def field_names(cls: type) -> tuple[str, ...]:
    """The keys that a settings class takes, in camelCase."""
    return tuple(camel_case(attribute.alias or attribute.name) for attribute in settable_fields(cls))


def fill(
    cls: type[T], node: Node | None, field_path: str = "", *, ignore: Collection[str] = (), called: str = "setting"
) -> tuple[T | None, list[ConfigError]]:
    """An instance of an attrs class out of a mapping, or None and all that is wrong with it.

    ``field_path`` begins the names in messages (``steps.step4``); keys in ``ignore`` belong to somebody else and are
    passed over, but offered in suggestions. No block at all gives the defaults. ``called`` is what a person calls a
    key of such a file.
    """
    walk = _Walk(called)
    value = walk.instance(cls, EMPTY if node is None else node, field_path, ignore)
    return (value if isinstance(value, cls) and not walk.faults else None), walk.faults


def settable_fields(cls: type) -> list[attrs.Attribute[Any]]:
    """The fields of a settings class that a configuration may set, in order."""
    return [one for one in attrs.fields(cls) if one.init and not one.metadata.get("pipekit_computed")]


@functools.lru_cache(maxsize=512)
def _attributes(cls: type) -> Mapping[str, attrs.Attribute[Any]]:
    """What may be set, by the form in which keys are compared."""
    return {fold_key(one.alias or one.name): one for one in settable_fields(cls)}


@functools.lru_cache(maxsize=512)
def _hints(cls: type) -> Mapping[str, Any]:
    """Its annotations. They are read once: evaluating them costs more than all else, and each step has settings."""
    try:
        return get_type_hints(cls)
    except (NameError, TypeError, AttributeError) as error:
        raise PluginError(
            f"the settings class {cls.__module__}.{cls.__qualname__} has an annotation that can't be read: {error}",
            hint="import what it names at run time, not only under TYPE_CHECKING",
        ) from error


class _Walk:
    """One pass over a tree, collecting faults."""

    def __init__(self, called: str) -> None:
        self.called = called
        self.faults: list[ConfigError] = []

    def wrong(self, node: Node, path: str, expected: str, hint: str = "") -> _Wrong:
        key = path.rpartition(".")[2]
        if node.value is None:
            hint = "give it a value, or remove the line"
        self.faults.append(
            fault(
                f"{path or 'the configuration'} must be {expected}, not {describe(node.value, key)}",
                node.origin,
                field=path or None,
                hint=hint or f"write {expected}",
            )
        )
        return _WRONG

    # -- classes ----------------------------------------------------------------------------------------------------

    def instance(self, cls: type, node: Node, path: str, ignore: Collection[str] = ()) -> object:
        if node.value is None:
            node = Node({}, node.origin)
        if not node.is_mapping:
            names = field_names(cls)
            example = f", such as {{{names[0]}: …}}" if names else ""
            return self.wrong(node, path, "a mapping", f"write a mapping of settings{example}")
        hints = _hints(cls)
        attributes = _attributes(cls)
        before = len(self.faults)
        self._unknown(node, attributes, path, ignore)
        given: dict[str, object] = {}
        places: dict[str, Node] = {}
        for key, attribute in attributes.items():
            name = camel_case(attribute.alias or attribute.name)
            below = f"{path}.{name}" if path else name
            child = node.get(key)
            if child is None:
                if attribute.default is attrs.NOTHING:
                    self.faults.append(fault(f"{below} is missing", node.origin, field=below, hint=f"set {below}"))
                continue
            value = self.value(hints.get(attribute.name, object), child, below)
            if value is not _WRONG:
                given[attribute.alias or attribute.name] = value
                places[attribute.name] = child
        if len(self.faults) > before:
            self._validate(cls, given, places, node, path)
            return _WRONG
        try:
            instance: object = cls(**given)
        except (ValueError, TypeError) as error:
            if not self._validate(cls, given, places, node, path):
                self.faults.append(
                    fault(
                        f"{path or 'the configuration'} can't be taken{_reason(error)}",
                        node.origin,
                        field=path or None,
                        hint="correct the values of this block",
                    )
                )
            return _WRONG
        except Exception as error:
            raise _raised(cls, error, path) from error
        return instance

    def _unknown(
        self, node: Node, attributes: Mapping[str, attrs.Attribute[Any]], path: str, ignore: Collection[str]
    ) -> None:
        passed_over = {fold_key(name) for name in ignore}
        for entry in node.entries:
            key = fold_key(entry.name)
            if key in attributes or key in passed_over:
                continue
            known = [camel_case(one.alias or one.name) for one in attributes.values()]
            below = f"{path}.{entry.name}" if path else entry.name
            self.faults.append(unknown_key(entry, below, [*known, *ignore], self.called))

    def _validate(
        self, cls: type, given: Mapping[str, object], places: Mapping[str, Node], node: Node, path: str
    ) -> bool:
        """Run each field's own validator, so that every refused value is reported and not only the first."""
        probe: object = object.__new__(cls)
        for attribute in attrs.fields(cls):
            alias = attribute.alias or attribute.name
            is_set = node.get(alias) is not None
            value = given.get(alias, attrs.NOTHING) if is_set else default_of(attribute)
            # A field with a fault of its own stays unset; a validator that looks at it can't judge.
            if value is not attrs.NOTHING:
                object.__setattr__(probe, attribute.name, value)
        found = False
        for attribute in attrs.fields(cls):
            if attribute.validator is None or attribute.name not in places:
                continue
            try:
                attribute.validator(probe, attribute, given[attribute.alias or attribute.name])
            except (ValueError, TypeError) as error:
                place = places[attribute.name]
                name = camel_case(attribute.alias or attribute.name)
                below = f"{path}.{name}" if path else name
                self.faults.append(
                    fault(
                        f"{below} can't be {describe(place.value, name)}{_reason(error, name, place.plain())}",
                        place.origin,
                        field=below,
                        hint="give it a value that is allowed",
                    )
                )
                found = True
            except AttributeError:
                # It looks at a field that has a fault of its own; that one is reported.
                continue
            except Exception as error:
                raise _raised(cls, error, path) from error
        return found

    # -- values -----------------------------------------------------------------------------------------------------

    def value(self, type_: Any, node: Node, path: str) -> object:
        """The node's value as the annotated type, or `_WRONG` after a fault."""
        while isinstance(type_, NewType):
            if type_ is Block:
                return self._block(node, path)
            type_ = type_.__supertype__
        if type(type_).__name__ == "TypeAliasType":  # `type X = …` of Python 3.12
            return self.value(type_.__value__, node, path)
        origin = get_origin(type_)
        if origin is Annotated:
            return self.value(get_args(type_)[0], node, path)
        if type_ is Node:
            return node
        if type_ is Any or type_ is object:
            return node.plain()
        if origin in (Union, types.UnionType):
            return self._union(get_args(type_), node, path)
        if origin is Literal:
            return self._choice({option: option for option in get_args(type_)}, node, path)
        if isinstance(type_, type) and origin is None:
            return self._simple(type_, node, path)
        if origin in _LISTS or origin is tuple:
            return self._list(origin, get_args(type_), node, path)
        if origin in _MAPPINGS:
            return self._mapping(get_args(type_), node, path)
        raise _unfit(type_, path)

    def _block(self, node: Node, path: str) -> object:
        if node.value is None:
            return Node({}, node.origin)
        return node if node.is_mapping else self.wrong(node, path, "a mapping", "write `name:` lines below it")

    def _simple(self, type_: type, node: Node, path: str) -> object:
        if attrs.has(type_):
            return self.instance(type_, node, path)
        if issubclass(type_, Enum):
            return self._choice({member.value: member for member in type_}, node, path)
        value = node.value
        if type_ is bool:
            return value if isinstance(value, bool) else self.wrong(node, path, "true or false")
        if type_ is int:
            is_int = isinstance(value, int) and not isinstance(value, bool)
            return value if is_int else self.wrong(node, path, "a whole number", _unquote(value))
        if type_ is float:
            return self._number(node, path)
        if type_ is str:
            text = value if node.text is None else node.text
            return text if isinstance(text, str) else self.wrong(node, path, "text", _quote(value))
        if type_ is types.NoneType:
            return None if value is None else self.wrong(node, path, "left out")
        if issubclass(Path, type_) or issubclass(type_, Path):
            text = value if node.text is None else node.text
            return Path(text) if isinstance(text, str) else self.wrong(node, path, "a path", _quote(value))
        if type_ in _LISTS or type_ is tuple:
            return self._list(type_, (object, ...), node, path)
        if type_ in _MAPPINGS:
            return self._mapping((str, object), node, path)
        raise _unfit(type_, path)

    def _number(self, node: Node, path: str) -> object:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.wrong(node, path, "a number", _unquote(value))
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        return number if math.isfinite(number) else self.wrong(node, path, "a finite number")

    def _choice(self, options: Mapping[object, object], node: Node, path: str) -> object:
        for option, meant in options.items():
            if type(option) is type(node.value) and option == node.value:
                return meant
            if node.text is not None and option == node.text:
                return meant
        words = [_word(option) for option in options]
        hint = suggestion(node.value, words) if isinstance(node.value, str) else f"write one of {', '.join(words)}"
        return self.wrong(node, path, f"one of {', '.join(words)}" if len(words) > 1 else words[0], hint)

    def _union(self, members: Sequence[Any], node: Node, path: str) -> object:
        if node.value is None and types.NoneType in members:
            return None
        others = [member for member in members if member is not types.NoneType]
        if len(others) == 1:
            return self.value(others[0], node, path)
        trials: list[_Walk] = []
        # An exact match first: the text of a flag would else become text wherever a number is meant as well.
        ordered = sorted(others, key=lambda member: member is str) if not isinstance(node.value, str) else others
        for member in ordered:
            trial = _Walk(self.called)
            value = trial.value(member, node, path)
            if value is not _WRONG:
                return value
            trials.append(trial)
        inside = [trial for trial in trials if any(one.field != path for one in trial.faults)]
        if inside:
            # The shape fitted and something within did not; that is the nearer explanation.
            self.faults.extend(inside[0].faults)
            return _WRONG
        return self.wrong(node, path, " or ".join(_name(member) for member in others))

    def _list(self, origin: Any, arguments: Sequence[Any], node: Node, path: str) -> object:
        if not isinstance(node.value, tuple):
            key = path.rpartition(".")[2]
            shown = f"[{node.value}]" if isinstance(node.value, str) and masked(key, node.value) != MASK else "[…]"
            return self.wrong(node, path, "a list", f"write {shown}")
        fixed = origin is tuple and arguments and arguments[-1] is not Ellipsis
        if fixed and len(arguments) != len(node.value):
            self.faults.append(
                fault(
                    f"{path} must have {len(arguments)} values, not {len(node.value)}",
                    node.origin,
                    field=path,
                    hint="give exactly as many",
                )
            )
            return _WRONG
        types_ = arguments if fixed else [arguments[0] if arguments else object] * len(node.value)
        items = [
            self.value(type_, item, f"{path}[{i}]") for i, (type_, item) in enumerate(zip(types_, node, strict=True))
        ]
        if any(item is _WRONG for item in items):
            return _WRONG
        if origin in (list, collections.abc.MutableSequence):
            return items
        if origin in (set, frozenset, collections.abc.Set):
            return frozenset(items) if origin is not set else set(items)
        return tuple(items)

    def _mapping(self, arguments: Sequence[Any], node: Node, path: str) -> object:
        if node.value is None:
            return {}
        if not node.is_mapping:
            return self.wrong(node, path, "a mapping", "write `name: value` lines below it")
        key_type, value_type = arguments or (str, object)
        filled = {}
        for entry in node.entries:
            key = self.value(key_type, Node(entry.name, entry.origin, text=entry.name), f"{path}.{entry.name}")
            value = self.value(value_type, entry.value, f"{path}.{entry.name}")
            if key is not _WRONG and value is not _WRONG:
                filled[key] = value
        return filled if len(filled) == len(node.entries) else _WRONG


_LISTS = (
    list,
    set,
    frozenset,
    collections.abc.Sequence,
    collections.abc.MutableSequence,
    collections.abc.Collection,
    collections.abc.Iterable,
    collections.abc.Set,
)
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def unknown_key(entry: Entry, path: str, known: Sequence[str], called: str = "setting") -> ConfigError:
    """The fault of a key that nothing knows."""
    hint = suggestion(entry.name, known)
    if is_secret_key(entry.name) and not hint.startswith("did you mean"):
        hint = "secrets are read from the environment only; set the variable that the provider names"
    hint = hint or "remove it"
    if entry.origin.layer == "flag" and entry.value.is_mapping:
        hint += "; a name that holds a dot goes in quotes: --set 'llm.models.\"openai/gpt-4.1-mini\".window=1000'"
    return fault(f"there is no {called} {path}", entry.origin, field=path, hint=hint)


def _raised(cls: type, error: Exception, path: str) -> PluginError:
    return PluginError(
        f"the settings class {cls.__module__}.{cls.__qualname__} raised {type(error).__name__} for {path}",
        hint="a validator refuses a value with ValueError; report this to the plugin's author",
    )


def _unfit(type_: object, path: str) -> PluginError:
    return PluginError(
        f"the setting {path} has a type that no configuration can give: {_name(type_)}",
        hint="use bool, int, float, str, Literal, Enum, Path, tuple, Mapping, an attrs class, or one of these or None",
    )


def _reason(error: Exception, name: str = "", value: object = None) -> str:
    # A validator may repeat the value it refuses; of a secret not even that is told.
    return "" if masked(name, value) == MASK or not error.args else f": {error.args[0]}"


def _word(option: object) -> str:
    if isinstance(option, bool):
        return "true" if option else "false"
    return "nothing" if option is None else str(option)


def default_of(attribute: attrs.Attribute[Any]) -> object:
    """The default of a field as a fresh value; `attrs.NOTHING` where it has none or where it depends on the others."""
    default: Any = attribute.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return attrs.NOTHING if default.takes_self else default.factory()
    return default


def _name(type_: Any) -> str:
    if get_origin(type_) is Literal:
        return " or ".join(_word(option) for option in get_args(type_))
    if type_ in _NAMES:
        return _NAMES[type_]
    plain = get_origin(type_) or type_
    if plain in _LISTS or plain is tuple:
        return "a list"
    if plain in _MAPPINGS or (isinstance(plain, type) and attrs.has(plain)):
        return "a mapping"
    return getattr(type_, "__name__", str(type_))


def _unquote(value: object) -> str:
    return (
        "write it without quotes"
        if isinstance(value, str) and value.strip().lstrip("+-").replace(".", "").isdigit()
        else ""
    )


def _quote(value: object) -> str:
    return "put it in quotes" if isinstance(value, bool | int | float) else ""
