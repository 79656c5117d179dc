"""Installed plugins that fail: told as theirs, with name, package and version, and fatal only where asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]
Install = Callable[..., dict[str, str]]

BROKEN = "import nowhere_at_all\n"
CLASHING = """
from pipekit import hookimpl

@hookimpl
def pipekit_state_stores():
    return {"file": dict}
"""
COMMANDS = """
import click
import sys
from pipekit import hookimpl
from pipekit.errors import InputError

@click.command()
@click.argument("how")
def greet(how):
    if how == "bug":
        raise KeyError("lost")
    if how == "exit":
        sys.exit(7)
    if how == "told":
        raise InputError("no such guest", hint="invite one")
    click.echo("hello")

@hookimpl
def pipekit_commands():
    return [greet]
"""


def test_a_broken_plugin_stops_nobody_unless_it_is_asked_for(pipekit: Command, install: Install) -> None:
    env = install("broken", BROKEN)

    loose = pipekit("plan", **env)
    strict = pipekit("plan", "--strict-plugins", **env)

    assert loose.returncode == 0, loose.stderr
    assert strict.returncode == 9
    for said in ("broken", "pipekit-broken 1.2", "ModuleNotFoundError", "nowhere_at_all"):
        assert said in loose.stderr
        assert said in strict.stderr


@pytest.mark.parametrize(
    "argv",
    [
        ["run", "notes.txt"],
        ["run", "notes.txt", "--dry-run"],
        ["resume", "last"],
        ["plan"],
        ["list"],
        ["show", "last"],
        ["format", "last"],
        ["models"],
        ["doctor"],
        ["prompts", "list"],
    ],
)
def test_strict_holds_for_every_command_that_loads_plugins_and_writes_nothing(
    pipekit: Command, install: Install, tmp_path: Path, argv: list[str]
) -> None:
    (tmp_path / "notes.txt").write_text("Ada: we need a map of the harbour\n")
    done = pipekit(*argv, "--strict-plugins", "--json", **install("broken", BROKEN))
    error = json.loads(done.stdout)["error"]
    assert done.returncode == error["code"] == 9
    assert (error["plugin"], error["dist"], error["version"]) == ("broken", "pipekit-broken", "1.2")
    assert not (tmp_path / ".pipeline").exists()


@pytest.mark.parametrize("how", ["environment", "file", "set"])
def test_strict_is_a_setting_like_any_other(pipekit: Command, install: Install, tmp_path: Path, how: str) -> None:
    env = install("broken", BROKEN)
    more = []
    if how == "environment":
        env["PIPEKIT_PLUGINS__STRICT"] = "true"
    elif how == "file":
        (tmp_path / "pipekit.yaml").write_text("plugins: {strict: true}\n")
    else:
        more = ["--set", "plugins.strict=true"]
    assert pipekit("plan", *more, **env).returncode == 9


def test_a_clash_of_names_is_fatal_too_with_package_and_version(pipekit: Command, install: Install) -> None:
    error = json.loads(pipekit("plan", "--strict-plugins", "--json", **install("rival", CLASHING)).stdout)["error"]
    assert (error["code"], error["plugin"], error["dist"], error["version"]) == (9, "rival", "pipekit-rival", "1.2")


def test_the_list_of_plugins_is_shown_before_it_ends_with_the_error(pipekit: Command, install: Install) -> None:
    env = install("broken", BROKEN)
    shown = pipekit("plugins", "--strict-plugins", **env)
    plain = json.loads(pipekit("plugins", "--strict-plugins", "--json", **env).stdout)
    assert shown.returncode == 9
    assert "backlog" in shown.stdout
    assert "broken is set aside: ModuleNotFoundError" in shown.stdout
    assert plain["error"]["code"] == 9
    assert "broken" in [plugin["name"] for plugin in plain["plugins"]]


# --- commands of plugins ---------------------------------------------------------------------------------------------


def test_a_bug_in_a_command_of_a_plugin_is_told_as_the_plugins(
    pipekit: Command, install: Install, tmp_path: Path
) -> None:
    done = pipekit("greet", "bug", **install("guests", COMMANDS))
    assert done.returncode == 9, done.stderr
    assert "the command greet of pipekit-guests 1.2 raised KeyError: 'lost'" in done.stderr
    assert "a bug in pipekit" not in done.stderr
    assert not list(tmp_path.rglob("crash-*"))


def test_with_json_and_debug_the_error_is_one_document_and_the_traceback_beside_it(
    tmp_path: Path, environ: dict[str, str], install: Install
) -> None:
    env = {**environ, **install("guests", COMMANDS)}
    argv = [sys.executable, "-m", "pipekit", "--json", "--debug", "greet", "bug"]
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=50, check=False)
    error = json.loads(done.stdout)["error"]
    assert (error["plugin"], error["dist"], error["version"]) == ("guests", "pipekit-guests", "1.2")
    assert done.returncode == error["code"] == 9
    assert "Traceback" in done.stderr
    assert 'raise KeyError("lost")' in done.stderr


@pytest.mark.parametrize(("how", "code", "said"), [("exit", 7, ""), ("told", 4, "no such guest"), ("well", 0, "hello")])
def test_how_a_command_of_a_plugin_ends_on_purpose_is_its_own_choice(
    pipekit: Command, install: Install, how: str, code: int, said: str
) -> None:
    done = pipekit("greet", how, **install("guests", COMMANDS))
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr


def test_an_unknown_command_stays_a_usage_error_that_names_the_plugins_that_could_not_be_asked(
    pipekit: Command, install: Install
) -> None:
    done = pipekit("plann", **install("broken", BROKEN))
    assert done.returncode == 2
    assert "did you mean plan?" in done.stderr
    assert "the plugin broken (pipekit-broken 1.2)" in done.stderr
    assert "ModuleNotFoundError" in done.stderr


def test_an_unknown_command_is_fatal_where_plugins_must_be_sound(pipekit: Command, install: Install) -> None:
    done = pipekit("greet", "bug", **install("broken", BROKEN), PIPEKIT_PLUGINS__STRICT="true")
    assert done.returncode == 9
    assert "pipekit-broken 1.2" in done.stderr


# --- what a plugin that was set aside would have given ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ("Workflow(nme=1)\n", ["--trust"], "own (TypeError: Workflow.__init__() got an unexpected keyword argument"),
        (
            "Workflow\n",
            [],
            "own.py is not trusted yet, or was changed since); look at it, then: pipekit trust",
        ),
    ],
)
def test_a_workflow_that_is_missed_may_be_in_a_plugin_that_was_set_aside(
    pipekit: Command, tmp_path: Path, text: str, options: list[str], reason: str
) -> None:
    (tmp_path / "own.py").write_text(f"from pipekit import Workflow\npipekit_api = 1\n{text}")
    (tmp_path / "pipekit.yaml").write_text("workflow: own\nplugins: {local: [own.py]}\n")
    done = pipekit("plan", *options, PIPEKIT_PLUGINS_OFF="")
    assert done.returncode == 3, done.stderr
    assert "pipekit.yaml:1:11: there is no workflow 'own'" in done.stderr
    assert "it may be in a plugin that was set aside: " in done.stderr
    assert reason in done.stderr
