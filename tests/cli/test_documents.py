"""``--json`` gives one JSON document on standard output, whatever is asked for and whatever goes wrong."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf"])
def test_a_number_that_json_does_not_know_is_shown_as_text(pipekit: Command, value: str) -> None:
    done = pipekit("config", "show", "--json", "--set", f"llm.temperature={value}")
    document = json.loads(done.stdout, parse_constant=pytest.fail)
    shown = next(row["value"] for row in document["settings"] if row["setting"] == "llm.temperature")
    assert done.returncode == 3
    assert document["error"]["kind"]
    assert shown == str(float(value.replace(".", "")))


@pytest.mark.parametrize("words", [[], ["run"], ["config"], ["config", "init"]])
def test_help_is_a_document_too(pipekit: Command, words: list[str]) -> None:
    for flags in (["--json", "--help"], ["-h", "--json"]):
        done = pipekit(*words, *flags)
        document = json.loads(done.stdout)
        assert done.returncode == 0
        assert document["command"] == " ".join(["pipekit", *words])
        assert document["help"].startswith("Usage: ")


def test_the_times_of_attempts_are_iso_8601(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text("Ada: As a baker I want a list of orders so that I bake enough.\n")
    pipekit("run", "talk.txt", "--until", "1")
    (attempt,) = json.loads(pipekit("show", "last", "--history", "--json").stdout)["attempts"]
    record = json.loads(pipekit("show", "last", "--json").stdout)["record"]
    assert datetime.fromisoformat(attempt["startedAt"]).tzinfo is not None
    assert attempt["startedAt"] == record["stepOutputs"]["1"]["startedAt"]


def test_a_command_that_needs_another_one_names_those_there_are(pipekit: Command) -> None:
    done = pipekit("config")
    error = json.loads(pipekit("config", "--json").stdout)["error"]
    assert done.returncode == error["code"] == 2
    assert done.stderr.splitlines() == [
        "error: pipekit config needs one of these after it: init, show",
        "  pipekit config --help",
    ]
    assert done.stderr.splitlines()[0] == f"error: {error['message']}"
