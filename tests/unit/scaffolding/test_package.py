"""A new package is whole, tidy under any name, and in nobody's way."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from pipekit.errors import StorageError, UsageError
from pipekit.scaffolding import KINDS, Kind, PackageNames, write_package
from pipekit.scaffolding.package import package_files

#: Short, usual, and as long as a name may be: lines are as long as the names in them.
NAMES = ("a", "x1", "acme-tickets", "abcdefghi", "abcdef-abcdef-abcdef-abc")


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_what_a_package_needs_and_no_marker_is_left(kind: Kind) -> None:
    made = package_files(PackageNames.of("acme-tickets"), kind)

    assert {
        ".github/workflows/tests.yml",
        ".gitignore",
        "README.md",
        "pyproject.toml",
        "src/pipekit_acme_tickets/__init__.py",
        "src/pipekit_acme_tickets/plugin.py",
        "src/pipekit_acme_tickets/py.typed",
    } <= set(made)
    assert sum(path.startswith("tests/test_") for path in made) == 1
    assert not [path for path, text in made.items() if "@@" in path + text]
    project = tomllib.loads(made["pyproject.toml"])
    assert project["project"]["name"] == "pipekit-acme-tickets"
    assert project["project"]["entry-points"]["pipekit"] == {"acme-tickets": "pipekit_acme_tickets.plugin"}
    assert project["project"]["dependencies"] == ["pipekit-framework"]
    plugin = ast.parse(made["src/pipekit_acme_tickets/plugin.py"])
    assert next(one.name for one in plugin.body if isinstance(one, ast.FunctionDef)).startswith("pipekit_")


@pytest.mark.parametrize("name", NAMES)
def test_it_is_as_its_own_settings_for_style_want_it(name: str, tmp_path: Path) -> None:
    ruff = shutil.which("ruff", path=sysconfig.get_path("scripts"))
    assert ruff, "the tests bring ruff"
    for number, kind in enumerate(KINDS):
        (tmp_path / str(number)).mkdir()
        write_package(PackageNames.of(name), kind, tmp_path / str(number))
    for arguments in (["check", "--output-format", "concise"], ["format", "--check"]):
        done = subprocess.run([ruff, *arguments, "--no-cache", "."], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.thorough
@pytest.mark.timeout(300)
def test_its_types_are_right(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    for kind in KINDS:
        made = write_package(PackageNames.of(f"acme-{kind}"), kind, tmp_path)
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache")],
            cwd=made.folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "pipekit-acme").write_text("mine")
    with pytest.raises(UsageError, match="left as it is"):
        write_package(PackageNames.of("acme"), "step", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["pipekit-acme"]
    assert (tmp_path / "pipekit-acme").read_text() == "mine"


def test_a_disk_that_refuses_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def refuse_the_plugin(self: Path, *arguments: str, **more: str) -> int:
        if self.name == "plugin.py":
            raise OSError(28, "No space left on device")
        return write(self, *arguments, **more)

    monkeypatch.setattr(Path, "write_text", refuse_the_plugin)
    with pytest.raises(StorageError, match="No space left") as caught:
        write_package(PackageNames.of("acme"), "loader", tmp_path)
    assert caught.value.hint == "choose a folder that can be written: --into FOLDER"
    assert list(tmp_path.iterdir()) == []


def test_each_kind_has_its_contract_among_the_tests() -> None:
    contracts = {
        kind: re.findall(r"\((\w+Contract)\):", "".join(package_files(PackageNames.of("acme"), kind).values()))
        for kind in KINDS
    }
    assert contracts == {
        "step": ["StepContract"],
        "provider": ["LLMProviderContract"],
        "format": ["OutputFormatContract"],
        "loader": ["LoaderContract"],
        "retriever": ["RetrieverContract"],
        "store": ["StateStoreContract"],
    }
