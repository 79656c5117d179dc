from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.config.layers import Assignment, Override, assigned, merge
from pipekit.config.origin import Origin
from pipekit.config.tree import from_plain
from pipekit.errors import UsageError

LOW = Origin("project", file="low.yaml")
HIGH = Origin("flag", "--set")
KEY = st.sampled_from(["a", "b", "c"])
LEAF = st.booleans() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2)
TREE = st.dictionaries(KEY, st.recursive(LEAF, lambda inner: st.dictionaries(KEY, inner, max_size=3), max_leaves=6))


def _reference(low: object, high: object) -> object:
    if isinstance(low, dict) and isinstance(high, dict):
        return {**low, **{key: _reference(low[key], high[key]) if key in low else high[key] for key in high}}
    return high


@given(TREE, TREE)
def test_mappings_merge_by_key_and_all_else_replaces(low: dict[str, object], high: dict[str, object]) -> None:
    assert merge([from_plain(low, LOW), from_plain(high, HIGH)]).plain() == _reference(low, high)


@given(TREE, TREE, TREE)
def test_it_does_not_matter_which_layers_are_merged_first(
    one: dict[str, object], two: dict[str, object], three: dict[str, object]
) -> None:
    a, b, c = from_plain(one, LOW), from_plain(two, LOW), from_plain(three, HIGH)

    assert merge([merge([a, b]), c]).plain() == merge([a, b, c]).plain()


@given(TREE)
def test_an_empty_layer_changes_nothing(low: dict[str, object]) -> None:
    tree = from_plain(low, LOW)

    assert merge([tree, from_plain({}, HIGH)]).plain() == tree.plain()


def test_every_value_remembers_its_layer() -> None:
    merged = merge([from_plain({"a": {"x": 1, "y": 2}}, LOW), from_plain({"A": {"Y": 3}}, HIGH)])

    x, y = merged.at("a.x"), merged.at("a.y")
    assert x is not None
    assert y is not None
    assert (x.value, x.origin) == (1, LOW)
    assert (y.value, y.origin) == (3, HIGH)


def test_a_key_with_nothing_under_it_leaves_the_mapping_below() -> None:
    assert merge([from_plain({"llm": {"a": 1}}, LOW), from_plain({"llm": None}, HIGH)]).plain() == {"llm": {"a": 1}}


def test_an_override_is_parsed_at_its_first_equals_sign() -> None:
    override = Override.parse("steps.step3.model=openrouter/x=y")

    assert (override.path, override.text) == ("steps.step3.model", "openrouter/x=y")
    assert override.label == "--set steps.step3.model"


@pytest.mark.parametrize("text", ["steps.step3.model", "=x", ".a=x", "a..b=x", "a.=x", ""])
def test_an_override_without_setting_or_value_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--set needs a setting and a value"):
        Override.parse(text)


def test_a_name_that_holds_a_dot_is_quoted_in_a_path() -> None:
    override = Override.parse('llm. models ."openai/gpt-4.1-mini".window=1000')
    assert override.path == 'llm.models."openai/gpt-4.1-mini".window'
    tree, faults = assigned([Assignment(override.path, from_plain(1000, HIGH), HIGH)], "flag")
    assert not faults
    models = tree.at("llm.models")
    assert models is not None
    assert [entry.name for entry in models.entries] == ["openai/gpt-4.1-mini"]


@pytest.mark.parametrize("path", ['a."b', 'a."b"c.d', '"a', "", "a..b"])
def test_a_path_whose_quotes_do_not_close_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="needs a setting and a value"):
        Override.parse(f"{path}=1")


def test_the_spelling_of_the_file_stays_when_a_variable_is_laid_over_it() -> None:
    merged = merge([from_plain({"ragTopK": 1}, LOW), from_plain({"RAG_TOP_K": 2}, HIGH)])
    assert merged.plain() == {"ragTopK": 2}


def test_two_flags_that_each_give_a_group_are_laid_over_each_other() -> None:
    given = [Assignment("llm", from_plain(value, HIGH), HIGH) for value in ({"a": 1, "b": 1}, {"b": 2})]
    tree, faults = assigned(given, "flag", last_wins=True)
    assert (tree.plain(), faults) == ({"llm": {"a": 1, "b": 2}}, [])
