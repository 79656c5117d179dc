"""Once for each item: bounded, in input order, failures kept apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from attrs import evolve, frozen

from pipekit.engine.binding import Item
from pipekit.engine.narrowing import narrow
from pipekit.engine.places import Door, Place, Places
from pipekit.engine.table import ArtifactTable
from pipekit.errors import PluginError, StepError
from pipekit.planning.plan import PlannedStep
from pipekit.serde import JSON, MisfitError, camel_case, structure

__all__ = ["Outcome", "fan_out", "id_key", "items_of"]

Work = TypeVar("Work")


@frozen(kw_only=True)
class Outcome(Generic[Work]):
    """What came of one item: its result, or the error."""

    item: Item
    result: Work | None = None
    error: Exception | None = None


def id_key(type_: object) -> str:
    """The name of an item's id on disk: ``candidateId`` for items of a class ``Candidate``, else ``itemId``."""
    name = getattr(type_, "__name__", "")
    if not name or type_ in (str, int, float, bool, object, dict, list):
        return "itemId"
    return camel_case(name[:1].lower() + name[1:]) + "Id"


def items_of(planned: PlannedStep, table: ArtifactTable) -> list[Item]:
    """The items of the step's collection, each as a value of the type that the first parameter asks for.

    `StepError` when the collection is none, or when two items have one id; `PluginError` when an item is no such value
    or its id can't be told.
    """
    step = planned.step
    assert step.each is not None
    fanned = table.fanned(step.each)
    if fanned is not None:
        return [_item(planned, table, key, value, key) for key, value in fanned.results.items()]
    collection = table.value(step.each)
    if not isinstance(collection, list):
        raise StepError(f"{step.each!r} is no collection, so nothing can be done for each of it", step=step.name)
    items: list[Item] = []
    seen: set[str] = set()
    for position, plain in enumerate(collection, start=1):
        item = _item(planned, table, "", plain, str(position))
        key = _item_id(planned, item.value, position)
        if key in seen:
            raise StepError(f"two items of {step.each!r} have the id {key!r}", kind="item-id", step=step.name)
        seen.add(key)
        items.append(evolve(item, id=key))
    return items


def _item(planned: PlannedStep, table: ArtifactTable, key: str, plain: JSON, place: str) -> Item:
    parameter = planned.signature.parameters[0]
    shown = narrow(plain, parameter.annotation)
    try:
        return Item(id=key, value=structure(shown, parameter.annotation), shown=shown)
    except MisfitError as error:
        collection = planned.step.each or ""
        maker = table.maker(collection)
        raise PluginError(
            f"item {place} of {collection!r}, made by {f'the step {maker}' if maker else 'the loader of the input'}, "
            f"is not what the step {planned.name} takes as {parameter.name!r}: {error.problems[0]}",
            kind="junk",
            hook="step",
            step=planned.name,
            hint=f"correct {maker}, then run it again: --from-step {maker}" if maker else "see what the input holds",
        ) from error


def _item_id(planned: PlannedStep, value: object, position: int) -> str:
    if planned.step.item_key is not None:
        try:
            key: object = planned.step.item_key(value)
        except Exception as error:
            raise PluginError(
                f"item_key of the step {planned.name} raised {type(error).__name__} on item {position} of "
                f"{planned.step.each!r}: {error}",
                kind="step-raised",
                plugin=planned.package.partition(" ")[0] or None,
                hook="step",
                step=planned.name,
                hint="item_key is called with each item, and gives its id as a text",
            ) from error
    elif isinstance(value, dict):
        key = value.get("id", f"item-{position}")
    else:
        key = getattr(value, "id", None) or f"item-{position}"
    if not isinstance(key, str) or not key.strip() or len(key) > 200 or not _is_text(key):
        raise StepError(f"item {position} of {planned.step.each!r} has no usable id: {key!r}", step=planned.name)
    return key


def _is_text(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:  # a lone surrogate, which no file takes
        return False
    return True


async def fan_out(
    items: Sequence[Item],
    work: Callable[[Item, Place], Awaitable[Work]],
    keep: Callable[[Item, Work], Awaitable[None]],
    *,
    rooms: Sequence[Places],
) -> list[Outcome[Work]]:
    """The outcome of each item in input order. One that fails lets the others finish; a cancellation ends them all.

    An item takes a place in each of ``rooms`` while it is worked on, and none while its result is being kept. An error
    of ``keep`` ends everything at once.
    """
    door = Door()

    async def one(item: Item) -> Outcome[Work]:
        async with Place(rooms) as place:
            await door.pass_through()
            try:
                result = await work(item, place)
            except Exception as error:  # noqa: BLE001 - kept apart, and judged once the others are done
                return Outcome(item=item, error=error)
        await keep(item, result)
        return Outcome(item=item, result=result)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item), name=f"item {item.id}") for item in items]
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return [task.result() for task in tasks]
