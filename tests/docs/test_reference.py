"""The documentation names everything there is, with its exact arguments, and its code runs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from pipekit import errors, events, hookspecs
from pipekit.cli.group import BUILTIN_COMMANDS, COMMANDS
from pipekit.config import load_configuration, model
from pipekit.serde import camel_case

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
HOOKS = [value for name, value in inspect.getmembers(hookspecs, inspect.isfunction) if name.startswith("pipekit_")]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
def test_every_hook_has_its_heading_with_its_arguments(hook: Callable[..., object]) -> None:
    signature = str(inspect.signature(hook)).split(" ->")[0]
    assert f"## `{hook.__name__}{signature}`" in (REFERENCE / "hooks.md").read_text()


@pytest.mark.parametrize(
    ("prefix", "cls"),
    [
        ("", model.Settings),
        ("llm.", model.LLMSettings),
        ("steps.<step>.", model.StepBlock),
        ("output.", model.OutputSettings),
        ("plugins.", model.PluginSettings),
        ("run.", model.RunSettings),
    ],
)
def test_every_setting_is_documented(prefix: str, cls: type) -> None:
    page = (REFERENCE / "settings.md").read_text()
    names = [field.name for field in attrs.fields(cls) if field.name != "store_block"]
    missing = [name for name in names if f"| `{prefix}{camel_case(name)}` |" not in page]
    assert missing == []


def test_every_event_error_and_command_is_documented() -> None:
    assert [name for name in events.__all__ if f"## `{name}`" not in (REFERENCE / "events.md").read_text()] == []
    assert [name for name in errors.__all__ if f"`{name}`" not in (REFERENCE / "errors.md").read_text()] == []
    page = (REFERENCE / "commands.md").read_text()
    assert [name for name in (*COMMANDS, *BUILTIN_COMMANDS) if f"## `pipekit {name}`" not in page] == []


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    pages = [str(page.relative_to(ROOT / "docs")) for page in PAGES[1:]]
    assert [page for page in pages if not re.search(rf"\s{re.escape(page)}$", text, re.MULTILINE)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    made = {REFERENCE / "index.md"}  # the site's page of all names
    assert [link for link in links if not (page.parent / link).exists() and page.parent / link not in made] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_in_the_documentation_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(compile(block, str(page), "exec"), {"__name__": "snippet"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_configurations_in_the_documentation_load_without_a_fault(page: Path, tmp_path: Path) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
        (tmp_path / "pipekit.yaml").write_text(block)
        assert load_configuration(None, folder=tmp_path, environ={}).faults == ()
