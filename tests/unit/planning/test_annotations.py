"""A class whose annotations are there for type checkers only is told before the run, with step, class and field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen

from pipekit import Pipeline, Selection, Step, Text, Workflow, step
from pipekit.errors import PlanError, PluginError

if TYPE_CHECKING:
    from decimal import Decimal  # noqa: TC004 - that is the mistake


@frozen
class Price:
    shop: str
    amount: Decimal


@frozen
class Offer:
    prices: tuple[Price, ...]


@frozen
class Glimpse:
    amount: Decimal | None


@frozen
class Odd:
    amount: Path.nothing  # type: ignore[name-defined]


@step
def price(text: str) -> Price:
    raise AssertionError("nothing runs")


@step(provides=("shop", "amount"))
def parts(text: str) -> Price:
    raise AssertionError("nothing runs")


@step
def offer(text: str) -> Offer:
    raise AssertionError("nothing runs")


@step(provides="found")
def optional(text: str) -> list[Price] | None:
    raise AssertionError("nothing runs")


@step
def odd(text: str) -> Odd:
    raise AssertionError("nothing runs")


@step
def reader(price: Glimpse) -> int:
    raise AssertionError("nothing runs")


@step
def fine(text: str) -> int:
    return len(text)


def workflow(*steps: Step[..., Any, Any]) -> Pipeline:
    made = Workflow(name="w", input="text", input_type=str, steps=list(steps))
    return Pipeline(workflow=made, plugins=[], environ={}, store="memory:")


def told(*steps: Step[..., Any, Any]) -> Sequence[str]:
    with pytest.raises(PlanError) as caught:
        workflow(*steps).run(Text("hello"))
    assert all(isinstance(fault, PluginError) and fault.kind == "annotation" for fault in caught.value.faults)
    return [fault.message for fault in caught.value.faults]


MISSING = (
    "the field Price.amount is annotated 'Decimal', which can't be found at run time; import or define it at the top "
    "of its module, outside of `if TYPE_CHECKING`"
)


@pytest.mark.parametrize("made", [price, parts, offer, optional], ids=lambda made: made.name)
def test_the_fault_names_step_class_and_field_and_says_what_to_do(made: Step[..., Any, Any]) -> None:
    assert told(made) == [f"the step {made.name} makes Price: {MISSING}"]


def test_a_view_that_cannot_be_read_is_told_beside_what_it_looks_at() -> None:
    first, second = told(price, reader)
    assert first == f"the step price makes Price: {MISSING}"
    assert second.startswith("the step reader reads Glimpse: the field Glimpse.amount is annotated 'Decimal'")


def test_another_mistake_in_an_annotation_is_told_with_its_class() -> None:
    (said,) = told(odd)
    assert said.startswith("the step odd makes Odd: the annotations of Odd can't be read: ")
    assert "nothing" in said


def test_a_step_that_does_not_run_needs_no_annotations() -> None:
    result = workflow(fine, price, reader).run(Text("hello"), select=Selection(only=["fine"]))
    assert result.view.artifact("fine", int) == 5
