"""The option --store, and a project whose runs lie in one SQLite file."""

from __future__ import annotations

import json
import shlex
import sqlite3
from pathlib import Path

import pytest

from .conftest import Command

TALK = "Ana: Let's add a search to the parts page, so that people find their bolt.\nBen: Yes, we'll do that.\n"


@pytest.fixture(autouse=True)
def _talk(tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text(TALK)


def test_every_command_finds_a_run_in_the_file_that_store_names(pipekit: Command, tmp_path: Path) -> None:
    place = ("--store", "sqlite:kept/runs.db")
    done = pipekit("run", "talk.txt", "--until", "2", *place)
    offered = next(line for line in done.stdout.splitlines() if line.startswith("go on with: "))
    words = shlex.split(offered.removeprefix("go on with: "))
    assert words[-2:] == list(place)
    assert pipekit(*words[1:]).returncode == 0
    assert pipekit("show", "last", *place).returncode == 0
    assert [one["status"] for one in json.loads(pipekit("list", *place, "--json").stdout)["runs"]] == ["completed"]
    assert json.loads(pipekit("list", "--json").stdout)["runs"] == []
    assert sorted(one.name for one in tmp_path.iterdir() if one.name != "home") == ["kept", "output", "talk.txt"]


def test_the_path_in_the_option_counts_from_where_one_is(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "pipekit.yaml").write_text("store: sqlite:runs.db\n")
    given = ("--config", "team/pipekit.yaml", "--until", "1", "--store", "sqlite:runs.db")
    assert pipekit("run", "talk.txt", *given).returncode == 0
    assert (tmp_path / "runs.db").exists()


def test_a_run_keeps_nothing_of_where_it_lies(pipekit: Command, tmp_path: Path) -> None:
    pipekit("run", "talk.txt", "--until", "1", "--store", "sqlite:runs.db", "--set", "run.concurrency=3")
    connection = sqlite3.connect(tmp_path / "runs.db")
    ((record,),) = connection.execute("SELECT record FROM runs").fetchall()
    connection.close()
    assert json.loads(record)["config"]["settings"] == {"run.concurrency": "3"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqllite:runs.db", "did you mean sqlite:?"),
        ("runs.db", "did you mean sqlite:runs.db?"),
    ],
)
def test_an_address_with_a_typo_is_told_with_a_suggestion(pipekit: Command, url: str, said: str) -> None:
    done = pipekit("run", "talk.txt", "--store", url)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: --store: ")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ana@db.example/runs", "pip install . ./plugins/pipekit-postgres"),
        ("acme:runs", "install the plugin that brings it"),
    ],
)
def test_a_store_that_no_installed_plugin_brings_is_told_with_what_does(pipekit: Command, url: str, said: str) -> None:
    done = pipekit("run", "talk.txt", "--store", url, PIPEKIT_PLUGINS_OFF="")
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr


def test_a_password_in_the_option_is_refused_and_not_shown(pipekit: Command) -> None:
    done = pipekit("list", "--store", "postgresql://ana:hush-hush@db.example/runs")
    assert done.returncode == 3
    assert "hush" not in done.stderr
    assert "PIPEKIT_STORE=" in done.stderr


def test_settings_of_the_store_are_checked(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text("store: {url: 'sqlite:runs.db', lockTimout: 5}\n")
    done = pipekit("plan", "talk.txt")
    assert done.returncode == 3
    assert "pipekit.yaml:1:" in done.stderr
    assert "lockTimeout" in done.stderr
