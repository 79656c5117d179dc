"""Fill a step's parameters: the item, artifacts by name, services and settings by type."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from pipekit.engine.copying import copied
from pipekit.engine.table import ArtifactTable
from pipekit.planning.plan import PlannedStep
from pipekit.planning.signature import Parameter, Service
from pipekit.serde import JSON

__all__ = ["Item", "MissingInputError", "TableArtifacts", "bind", "is_per_item"]


class MissingInputError(Exception):
    """An item lacks a result that the step needs, so the step leaves the item out; the text says which."""


@frozen(kw_only=True)
class Item:
    """One item of the collection that a step is fanned out over; ``shown`` is what the step sees of it, as JSON."""

    id: str
    value: Any
    shown: JSON = None


class TableArtifacts:
    """The service `Artifacts`: everything made so far."""

    def __init__(self, table: ArtifactTable) -> None:
        self._table = table

    @property
    def names(self) -> Sequence[str]:
        """Names of all artifacts there are."""
        return self._table.names

    def get(self, name: str, type_: type[Any]) -> Any:
        """The artifact as a ``type_``; `KeyError` when nothing made it."""
        return self._table.get(name, type_)


def bind(
    planned: PlannedStep, table: ArtifactTable, services: Mapping[Service, Any], item: Item | None
) -> dict[str, Any]:
    """The keyword arguments for one call of the step; `MissingInputError` when this item lacks one."""
    arguments: dict[str, Any] = {}
    wanted = _offline_parameters(planned) if planned.uses_offline_rule else None
    for parameter in planned.signature.parameters:
        if wanted is not None and parameter.name not in wanted:
            continue
        if parameter.kind == "item":
            assert item is not None
            arguments[parameter.name] = copied(item.value, parameter.annotation)
        elif parameter.kind == "settings":
            arguments[parameter.name] = copied(planned.settings[parameter.name])
        elif parameter.service is not None:
            if parameter.service in services:
                arguments[parameter.name] = services[parameter.service]
        else:
            _bind_artifact(planned, parameter, table, item, arguments)
    return arguments


def is_per_item(planned: PlannedStep, parameter: Parameter, table: ArtifactTable) -> bool:
    """Whether each item of the step gets its own result of this artifact, and not the whole of it."""
    return (
        planned.step.each is not None
        and table.collection(parameter.name) is not None
        and table.root(parameter.name) == table.root(planned.step.each)
        and not parameter.wants_all
    )


def _bind_artifact(
    planned: PlannedStep, parameter: Parameter, table: ArtifactTable, item: Item | None, arguments: dict[str, Any]
) -> None:
    if parameter.name not in table:
        if parameter.required:
            raise MissingInputError(f"{parameter.name!r} was not made")
        return
    if not is_per_item(planned, parameter, table):
        arguments[parameter.name] = table.get(parameter.name, parameter.annotation)
        return
    assert item is not None
    fanned = table.fanned(parameter.name)
    assert fanned is not None
    if item.id in fanned.results:
        arguments[parameter.name] = table.get_result(parameter.name, item.id, parameter.annotation)
    elif parameter.required:
        why = fanned.errors.get(item.id)
        raise MissingInputError(f"{parameter.name!r} is missing for it" + (f": {why.reason}" if why else ""))


def _offline_parameters(planned: PlannedStep) -> frozenset[str]:
    assert planned.step.offline is not None
    return frozenset(inspect.signature(planned.step.offline).parameters)
