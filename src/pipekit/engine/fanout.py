"""Once for each item: bounded, in input order, failures kept apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from attrs import frozen

from pipekit.engine.binding import Item
from pipekit.engine.table import ArtifactTable
from pipekit.errors import StepError
from pipekit.planning.plan import PlannedStep
from pipekit.serde import JSON, camel_case, structure

__all__ = ["Outcome", "fan_out", "id_key", "items_of"]


@frozen(kw_only=True)
class Outcome:
    """What came of one item: its result, or the error."""

    item: Item
    result: JSON = None
    error: BaseException | None = None


def id_key(type_: object) -> str:
    """The name of an item's id on disk: ``candidateId`` for items of a class ``Candidate``, else ``itemId``."""
    name = getattr(type_, "__name__", "")
    if not name or type_ in (str, int, float, bool, object, dict, list):
        return "itemId"
    return camel_case(name[:1].lower() + name[1:]) + "Id"


def items_of(planned: PlannedStep, table: ArtifactTable) -> list[Item]:
    """The items of the step's collection, each as a value of the type that the first parameter asks for.

    `StepError` when the collection is none, or when two items have one id.
    """
    step = planned.step
    assert step.each is not None
    parameter = planned.signature.parameters[0]
    fanned = table.fanned(step.each)
    if fanned is not None:
        return [Item(id=key, value=structure(value, parameter.annotation)) for key, value in fanned.results.items()]
    collection = table.value(step.each)
    if not isinstance(collection, list):
        raise StepError(f"{step.each!r} is no collection, so nothing can be done for each of it", step=step.name)
    items: list[Item] = []
    seen: set[str] = set()
    for position, plain in enumerate(collection, start=1):
        value = structure(plain, parameter.annotation)
        key = _item_id(planned, value, position)
        if key in seen:
            raise StepError(f"two items of {step.each!r} have the id {key!r}", kind="item-id", step=step.name)
        seen.add(key)
        items.append(Item(id=key, value=value))
    return items


def _item_id(planned: PlannedStep, value: object, position: int) -> str:
    if planned.step.item_key is not None:
        key: object = planned.step.item_key(value)
    elif isinstance(value, dict):
        key = value.get("id", f"item-{position}")
    else:
        key = getattr(value, "id", None) or f"item-{position}"
    if not isinstance(key, str) or not key.strip() or len(key) > 200:
        raise StepError(f"item {position} of {planned.step.each!r} has no usable id: {key!r}", step=planned.name)
    return key


async def fan_out(items: Sequence[Item], work: Callable[[Item], Awaitable[JSON]], *, concurrency: int) -> list[Outcome]:
    """The outcome of each item in input order. One that fails lets the others finish; a cancellation ends them all."""
    places = asyncio.Semaphore(max(1, concurrency))

    async def one(item: Item) -> Outcome:
        async with places:
            try:
                return Outcome(item=item, result=await work(item))
            except Exception as error:  # noqa: BLE001 - kept apart, and judged once the others are done
                return Outcome(item=item, error=error)

    tasks = [asyncio.create_task(one(item), name=f"item {item.id}") for item in items]
    try:
        return [await task for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
