from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.config.files import MAX_BYTES, MAX_NODES, parse_yaml, read_yaml
from pipekit.config.origin import Origin
from pipekit.config.tree import Node
from pipekit.errors import ConfigError

FILE = Origin("project", file="pipekit.yaml")
Read = Callable[[str | bytes], Node]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def write_and_read(content: str | bytes) -> Node:
        path = tmp_path / "pipekit.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_yaml(path, FILE)

    return write_and_read


def test_every_value_and_key_knows_its_place(read: Read) -> None:
    tree = read("llm:\n  provider: ollama\nsteps:\n  step4: {ragTopK: 5}\n")

    value = tree.at("steps.step4.ragTopK")
    key = tree.entry("steps")
    assert value is not None
    assert key is not None
    assert str(value.origin) == "pipekit.yaml:4:20"
    assert str(key.origin) == "pipekit.yaml:3:1"


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff", "~"])
def test_an_empty_file_is_an_empty_configuration(read: Read, content: str) -> None:
    assert read(content).plain() == {}


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(read: Read) -> None:
    assert read(b"\xef\xbb\xbfllm:\r\n  model: x\r\n").plain() == {"llm": {"model": "x"}}


def test_yaml_1_1_words_stay_text_even_when_the_file_asks_for_them(read: Read) -> None:
    assert read("%YAML 1.1\n---\na: yes\nb: 0777\n").plain() == {"a": "yes", "b": 777}


def test_quotes_make_text_of_anything(read: Read) -> None:
    assert read("a: '5'\nb: \"true\"\nc: !!str 5\n").plain() == {"a": "5", "b": "true", "c": "5"}


def test_a_date_is_text(read: Read) -> None:
    assert read("a: 2026-01-01\n").plain() == {"a": "2026-01-01"}


def test_a_number_may_be_a_key(read: Read) -> None:
    assert read("steps:\n  3: {enabled: false}\n").plain() == {"steps": {"3": {"enabled": False}}}


def test_anchors_aliases_and_merges_work(read: Read) -> None:
    tree = read("a: &base {x: 1, y: 2}\nb:\n  <<: *base\n  y: 3\nc: *base\nd:\n  <<: [{x: 7}, *base]\n")

    assert tree.plain() == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 3},
        "c": {"x": 1, "y": 2},
        "d": {"x": 7, "y": 2},
    }


REFUSED = [
    ("llm: [1\n", "1:6", "a bracket is opened and not closed"),
    ("llm: {a: 1\nsteps: 2\n", "2:6", "a mapping in braces is broken here"),
    ("a: 'x\n", "1:4", "a quote is opened and not closed"),
    ("a: 1\n b: 2\n", "2:3", "a key stands where none may"),
    ("a:\tb: 1\n", "1:3", "a tab stands where only spaces may"),
    ("a: @x\n", "1:4", "cannot start any token"),
    ("a: *nowhere\n", "1:4", "undefined alias 'nowhere'"),
    ("a: 1\n---\nb: 2\n", "2:1", "more than one document"),
    ('a: "\\UFFFFFFFF"\n', "1:5", "an escape names no character"),
    ('a: "\\ud800"\n', "1:4", "an escape names half of a character"),
    ("a: 1\nb: 2\na: 3\n", "3:1", "a is given twice, first at pipekit.yaml:1:1"),
    ("s:\n  ragTopK: 1\n  rag_top_k: 2\n", "3:3", r"s.rag_top_k is given twice \(it is the same as ragTopK\)"),
    ("a: !!python/object/apply:os.system [ls]\n", "1:4", "the tag .*python/object/apply:os.system is not allowed"),
    ("a: !!python/name:os.system\n", "1:4", "python/name:os.system is not allowed"),
    ("a: !!binary aGk=\n", "1:4", "the tag !!binary is not allowed"),
    ("a: !!set {x}\n", "1:4", "the tag !!set is not allowed"),
    ("a: !secret x\n", "1:4", "the tag !secret is not allowed"),
    ("!x a: 1\n", "1:1", "the tag !x is not allowed"),
    ("? [a]\n: 1\n", "1:3", "a key must be a single word"),
    ("a: &x [*x]\n", "1:4", "holds itself through an alias"),
    ("a: &x {b: {<<: *x}}\n", "1:4", "holds itself through an alias"),
    ("a: {<<: 5}\n", "1:9", "`<<` merges mappings only"),
    ("[1, 2]\n", "1:1", "this is a list"),
    ("just text\n", "1:1", "this is a single value"),
    ("a: b\x07c\n", "1:5", r"YAML doesn't allow, U\+0007"),
    ("[" * 5000, "1:41", "deeper than 40 levels"),
    ("- " * 5000, "1:81", "deeper than 40 levels"),
]


@pytest.mark.parametrize(("content", "place", "message"), REFUSED, ids=[one[2] + one[1] for one in REFUSED])
def test_what_is_no_configuration_is_refused_at_its_place(read: Read, content: str, place: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(content)

    error = caught.value
    assert error.where == f"pipekit.yaml:{place}"
    assert f"{error.line}:{error.column}" == place
    assert error.hint
    assert "\n" not in error.message


def test_an_alias_bomb_is_refused_before_it_grows(read: Read) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]

    with pytest.raises(ConfigError, match=f"more than {MAX_NODES:,} values"):
        read("\n".join(lines))


def test_a_bomb_of_merges_is_refused_too(read: Read) -> None:
    lines = ["a0: &a0 {k0: x}"]
    lines += [f"a{i}: &a{i} {{k{i}: 1, <<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 10)]

    with pytest.raises(ConfigError, match=f"more than {MAX_NODES:,} values"):
        read("\n".join(lines))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_utf_16_file_is_refused(read: Read, encoding: str) -> None:
    with pytest.raises(ConfigError, match=r"UTF-16|YAML doesn't allow, U\+0000"):
        read("llm:\n  model: x\n".encode(encoding))


def test_a_latin_1_file_is_refused_with_the_place_of_the_byte(read: Read) -> None:
    with pytest.raises(ConfigError, match="is not UTF-8: byte 0xfc") as caught:
        read("a: 1\nb: für\n".encode("latin-1"))

    assert caught.value.where == "pipekit.yaml:2:5"


def test_a_file_of_two_megabytes_is_refused(read: Read) -> None:
    with pytest.raises(ConfigError, match=f"larger than a configuration can be, {MAX_BYTES:,} bytes"):
        read("# " + "x" * 2_000_000)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder, not a file"):
        read_yaml(tmp_path, FILE)


def test_a_missing_file_is_refused_and_init_is_offered(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file") as caught:
        read_yaml(tmp_path / "none.yaml", FILE)

    assert "config init" in caught.value.hint


def test_a_path_with_nul_is_refused() -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        read_yaml(Path("a\0b"), FILE)


def test_an_error_never_steers_the_terminal(read: Read) -> None:
    with pytest.raises(ConfigError) as caught:
        read('"\\e[2J": 1\n"\\e[2J": 2\n')

    assert "\x1b" not in str(caught.value)


@given(st.text(alphabet="ab:-[]{},&*!|>'\"%@`#? \n\t0.~<=\\\x00\x85é", max_size=40))
def test_any_text_is_read_or_refused_with_a_configuration_error(text: str) -> None:
    outcome: Node | ConfigError
    try:
        outcome = parse_yaml(text, FILE)
    except ConfigError as error:
        outcome = error

    assert outcome.hint if isinstance(outcome, ConfigError) else outcome.origin.file == "pipekit.yaml"
