"""Rules that hold for the whole repository."""

from __future__ import annotations

import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest

import pipekit

ROOT = Path(__file__).parents[2]
PYPROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]


@pytest.mark.parametrize("path", PYPROJECTS, ids=lambda path: path.parent.name)
def test_no_package_depends_on_the_strangers_name(path: Path) -> None:
    """``pipekit`` on the package index is somebody else's; ours is ``pipekit-framework``."""
    project = tomllib.loads(path.read_text())["project"]
    wanted = [*project.get("dependencies", []), *chain(*project.get("optional-dependencies", {}).values())]
    names = {re.split(r"[\s\[<>=!~;]", one)[0].lower().replace("_", "-") for one in wanted}
    assert "pipekit" not in names
    assert {name for name in names if name.startswith("pipekit")} <= {"pipekit-framework"}


def committed() -> list[Path]:
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name]


def test_no_committed_file_holds_the_address_of_an_index_or_a_path_of_a_machine() -> None:
    address = re.compile(r"index-url|(?:registry|pypi|mirror)[\w.-]*\.(?:com|net|internal|local)\b|/home/\w+/|/root/")
    found = []
    for path in committed():
        if path.name == Path(__file__).name:
            continue  # the expression above finds itself
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        found += [f"{path.name}: {match.group()}" for match in address.finditer(text)]
    assert found == []


def test_the_lock_files_that_record_addresses_are_not_committed() -> None:
    assert not {path.name for path in committed()} & {"uv.lock", "pylock.toml"}


def test_public_names_are_sorted_and_importable() -> None:
    names = [name for name in pipekit.__all__ if name != "__version__"]
    assert names == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name))
    for name in names:
        assert getattr(pipekit, name) is not None


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in (ROOT / "src").rglob("*.py") if not path.read_text().lstrip().startswith('"""')]
    assert silent == []
