"""A model is told the shape of its answer as the class has it: names, bounds, nothing besides."""

from __future__ import annotations

from typing import Literal

import pytest
from attrs import field, frozen, validators

from pipekit.errors import PluginError
from pipekit.llm.schema import schema_of


@frozen
class Part:
    """A part."""

    name: str = field(validator=validators.max_len(80))
    parts: tuple[Part, ...] = ()


@frozen
class Whole:
    """The whole of it,

    on ``two`` lines.
    """

    first_part: Part
    kind: Literal["a", "b"]
    share: float = field(validator=validators.and_(validators.ge(0), validators.le(1)))
    other_parts: tuple[Part, ...] = field(default=(), validator=validators.max_len(5))
    weight: int | None = field(default=None, validator=validators.optional(validators.gt(0)))


def test_the_root_is_an_object_with_the_names_of_json() -> None:
    schema = schema_of(Whole)
    assert (schema["type"], schema["title"]) == ("object", "Whole")
    assert list(schema["properties"]) == ["firstPart", "kind", "share", "otherParts", "weight"]
    assert schema["required"] == ["firstPart", "kind", "share"]
    assert schema["description"] == "The whole of it, on two lines."
    assert schema["properties"]["kind"] == {"enum": ["a", "b"]}


def test_nothing_that_nobody_asked_for_fits() -> None:
    schema = schema_of(Whole)
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Part"]["additionalProperties"] is False
    assert "default" not in str(schema)


def test_the_bounds_of_the_class_are_told() -> None:
    properties = schema_of(Whole)["properties"]
    assert (properties["share"]["minimum"], properties["share"]["maximum"]) == (0, 1)
    assert properties["otherParts"]["maxItems"] == 5
    assert schema_of(Part)["properties"]["name"]["maxLength"] == 80


def test_a_class_that_holds_itself_can_be_told() -> None:
    schema = schema_of(Part)
    assert schema["properties"]["parts"]["items"] == {"$ref": "#/$defs/Part"}
    assert "Part" in schema["$defs"]


@pytest.mark.parametrize("returns", [int, list[str], dict])
def test_what_is_neither_text_nor_a_class_is_refused(returns: type) -> None:
    with pytest.raises(PluginError, match="text or for an attrs class"):
        schema_of(returns)
