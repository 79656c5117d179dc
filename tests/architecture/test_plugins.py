"""Rules for the plugins of this repository."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pipekit.plugins.registry import KNOWN_PROVIDERS, KNOWN_STORES

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
each_plugin = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


@pytest.mark.parametrize(("provider", "folder"), KNOWN_PROVIDERS.items())
def test_every_folder_of_an_install_hint_gives_that_provider(provider: str, folder: str) -> None:
    project = tomllib.loads((ROOT / "plugins" / folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == folder
    assert provider in project["entry-points"]["pipekit"]


@pytest.mark.parametrize("folder", KNOWN_STORES.values())
def test_every_folder_of_an_install_hint_brings_stores(folder: str) -> None:
    project = tomllib.loads((ROOT / "plugins" / folder / "pyproject.toml").read_text())["project"]
    (module,) = project["entry-points"]["pipekit"].values()
    path = (ROOT / "plugins" / folder / "src" / Path(*module.split("."))).with_suffix(".py")
    assert "def pipekit_state_stores" in path.read_text()


@each_plugin
def test_a_plugin_is_named_as_its_folder_and_depends_on_the_core(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[\s\[<>=!~;]", one)[0] for one in project["dependencies"]]
    assert project["name"] == folder.name
    assert "pipekit-framework" in names


@each_plugin
def test_a_readme_shows_how_to_install_it_together_with_the_core(folder: Path) -> None:
    readme = (folder / "README.md").read_text()
    assert f"pip install . ./plugins/{folder.name}\n" in readme
    assert "pip install pipekit" not in readme


@each_plugin
def test_a_plugins_entry_point_imports_nothing_heavy(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    for module in project["entry-points"]["pipekit"].values():
        text = (folder / "src" / Path(*module.split("."))).with_suffix(".py").read_text()
        imported = re.findall(r"^(?:from|import) ([\w.]+)", text, re.MULTILINE)
        assert set(imported) <= {"__future__", "collections.abc", "typing", "pipekit"}


def test_every_folder_that_a_page_says_to_install_exists() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")]
    named = {name for page in pages for name in re.findall(r"pip install \. \./(plugins/[\w-]+)", page.read_text())}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name / "pyproject.toml").exists()] == []
