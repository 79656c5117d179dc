"""YAML becomes nodes or an error with its place; nothing in it is made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.yaml_nodes import NotYamlError, compose


def test_nodes_know_what_they_are_and_where_they_stand() -> None:
    (key, value), (_, words) = compose("a: 1\nb: [x, 'y']").value
    assert (key.id, key.value, value.tag) == ("scalar", "a", "tag:yaml.org,2002:int")
    assert (words.id, words.start_mark.line, words.start_mark.column) == ("sequence", 1, 3)


def test_an_empty_text_has_no_node() -> None:
    assert compose("# nothing\n") is None


def test_an_alias_is_the_node_that_it_names_and_costs_nothing() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    assert len(compose("\n".join(lines)).value) == 60
    (_, itself), *_ = compose("a: &a [*a]").value
    assert itself.value == [itself]


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("a: [1", "expected ',' or ']', but got '<stream end>'", (1, 6)),
        ("a: 1\nb: \x07", "a character that YAML doesn't allow, U\\+0007", (2, 4)),
        ('x: "\\UFFFFFFFF"', "an escape names no character", (1, 5)),
        ('a: 1\nx: "\\U00110000"', "an escape names no character", (2, 5)),
        ('a: 1\nx: "\\ud800"', "half of a character", (2, 4)),
        ("[" * 50_000, "maximum depth", (1, 101)),
        ("- " * 50_000, "maximum depth", (1, 201)),
        ("--- a\n--- b", "another document", (2, 1)),
        ("a: *b", "undefined alias", (1, 4)),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(text: str, problem: str, place: tuple[int, int] | None) -> None:
    with pytest.raises(NotYamlError, match=problem) as caught:
        compose(text)
    assert caught.value.place == place


@given(st.text(alphabet=st.sampled_from(list("abU0Fd8\\\"'!&*<>%@-?:,[]{}|#\n\t ")), max_size=60))
def test_any_text_is_nodes_or_an_error_of_ours(text: str) -> None:
    try:
        compose(text)
    except NotYamlError as error:
        assert error.problem
