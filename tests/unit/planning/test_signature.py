"""What a step's parameters and return type say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from attrs import frozen

from pipekit import LLM, Artifacts, Each, Rendering, Retrieval, StepContext, settings, step
from pipekit.planning.signature import SignatureError, fits, item_type, read_signature


@frozen
class Thing:
    id: str


@frozen
class SpecialThing(Thing):
    pass


@frozen
class Tree:
    name: str
    size: int
    children: tuple[Tree, ...] = ()


@frozen
class Names:
    name: str
    children: tuple[Names, ...] = ()


@frozen
class Weights:
    name: str
    children: tuple[Heavy, ...] = ()


@frozen
class Heavy:
    weight: float
    children: tuple[Heavy, ...] = ()


@settings
class Knobs:
    size: int = 1


def test_services_and_settings_are_told_by_type_and_artifacts_by_name() -> None:
    @step
    def gather(
        things: list[Thing],
        model: LLM,
        ctx: StepContext,
        everything: Artifacts,
        search: Retrieval,
        files: Rendering,
        knobs: Knobs,
        extra: int = 0,
    ) -> str:
        return ""

    signature = read_signature(gather)

    assert [need.name for need in signature.needs] == ["things", "extra"]
    assert [need.required for need in signature.needs] == [True, False]
    assert {p.name: p.service for p in signature.parameters if p.service} == {
        "model": "llm",
        "ctx": "context",
        "everything": "artifacts",
        "search": "retrieval",
        "files": "rendering",
    }
    assert [p.name for p in signature.parameters if p.kind == "settings"] == ["knobs"]
    assert signature.returns is str
    assert not signature.is_async


def test_the_first_parameter_of_a_fanned_out_step_is_the_item() -> None:
    @step(each="things")
    async def weigh(thing: Thing, things: Sequence[Thing], weight: Each[int]) -> int:
        return 1

    signature = read_signature(weigh)

    assert [p.kind for p in signature.parameters] == ["item", "artifact", "artifact"]
    assert signature.parameters[2].wants_all
    assert signature.is_async


def test_all_results_of_a_step_that_may_be_left_out_are_asked_for_with_none() -> None:
    @step
    async def add_up(weight: Each[int] | None = None) -> int:
        return sum((weight or {}).values())

    (parameter,) = read_signature(add_up).parameters
    assert (parameter.wants_all, parameter.required) == (True, False)


def test_a_missing_annotation_is_named() -> None:
    def careless(thing) -> int:  # type: ignore[no-untyped-def]
        return 1

    with pytest.raises(SignatureError, match="'thing' has no annotation"):
        read_signature(step(careless))


def test_a_missing_return_annotation_is_named() -> None:
    def careless(thing: int):  # type: ignore[no-untyped-def]
        return 1

    with pytest.raises(SignatureError, match="no return annotation"):
        read_signature(step(careless))


def test_an_annotation_that_exists_only_for_type_checkers_is_named_with_what_to_do() -> None:
    def careless(thing: Nowhere) -> int:  # type: ignore[name-defined]  # noqa: F821
        return 1

    with pytest.raises(SignatureError, match="'Nowhere' can't be found.*TYPE_CHECKING"):
        read_signature(step(careless))


def test_star_arguments_cannot_be_filled() -> None:
    def careless(*things: int) -> int:
        return 1

    with pytest.raises(SignatureError, match="can't be filled"):
        read_signature(step(careless))


@pytest.mark.parametrize(
    ("made", "wanted", "expected"),
    [
        (Thing, Thing, True),
        (SpecialThing, Thing, True),
        (Thing, SpecialThing, False),
        (tuple[Thing, ...], list[Thing], True),
        (tuple[SpecialThing, ...], Sequence[Thing], True),
        (tuple[Thing, ...], list[str], False),
        (Thing, Thing | None, True),
        (Thing | None, Thing, False),
        (int, str, False),
        (str, object, True),
        (Each[Thing], Each[Thing], True),
        (Each[Thing], Each[str], False),
        (Each[Thing], Each, True),
        (Each[Thing], Mapping, True),
        (Each[Thing], Thing, False),
        (Thing, list[Thing], False),
    ],
)
def test_an_artifact_fits_its_type_and_supertypes(made: Any, wanted: Any, expected: bool) -> None:
    assert fits(made, wanted) is expected


def test_the_item_type_of_a_collection_is_known() -> None:
    assert item_type(tuple[Thing, ...]) is Thing
    assert item_type(Each[Thing]) is Thing
    assert item_type(int) is None


def test_a_view_of_a_class_that_holds_itself_is_decided_by_its_other_fields() -> None:
    assert fits(Tree, Names)
    assert fits(list[Tree], list[Names])
    assert not fits(Names, Tree), "a name has no size"
    assert not fits(Tree, Weights), "a tree's children have no weight"
