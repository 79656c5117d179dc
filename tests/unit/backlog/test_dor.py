from __future__ import annotations

from pathlib import Path

import pytest

from pipekit.backlog.dor import CHECKS, Criterion, DefinitionOfReady, default_dor, find_dor, parse_dor
from pipekit.errors import ConfigError

OWN = """
required:
  - text: "Criteria: three of them"
    check: acceptance-criteria
    atLeast: 3
  - The design is signed off
Recommended:
  - {text: It is small, check: estimate}
"""


def test_the_default_asks_for_what_a_developer_needs() -> None:
    dor = default_dor()
    assert [criterion.check for criterion in dor.required] == [
        "clear-title",
        "business-context",
        "acceptance-criteria",
        "open-questions",
        "dependencies",
    ]
    assert [criterion.check for criterion in dor.recommended] == ["estimate", "approach", "risks", "test-scenarios"]


def test_a_criterion_is_text_with_or_without_a_check() -> None:
    assert parse_dor(OWN, "dor.yaml") == DefinitionOfReady(
        required=(
            Criterion(text="Criteria: three of them", check="acceptance-criteria", at_least=3),
            Criterion(text="The design is signed off"),
        ),
        recommended=(Criterion(text="It is small", check="estimate"),),
    )


def test_numbers_have_defaults() -> None:
    assert Criterion(text="a", check="acceptance-criteria").least() == 2
    assert Criterion(text="a", check="acceptance-criteria", at_least=5).least() == 5
    assert Criterion(text="a", check="clear-title").most() == 80
    assert Criterion(text="a").least() == 0


@pytest.mark.parametrize("written", ["atLeast", "at_least", "AT-LEAST"])
def test_keys_are_compared_without_case_and_dashes(written: str) -> None:
    dor = parse_dor(f"required:\n  - text: a\n    check: acceptance-criteria\n    {written}: 4", "dor.yaml")
    assert dor.required[0].at_least == 4


def test_the_file_beside_the_configuration_is_used_when_there_is_one(tmp_path: Path) -> None:
    assert find_dor(tmp_path) == default_dor()
    (tmp_path / "dor.yaml").write_bytes(b"\xef\xbb\xbfrequired:\r\n  - Ours\r\n")
    assert find_dor(tmp_path).required == (Criterion(text="Ours"),)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read") as caught:
        find_dor(tmp_path, "team.yaml")
    assert caught.value.file == str(tmp_path / "team.yaml")
    assert caught.value.field == "steps.check-readiness.dor"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"required: [\xff]", "not UTF-8"), (b"#" * 300_000, "larger than"), (b"\x00", "no valid YAML")],
)
def test_a_file_that_is_no_definition_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "dor.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        find_dor(tmp_path)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dor.yaml").mkdir()
    with pytest.raises(ConfigError, match="can't be read"):
        find_dor(tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "field", "words"),
    [
        ("required: {a: [", 1, None, "no valid YAML"),
        ("required:\n  - a: 1\n   b: 2", 3, None, "no valid YAML"),
        ("", None, "", "keys and values are expected"),
        ("- a", 1, "", "keys and values are expected"),
        ("required: []", 1, "required", "requires nothing"),
        ("recommended: [a]", 1, "required", "requires nothing"),
        ("required: yes", 1, "required", "is no list"),
        ("required: [a]\nrequired: [b]", 2, "required", "stands here twice"),
        ("required: [a]\nrequried: [b]", 2, "requried", "not known here"),
        ("required:\n  - a\nrecommended:\n  - A", 4, "recommended[0]", "stands in it twice"),
        ("required:\n  - check: estimate", 2, "required[0]", "has no text"),
        ("required:\n  - text: ''", 2, "required[0].text", "text is missing"),
        ("required:\n  - text: [a]", 2, "required[0].text", "text is missing"),
        (
            "required:\n  - a\n  - text: b\n    check: estimates",
            4,
            "required[1].check",
            "there is no check 'estimates'",
        ),
        ("required:\n  - text: b\n    atLeast: 2", 3, "required[0].atLeast", "takes no atLeast"),
        ("required:\n  - text: b\n    check: estimate\n    atMost: 2", 4, "required[0].atMost", "takes no atMost"),
        (
            "required:\n  - text: b\n    check: acceptance-criteria\n    atLeast: two",
            4,
            "required[0].atLeast",
            "no whole number",
        ),
        (
            "required:\n  - text: b\n    check: acceptance-criteria\n    atLeast: -1",
            4,
            "required[0].atLeast",
            "no whole number",
        ),
        ("required:\n  - !!python/object/apply:os.system ['true']", 2, "required[0]", "keys and values are expected"),
        ("required:\n  - !!python/name:os.system x", 2, "required[0]", "not allowed"),
        ("required: !!bool maybe", 1, "required", "is no list"),
        ('required: ["\\UFFFFFFFF"]', 1, None, "no valid YAML: an escape"),
        ('required:\n  - "\\ud800"', 2, None, "half of a character"),
        ("[" * 5000, 1, None, "no valid YAML"),
        ("required: &a [*a]", 1, "required[0]", "keys and values are expected"),
    ],
)
def test_a_wrong_definition_is_refused_with_line_and_field(
    text: str, line: int | None, field: str | None, words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse_dor(text, "dor.yaml")
    assert (caught.value.line, caught.value.field) == (line, field)
    assert caught.value.file == "dor.yaml"
    assert caught.value.hint


def test_a_misspelt_word_gets_the_right_one() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_dor("required:\n  - {text: a, chekc: estimate}", "dor.yaml")
    assert caught.value.hint == "did you mean check?"


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_can_be_named(check: str) -> None:
    assert parse_dor(f"required: [{{text: a, check: {check}}}]", "dor.yaml").required[0].check == check
