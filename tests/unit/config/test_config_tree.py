from __future__ import annotations

from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.config.keys import camel_case, fold_key
from pipekit.config.origin import DEFAULT, Origin
from pipekit.config.tree import from_plain
from pipekit.errors import ConfigError

MAPPING = Origin("mapping", "the given mapping")
#: No two of these are one key.
NAME = st.sampled_from(["a", "b_c", "Dé", "e f", "", "9"])
FIELD = st.from_regex(r"[a-z][a-z0-9]{0,6}(_[a-z][a-z0-9]{0,6}){0,3}", fullmatch=True)


@pytest.mark.parametrize("key", ["ragTopK", "rag_top_k", "RAG_TOP_K", "rag-top-k", "RagTopK"])
def test_keys_are_compared_without_case_underscores_and_dashes(key: str) -> None:
    assert fold_key(key) == fold_key("ragTopK")


@given(FIELD)
def test_every_field_is_the_same_key_in_camel_case(name: str) -> None:
    assert fold_key(camel_case(name)) == fold_key(name)


@given(FIELD)
def test_folding_twice_changes_nothing(name: str) -> None:
    assert fold_key(fold_key(name)) == fold_key(name)


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin("project", file="pipekit.yaml", line=14, column=3), "pipekit.yaml:14:3"),
        (Origin("project", file="pyproject.toml"), "pyproject.toml"),
        (Origin("environment", "PIPEKIT_LLM__MODEL"), "PIPEKIT_LLM__MODEL"),
        (Origin("flag", "--set steps.step3.model"), "--set steps.step3.model"),
        (DEFAULT, "default"),
    ],
)
def test_an_origin_reads_as_a_place(origin: Origin, text: str) -> None:
    assert str(origin) == text


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAME, JSON_VALUES, max_size=3))
def test_a_tree_gives_back_the_values_it_was_made_of(value: dict[str, object]) -> None:
    assert from_plain(value, MAPPING).plain() == value


def test_a_path_finds_a_value_however_it_is_spelled() -> None:
    tree = from_plain({"llm": {"providers": {"my-own": {"baseUrl": "x"}}}}, MAPPING)

    found = tree.at("LLM.providers.my_own.base_url")

    assert found is not None
    assert found.value == "x"


def test_a_path_of_python_counts_as_text() -> None:
    assert from_plain({"dir": Path("out")}, MAPPING).plain() == {"dir": "out"}


def test_two_spellings_of_one_key_in_a_mapping_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"ragTopK is given twice.*rag_top_k") as caught:
        from_plain({"steps": {"step4": {"rag_top_k": 1, "ragTopK": 2}}}, MAPPING)

    assert caught.value.field == "steps.step4.ragTopK"


def test_a_mapping_that_holds_itself_is_refused() -> None:
    ring: dict[str, object] = {}
    ring["ring"] = ring

    with pytest.raises(ConfigError, match="nested too deep"):
        from_plain(ring, MAPPING)


class _Colour(Enum):
    RED = 1


@pytest.mark.parametrize("value", [object(), b"bytes", _Colour.RED, lambda: None])
def test_a_value_that_no_file_could_hold_is_refused_by_its_type(value: object) -> None:
    with pytest.raises(ConfigError, match=f"store holds .* a {type(value).__name__}"):
        from_plain({"store": value}, MAPPING)


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="a key of llm is not text: 5"):
        from_plain({"llm": {5: "x"}}, MAPPING)
