from __future__ import annotations

from pathlib import Path

import pytest

from pipekit.config.origin import Origin
from pipekit.config.toml_files import read_toml
from pipekit.errors import ConfigError

FILE = Origin("project", file="pyproject.toml")
TABLE = ("tool", "pipekit")


def _write(folder: Path, text: str) -> Path:
    path = folder / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_is_read_with_the_lines_of_its_keys(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        '[project]\nname = "x"\n\n[tool.pipekit]\nstore = "file:.runs"\n\n[tool.pipekit.steps.step4]\n  ragTopK = 5\n',
    )

    tree = read_toml(path, FILE, TABLE)

    assert tree is not None
    assert tree.plain() == {"store": "file:.runs", "steps": {"step4": {"ragTopK": 5}}}
    assert str(tree.get("store") and tree.at("store").origin) == "pyproject.toml:5:1"  # type: ignore[union-attr]
    assert str(tree.at("steps.step4.ragTopK").origin) == "pyproject.toml:8:3"  # type: ignore[union-attr]


def test_a_file_without_the_table_gives_nothing(tmp_path: Path) -> None:
    assert read_toml(_write(tmp_path, "[tool.other]\na = 1\n"), FILE, TABLE) is None


def test_dates_become_text(tmp_path: Path) -> None:
    tree = read_toml(_write(tmp_path, "[tool.pipekit]\na = 2026-01-01\n"), FILE, TABLE)

    assert tree is not None
    assert tree.plain() == {"a": "2026-01-01"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.pipekit]\na = \n", "is not TOML: invalid value"),
        ("[tool.pipekit]\na = 1\na = 2\n", "is not TOML: cannot overwrite a value"),
        ("[tool.pipekit]\nragTopK = 1\nrag_top_k = 2\n", "rag_top_k is given twice"),
        ("[tool]\npipekit = 5\n", "must be a table"),
        ("[tool.pipekit]\na = " + "[" * 3000 + "]" * 3000 + "\n", "is not TOML"),
        ("[tool.pipekit]\na = " + "[" * 60 + "]" * 60 + "\n", "nested deeper than 40 levels"),
        ("[tool.pipekit]\na = " + "9" * 5000 + "\n", "is not TOML"),
    ],
    ids=["value", "twice", "folded-twice", "no-table", "very-deep", "deep", "digits"],
)
def test_a_broken_table_is_refused_with_a_hint(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read_toml(_write(tmp_path, text), FILE, TABLE)

    assert caught.value.where.startswith("pyproject.toml")
    assert caught.value.hint
