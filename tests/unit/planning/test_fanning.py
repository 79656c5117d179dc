"""Fanning out: what is no collection, and items that a step can't take, are faults of the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from attrs import frozen

from pipekit import Each, Pipeline, Step, Workflow, step
from pipekit.errors import PipekitError, PlanError
from pipekit.planning.fanning import items_of


@frozen
class Word:
    id: str
    text: str


@frozen
class Named:
    id: str


@step(provides="words")
def split_text(text: str) -> list[Word]:
    return []


def faults(*steps: Step[..., Any, Any]) -> Sequence[PipekitError]:
    workflow = Workflow(name="w", input="text", input_type=str, steps=[split_text, *steps])
    try:
        Pipeline({}, workflow=workflow, plugins=[], store="memory:").plan()
    except PlanError as error:
        return error.faults
    return ()


def test_items_that_the_first_parameter_cannot_take_are_named_with_step_and_parameter() -> None:
    @step(each="words")
    def count(word: int) -> int:
        return word

    (fault,) = faults(count)
    assert str(fault) == "the step count takes each of 'words' as 'word': int, but its items are Word"
    assert (fault.kind, fault.step, fault.hint) == ("type", "count", "annotate it word: Word")


def test_results_of_items_that_the_next_fan_out_cannot_take_are_named_too() -> None:
    @step(provides="lengths", each="words")
    def measure(word: Word) -> int:
        return 1

    @step(each="lengths")
    def count(length: str) -> int:
        return 1

    (fault,) = faults(measure, count)
    assert "takes each of 'lengths' as 'length': str, but its items are int" in str(fault)


def test_a_text_is_no_collection() -> None:
    @step(each="text")
    def count(letter: str) -> int:
        return 1

    (fault,) = faults(count)
    assert str(fault) == "the step count takes each of 'text' as 'letter', but 'text' is no collection: it is str"
    assert "fan out over a list" in fault.hint


def test_a_view_of_the_items_and_values_that_only_a_run_shows_are_no_faults() -> None:
    @step(each="words")
    def name(word: Named) -> str:
        return word.id

    @step
    def anything(text: str) -> object:
        return []

    @step(each="anything")
    def count(thing: int) -> int:
        return 1

    assert faults(name, anything, count) == ()


@pytest.mark.parametrize(
    ("collection", "items"),
    [
        (list[int], int),
        (tuple[int, ...], int),
        (tuple[int, str], int | str),
        (frozenset[int], int),
        (Sequence[int], int),
        (Each[int], int),
        (list[int] | None, int),
        (list, object),
        (object, object),
        (str, None),
        (Mapping[str, int], None),
        (dict, None),
        (Word, None),
        (int | None, None),
    ],
)
def test_the_items_of_a_type(collection: Any, items: Any) -> None:
    assert items_of(collection) == items


def test_a_parameter_that_is_taken_by_position_only_is_named() -> None:
    @step
    def count(text: str, /) -> int:
        return 1

    (fault,) = faults(count)
    assert "the step count takes 'text' by position only" in str(fault)


def test_an_offline_rule_that_takes_by_position_only_is_named() -> None:
    def rule(text: str, /) -> int:
        return 1

    @step(offline=rule)
    def count(text: str) -> int:
        return 1

    (fault,) = faults(count)
    assert "the step count has an offline rule that takes 'text' by position only" in str(fault)
