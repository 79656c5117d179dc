"""JSON values ↔ bytes: what is written can be read, the rest is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.serde import MAX_DEPTH, MisfitError, decode, encode

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


@pytest.mark.parametrize("text", ["1e999", '{"a": [-1e400]}', "9" * 400 + ".0"])
def test_a_number_that_python_can_only_call_infinite_is_refused(text: str) -> None:
    with pytest.raises(MisfitError, match="is too large"):
        decode(text)


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_what_is_written_can_be_read_however_deep_it_is() -> None:
    assert decode(encode(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(MisfitError, match="nested"):
        encode(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 900, 100_000])
def test_too_many_levels_are_refused_on_the_way_in(levels: int) -> None:
    with pytest.raises(MisfitError, match=f"nested too deeply, more than {MAX_DEPTH} levels"):
        decode("[" * levels + "]" * levels)


def test_many_lists_beside_each_other_are_not_deep() -> None:
    value: Any = [[{"a": []}] for _ in range(5 * MAX_DEPTH)]
    assert decode(encode(value)) == value
    assert decode(encode("[" * 5 * MAX_DEPTH)) == "[" * 5 * MAX_DEPTH
