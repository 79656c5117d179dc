"""The shape of a step's file, both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.errors import StateError
from pipekit.state.artifacts import Fanned, ItemError, from_file, to_file

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["value", "itemId", "itemError", "score"]), inner),
    max_leaves=8,
)
IDS = st.text(min_size=1, max_size=5)


@given(results=st.dictionaries(IDS, VALUES), failed=st.dictionaries(IDS, st.tuples(st.text(), st.booleans())))
def test_results_of_items_come_back_from_the_file_as_they_were(
    results: dict[str, Any], failed: dict[str, tuple[str, bool]]
) -> None:
    failed = {item: error for item, error in failed.items() if item not in results}
    fanned = Fanned(results, {item: ItemError(*error) for item, error in failed.items()})
    content = json.loads(json.dumps(to_file(fanned)))
    assert from_file(content, provides=["x"], is_whole=True, is_fanned=True) == {"x": fanned}


def test_a_file_lists_the_items_in_the_order_they_were_given() -> None:
    fanned = Fanned({"b": {"score": 1}, "a": 2}, {"c": ItemError("no words", skipped=True)})
    assert to_file(fanned, id_key="wordId", order=["a", "c", "b"]) == {
        "items": [
            {"wordId": "a", "value": 2},
            {"wordId": "c", "itemError": "no words", "skipped": True},
            {"wordId": "b", "score": 1},
        ]
    }


@given(VALUES)
def test_a_whole_value_is_the_file(value: Any) -> None:
    assert from_file(to_file(value), provides=["x"], is_whole=True, is_fanned=False) == {"x": value}


def test_several_artifacts_are_found_under_their_names_in_json() -> None:
    content = {"firstOne": 1, "second": 2}
    assert from_file(content, provides=["first_one", "second"], is_whole=False, is_fanned=False) == {
        "first_one": 1,
        "second": 2,
    }


@pytest.mark.parametrize("content", [None, 3, [], "items", {"items": None}, {"items": [3]}, {"items": [{}]}])
def test_a_file_of_another_shape_is_damage_with_the_way_out(content: Any) -> None:
    with pytest.raises(StateError, match="output of weigh") as caught:
        from_file(content, provides=["weights"], is_whole=True, is_fanned=True, name="weigh")
    assert "--from-step weigh" in caught.value.hint
    with pytest.raises(StateError, match="lacks one of"):
        from_file(content, provides=["first", "second"], is_whole=False, is_fanned=False, name="weigh")
