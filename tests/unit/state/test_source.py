"""What counts as the code of a function: what was loaded, with what it uses of its own module, and nothing else."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pipekit.state.source import Source

MODULE = '''
from __future__ import annotations

import functools

LEAST = 3


class Word:
    """A word."""

    def length(self) -> int:
        return measure("")


def measure(text: str) -> int:
    return max(LEAST, len(text))


def rule(text: str) -> int:
    return 0


def other(text: str) -> int:
    return 1


def kept(*, offline: object) -> object:
    return lambda function: function


@kept(offline=rule)
def count(text: str, other: int = 0) -> int:
    lengths = [measure(part) for part in text.split()]
    return sum(lengths) + other


def make() -> object:
    def twice(text: str) -> int:
        return 2 * measure(text)

    def inner(text: str) -> int:
        return twice(text)

    return inner


made = make()
shout = lambda text: text.upper() + "!" * LEAST
'''


@pytest.fixture
def loaded() -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    for name in names:
        del sys.modules[name]


def load(folder: Path, text: str, names: list[str]) -> ModuleType:
    """A fresh load of a module file with this text."""
    path = folder / f"own_{len(names)}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    names.append(path.stem)
    spec.loader.exec_module(module)
    return module


def digests(module: ModuleType) -> dict[str, str | None]:
    return {name: Source(getattr(module, name)).digest for name in ("count", "made", "shout")}


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("sum(lengths)", "sum(lengths, 0)", {"count"}),
        ("max(LEAST, len(text))", "min(LEAST, len(text))", {"count", "made"}),
        ("LEAST = 3", "LEAST = 4", {"count", "made", "shout"}),
        ("2 * measure(text)", "3 * measure(text)", {"made"}),
        ('"!" * LEAST', '"?" * LEAST', {"shout"}),
        ("return lambda function: function", "return lambda it: it", {"count"}),
        # What isn't used, and what only looks like it: a parameter's name, a rule for use offline, an import.
        ('"""A word."""', '"""One word."""', set()),
        ("    return 1", "    return 2", set()),
        ("    return 0", "    return 9", set()),
        ("import functools", "import functools\nimport itertools", set()),
        ("\n\nclass Word", "\n\n# A comment, and three lines more.\n\n\nclass Word", set()),
    ],
)
def test_a_function_is_what_it_says_and_what_it_uses_of_its_module(
    tmp_path: Path, loaded: list[str], before: str, after: str, changes: set[str]
) -> None:
    assert MODULE.count(before) == 1
    old = digests(load(tmp_path, MODULE, loaded))
    new = digests(load(tmp_path, MODULE.replace(before, after), loaded))
    assert None not in old.values()
    assert {name for name in old if old[name] != new[name]} == changes


def test_where_definitions_stand_in_a_module_counts_for_nothing(tmp_path: Path, loaded: list[str]) -> None:
    first = "def one() -> int:\n    return 1\n\n\n"
    second = "def two() -> int:\n    return 2\n\n\n"
    both = "def both() -> int:\n    return one() + two()\n"
    old = Source(load(tmp_path, first + second + both, loaded).both).digest
    assert old is not None
    assert Source(load(tmp_path, second + both + "\n\n" + first, loaded).both).digest == old


def test_a_file_that_is_edited_after_it_was_loaded_changes_nothing_of_what_was_loaded(
    tmp_path: Path, loaded: list[str]
) -> None:
    module = load(tmp_path, MODULE, loaded)
    source, expected = Source(module.count), Source(module.count).digest
    Path(str(module.__file__)).write_text(MODULE.replace("sum(lengths)", "max(lengths)"))
    assert source.digest == expected
    assert expected is not None


def test_what_has_no_source_has_no_digest() -> None:
    space: dict[str, object] = {}
    exec("def nowhere() -> int: return 1", space)
    assert Source(space["nowhere"]).digest is None  # type: ignore[arg-type]
    assert Source(len).digest is None
