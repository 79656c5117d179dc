"""Questions in a file, and the answers read back from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipekit.cli.answer_files import answer_template, parse_answers, questions_document
from pipekit.errors import InputError
from pipekit.state.record import AskedQuestion

KEYS = ["s/candidate-1/approval", "s/who asks", 's/"a": b#', "s/-", "true"]


def question(key: str, **more: Any) -> AskedQuestion:
    return AskedQuestion(key=key, step="s", text="What\nis: it?", context="- seen\n\x1b[31m# so", **more)


def parse(text: str) -> Any:
    return parse_answers(text.encode(), "a.yaml")


def test_a_template_that_nobody_filled_in_answers_nothing() -> None:
    text = answer_template("run-1", [question(key) for key in KEYS], file="a.yaml")
    assert "\x1b" not in text
    assert (parse(text).run, parse(text).answers) == ("run-1", {})


@pytest.mark.parametrize("key", KEYS)
def test_what_is_written_behind_a_key_of_the_template_is_its_answer(key: str) -> None:
    lines = answer_template("run-1", [question(one) for one in KEYS], file="a.yaml").splitlines()
    place = [index for index, line in enumerate(lines) if line.startswith("  ") and not line.startswith("  #")]
    lines[place[KEYS.index(key)]] += " Ada"
    assert parse("\n".join(lines)).answers == {key: "Ada"}


def test_the_document_of_questions_is_read_back_with_its_answers() -> None:
    document = questions_document("run-1", [question("s/a", choices={"yes": "it is"}), question("s/b")])
    document["questions"][0]["answer"] = {"a": [1, True, None]}
    found = parse(json.dumps(document))
    assert (found.run, found.answers) == ("run-1", {"s/a": {"a": [1, True, None]}})


@pytest.mark.parametrize(
    ("written", "value", "text"),
    [
        ("42", 42, "42"),
        ("no", "no", "no"),
        ("true", True, "true"),
        ('"42"', "42", "42"),
        (".inf", ".inf", ".inf"),
        ("2026-01-01", "2026-01-01", "2026-01-01"),
        ("|\n    two\n    lines", "two\nlines\n", "two\nlines\n"),
    ],
)
def test_an_answer_is_known_as_a_value_and_as_it_was_written(written: str, value: object, text: str) -> None:
    found = parse(f"answers:\n  k: {written}\n")
    assert (found.answers["k"], found.texts["k"]) == (value, text)
    assert found.place("k") == "a.yaml:2:6"


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "a.yaml", "is empty"),
        ("- a", "a.yaml:1:1", "keys and values are expected"),
        ("answers: [a]", "a.yaml:1:10", "keys and values are expected in answers"),
        ("answer: {a: 1}", "a.yaml:1:1", "not known here"),
        ("answers:\n  a: 1\n  a: 2", "a.yaml:3:3", "stands here twice"),
        ("answers: {a: 1}\nquestions:\n- {key: a, answer: 2}", "a.yaml:3:20", "answered twice, first at 1:14"),
        ("questions:\n- {answer: 2}", "a.yaml:2:3", "has no key"),
        ("questions: {}", "a.yaml:1:12", "takes a list"),
        ("answers:\n  a: b: c", "a.yaml:2:7", "neither YAML nor JSON"),
        ("answers:\n  a: !!python/name:os.system x", "a.yaml:2:6", "tag"),
        ("answers: &x\n  a: [*x]", "a.yaml:", "nested deeper"),
        ("answers: {a: " + "[" * 99 + "]" * 99 + "}", "a.yaml", "depth"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, place: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert caught.value.where.startswith(place)
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"answers: {a: \xff}", b"x" * 1_000_001, b"a: \x00"])
def test_bytes_that_are_no_list_of_answers_are_refused(content: bytes) -> None:
    with pytest.raises(InputError):
        parse_answers(content, "a.yaml")


def test_an_alias_cannot_grow_into_millions_of_values() -> None:
    rows = ["answers:", "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(InputError, match="more than 50,000 values"):
        parse("\n".join(rows))
