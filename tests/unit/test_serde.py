"""attrs values ↔ JSON: strict on the way in, camelCase on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from pipekit.serde import MisfitError, camel_case, decode, encode, is_immutable, structure, unstructure


@frozen(kw_only=True)
class Inner:
    rag_top_k: int
    kind: Literal["a", "b"] = "a"


@frozen(kw_only=True)
class Outer:
    inner: Inner
    items: tuple[Inner, ...] = ()
    at: datetime = datetime(2026, 1, 2, tzinfo=UTC)
    share: float = 0.5
    sure: bool = True
    key: int | str = 1
    notes: Mapping[str, str] = {}
    names: Sequence[str] = ()


plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(plain_json)
def test_every_json_value_survives_the_way_to_bytes_and_back(value: Any) -> None:
    try:
        data = encode(value)
    except MisfitError as error:
        assert "surrogate" in str(error)
    else:
        assert decode(data) == value


def test_a_value_survives_the_way_to_disk_and_back_with_camel_case_names() -> None:
    value = Outer(inner=Inner(rag_top_k=3), items=(Inner(rag_top_k=1, kind="b"),), key="x", notes={"a_b": "kept"})

    plain = unstructure(value)

    assert plain["inner"] == {"ragTopK": 3, "kind": "a"}
    assert plain["at"] == "2026-01-02T00:00:00Z"
    assert plain["notes"] == {"a_b": "kept"}
    assert structure(decode(encode(plain)), Outer) == value


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"sure": "false"}, "expected true or false, got text"),
        ({"sure": 1}, "expected true or false, got a number"),
        ({"inner": {"ragTopK": "3"}}, "expected a whole number, got text"),
        ({"inner": {"ragTopK": True}}, "expected a whole number, got true/false"),
        ({"inner": {"ragTopK": 3, "kind": "c"}}, "kind"),
        ({"inner": [1]}, "expected an object (Inner), got a list"),
        ({"items": "abc"}, "expected a list, got text"),
        ({"items": {"a": 1}}, "expected a list, got an object"),
        ({"share": "0.5"}, "expected a number, got text"),
        ({"names": "abc"}, "expected a list, got text"),
        ({"key": None}, "expected one of int, str, got null"),
        ({"at": 5}, "expected an ISO 8601 time"),
        ({"unknown": 1}, "unknown field unknown"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(change: dict[str, Any], complaint: str) -> None:
    plain = {**unstructure(Outer(inner=Inner(rag_top_k=3))), **change}

    with pytest.raises(MisfitError) as caught:
        structure(plain, Outer)

    assert complaint in str(caught.value)


def test_all_misfits_are_listed_each_with_its_path() -> None:
    with pytest.raises(MisfitError) as caught:
        structure({"inner": {"ragTopK": "x"}, "items": [{"ragTopK": 1}, {}], "sure": 0}, Outer)

    assert len(caught.value.problems) == 3
    assert any("items[1]" in problem for problem in caught.value.problems)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [1, float("-inf")]}])
def test_numbers_that_are_no_json_are_refused(value: object) -> None:
    with pytest.raises(MisfitError, match="is not JSON"):
        encode(value)


def test_a_lone_surrogate_is_refused_with_its_place() -> None:
    with pytest.raises(MisfitError, match=r"\$\.a\[0\]: lone surrogate"):
        encode({"a": ["\ud800"]})


def test_a_value_that_refers_to_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(MisfitError):
        encode(endless)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "[NaN]", "{", "[" * 100_000, b"\xff\xfe"])
def test_bytes_that_are_no_proper_json_are_refused(text: str | bytes) -> None:
    with pytest.raises(MisfitError):
        decode(text)


def test_objects_of_foreign_types_are_refused() -> None:
    with pytest.raises(MisfitError, match="a value of type object is not JSON"):
        encode({"a": object()})


def test_frozen_values_of_immutable_parts_can_be_shared() -> None:
    assert is_immutable(Inner)
    assert is_immutable(tuple[Inner, ...])
    assert not is_immutable(Outer), "it holds a mapping"
    assert not is_immutable(list[int])


@pytest.mark.parametrize(("name", "expected"), [("run_id", "runId"), ("a", "a"), ("rag_top_k", "ragTopK"), ("x_", "x")])
def test_names_on_disk_are_camel_case(name: str, expected: str) -> None:
    assert camel_case(name) == expected
