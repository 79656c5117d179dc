"""Commands of plugins: found when asked for, listed from a file that is only a cache."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import click
import pytest

from pipekit import hookimpl
from pipekit.plugins import manager
from pipekit.plugins.commands import cached_plugin_commands, find_plugin_command


@click.command("hello")
def hello() -> None:
    """Say hello."""


def pipekit_commands() -> list[click.Command]:
    return [hello]


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    plugin = ModuleType("greeter")
    plugin.pipekit_commands = hookimpl(pipekit_commands)  # type: ignore[attr-defined]
    broken = manager.Candidate(name="broken", get=lambda: 1 / 0)
    found = [manager.Candidate(name="greeter", get=lambda: plugin), broken]
    monkeypatch.setattr(manager, "_installed", lambda: found)
    return {"XDG_CACHE_HOME": str(tmp_path)}


def test_a_command_is_found_and_listed_from_then_on(environ: dict[str, str]) -> None:
    assert cached_plugin_commands(environ) == {}
    assert find_plugin_command("hello", environ) is hello
    assert cached_plugin_commands(environ) == {"hello": "Say hello."}


def test_an_unknown_command_is_nobodys(environ: dict[str, str]) -> None:
    assert find_plugin_command("goodbye", environ) is None


def test_a_cache_that_cannot_be_read_lists_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "pipekit").mkdir()
    (tmp_path / "pipekit" / "commands.json").write_text("{broken")
    assert cached_plugin_commands(environ) == {}


def test_with_plugins_off_there_are_no_commands(environ: dict[str, str]) -> None:
    assert find_plugin_command("hello", {**environ, "PIPEKIT_PLUGINS_OFF": "1"}) is None
