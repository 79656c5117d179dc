"""Commands of plugins: found when asked for, listed from a file that is only a cache."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import click
import pytest

from pipekit import hookimpl
from pipekit.errors import ConfigError, PluginError, UsageError
from pipekit.plugins import manager
from pipekit.plugins.commands import cached_plugin_commands, find_plugin_command


def command_of(name: str, environ: dict[str, str], folder: Path | None = None) -> click.Command | None:
    found = find_plugin_command(name, environ, folder)
    return found.command if found else None


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
    assert command_of("hello", environ) is hello
    assert cached_plugin_commands(environ) == {"hello": "Say hello."}


def test_an_unknown_command_is_nobodys_and_who_could_not_be_asked_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"'goodbye', or its plugin can't be asked: the plugin broken .*Zero"):
        find_plugin_command("goodbye", environ)


def test_what_is_no_command_is_not_taken_for_one(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = ModuleType("odd")
    plugin.pipekit_commands = hookimpl(lambda: [hello, 5])  # type: ignore[attr-defined]
    plugin.pipekit_commands.__name__ = "pipekit_commands"
    monkeypatch.setattr(manager, "_installed", lambda: [manager.Candidate(name="odd", get=lambda: plugin)])
    with pytest.raises(UsageError, match="no click command"):
        find_plugin_command("hello", environ)


def test_a_cache_that_cannot_be_read_lists_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "pipekit").mkdir()
    (tmp_path / "pipekit" / "commands.json").write_text("{broken")
    assert cached_plugin_commands(environ) == {}


@pytest.mark.parametrize("text", ["1", "true", " TRUE "])
def test_with_plugins_off_there_are_no_commands(environ: dict[str, str], text: str) -> None:
    assert command_of("hello", environ) is hello
    assert find_plugin_command("hello", {**environ, "PIPEKIT_PLUGINS_OFF": text}) is None
    assert cached_plugin_commands({**environ, "PIPEKIT_PLUGINS_OFF": text}) == {}


@pytest.mark.parametrize("plugins", ["block: [greeter]", "block: [greeter-dist]", "allow: [other]", "off: true"])
def test_a_plugin_that_is_not_wanted_is_not_even_imported(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, plugins: str
) -> None:
    imported: list[str] = []
    blocked = manager.Candidate(name="greeter", get=lambda: imported.append("greeter"), package="greeter-dist")
    monkeypatch.setattr(manager, "_installed", lambda: [blocked])
    (tmp_path / "pipekit.yaml").write_text(f"plugins: {{{plugins}}}\n")
    assert find_plugin_command("hello", environ, tmp_path) is None
    assert imported == []


def test_where_the_configuration_does_not_say_which_plugins_are_wanted_none_is_imported(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "pipekit.yaml").write_text("plugins: {blok: [greeter]}\n")
    with pytest.raises(ConfigError, match="there is no setting plugins.blok") as caught:
        find_plugin_command("hello", environ, tmp_path)
    assert caught.value.hint == "did you mean block?"


def test_of_two_plugins_with_one_command_neither_is_used_until_one_is_blocked(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def candidate(name: str) -> manager.Candidate:
        plugin = ModuleType(name)
        plugin.pipekit_commands = hookimpl(pipekit_commands)  # type: ignore[attr-defined]
        return manager.Candidate(name=name, get=lambda: plugin, package=f"{name}-dist", version="1.0")

    found = [candidate("one"), candidate("two")]
    monkeypatch.setattr(manager, "_installed", lambda: found)
    with pytest.raises(PluginError, match=r"'hello' is given by one-dist 1\.0 and two-dist 1\.0") as caught:
        find_plugin_command("hello", environ, tmp_path)
    assert (caught.value.code, caught.value.hint[-14:]) == (9, "{block: [two]}")
    assert find_plugin_command("other", environ, tmp_path) is None
    assert cached_plugin_commands(environ) == {}
    (tmp_path / "pipekit.yaml").write_text("plugins: {block: [two]}\n")
    assert command_of("hello", environ, tmp_path) is hello
