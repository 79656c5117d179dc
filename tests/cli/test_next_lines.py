"""What the command says to do next can be done: no run that never was, no output that isn't there."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

TALK = "Ada: As a harbour master I want a map of free berths so that I don't send boats to and fro.\n"


@pytest.fixture(autouse=True)
def meeting(tmp_path: Path) -> Path:
    path = tmp_path / "talk.txt"
    path.write_text(TALK)
    return path


def commands_in(text: str) -> list[list[str]]:
    """The commands that a message offers."""
    return [shlex.split(found) for found in re.findall(r"pipekit (?:resume|show|open|list|repair)\b.*", text)]


def run_id_in(text: str) -> str:
    found = re.search(r"run-\d{8}-\d{6}-[0-9a-f]{6}", text)
    assert found is not None, text
    return found[0]


def test_a_store_that_cannot_be_written_names_no_run(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / ".pipeline").write_text("a file where the store's folder should be")
    done = pipekit("run", "talk.txt")
    error = json.loads(pipekit("run", "talk.txt", "--json").stdout)["error"]
    assert done.returncode == 10
    assert "run-2" not in done.stderr
    assert "resume" not in done.stderr
    assert "runId" not in error


def test_a_run_without_outputs_is_not_offered_to_be_opened(pipekit: Command) -> None:
    done = pipekit("run", "talk.txt", "--skip", "write-output")
    assert done.returncode == 0, done.stderr
    assert f"next: pipekit show {run_id_in(done.stdout)}" in done.stdout
    shown = pipekit("show", "last")
    assert "pipekit open" not in done.stdout + shown.stdout
    refused = pipekit("open", "last")
    assert refused.returncode == 2
    assert all(pipekit(*words[1:]).returncode == 0 for words in commands_in(refused.stderr))


def test_what_a_completed_run_offers_next_can_be_done(pipekit: Command) -> None:
    done = pipekit("run", "talk.txt")
    offered = commands_in(done.stdout)
    assert offered
    assert [pipekit(*words[1:]).returncode for words in offered] == [0] * len(offered)


@pytest.mark.parametrize("more", [[], ["--until", "2"], ["--skip", "write-output"]])
def test_a_run_in_memory_is_named_in_no_command(pipekit: Command, more: list[str]) -> None:
    done = pipekit("run", "talk.txt", "--set", "store=memory:", *more)
    assert done.returncode == 0, done.stderr
    assert commands_in(done.stdout + done.stderr) == []
    assert "memory:" in done.stdout
    assert "store: file:.pipeline" in done.stdout


FAILING = """
from pipekit import Workflow, hookimpl, step

@step
def measure(text: str) -> int:
    raise ZeroDivisionError("no measure")

@hookimpl
def pipekit_workflows():
    return [Workflow(name="words", input="text", input_type=str, steps=[measure])]
"""


def test_a_failed_run_in_memory_is_named_in_no_command(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(FAILING)
    (tmp_path / "pipekit.yaml").write_text("workflow: words\nstore: 'memory:'\nplugins: {local: [steps.py]}\n")
    done = pipekit("run", "talk.txt", "--trust", PIPEKIT_PLUGINS_OFF="")
    several = pipekit("run", "talk.txt", "talk.txt", "--trust", PIPEKIT_PLUGINS_OFF="")
    assert (done.returncode, several.returncode) == (9, 11)
    assert commands_in(done.stderr + several.stderr) == []
    assert "run --trust talk.txt talk.txt" in several.stderr


def test_resuming_a_completed_run_says_that_nothing_is_left(pipekit: Command) -> None:
    pipekit("run", "talk.txt")
    done = pipekit("resume", "last")
    document = json.loads(pipekit("resume", "last", "--json").stdout)
    assert done.returncode == 0
    assert f"{run_id_in(done.stdout)} was completed before; nothing is left to do" in done.stdout
    assert (document["status"], document["nothingLeft"]) == ("completed", True)


def test_going_on_with_a_paused_run_does_not_say_so(pipekit: Command) -> None:
    pipekit("run", "talk.txt", "--until", "2")
    document = json.loads(pipekit("resume", "last", "--json").stdout)
    assert (document["status"], document["nothingLeft"]) == ("completed", False)


SLOW = """
import time
from pipekit import Workflow, hookimpl, step

@step
def first(text: str) -> int:
    return 1

@step
def wait_long(first: int) -> int:
    time.sleep(20)
    return 1

@hookimpl
def pipekit_workflows():
    return [Workflow(name="words", input="text", input_type=str, steps=[first, wait_long])]
"""


@pytest.mark.parametrize("as_json", [False, True])
def test_a_stop_in_a_batch_names_what_was_not_reached_and_how_to_go_on(
    tmp_path: Path, environ: dict[str, str], as_json: bool
) -> None:
    (tmp_path / "steps.py").write_text(SLOW)
    (tmp_path / "pipekit.yaml").write_text("workflow: words\nplugins: {local: [steps.py]}\n")
    (tmp_path / "b 2.txt").write_text(TALK)
    argv = ["run", "talk.txt", "b 2.txt", "c.txt", "--trust", *(["--json"] if as_json else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipekit", *argv],
        cwd=tmp_path,
        env={**environ, "PIPEKIT_PLUGINS_OFF": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob(".pipeline/run-*/steps/step-first.json")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 130, err
    run = next(tmp_path.glob(".pipeline/run-*")).name
    if as_json:
        document = json.loads(out)
        assert document["notReached"] == ["b 2.txt", "c.txt"]
        assert document["runs"][0]["input"] == "talk.txt"
        assert document["runs"][0]["error"]["runId"] == document["error"]["runId"] == run
        said = document["error"]["message"] + "\n" + document["error"]["hint"]
    else:
        said = err
    assert "stopped in talk.txt; 2 of 3 inputs were not reached: b 2.txt, c.txt" in said
    assert f"pipekit resume {run}" in said
    assert "pipekit run --trust" in said
    assert shlex.split(said.splitlines()[-1].partition(": ")[2])[-2:] == ["b 2.txt", "c.txt"]


@pytest.mark.parametrize("more", [["--until", "2"], []])
def test_what_is_offered_looks_where_this_command_looked(pipekit: Command, tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "my team").mkdir()
    (tmp_path / "my team" / "pipekit.yaml").write_text("llm: {temperature: 0.5}\n")
    place = ["--config", "my team/pipekit.yaml"]
    done = pipekit("run", "talk.txt", *place, *more)
    shown = pipekit("show", "last", *place)
    refused = pipekit("show", "last", "candidat-1", *place)
    assert (done.returncode, shown.returncode, refused.returncode) == (0, 0, 2)
    for said in (done.stdout, shown.stdout, refused.stderr):
        offered = commands_in(said)
        assert offered
        assert [pipekit(*words[1:]).returncode for words in offered] == [0] * len(offered)


def test_what_a_document_offers_looks_there_too(pipekit: Command) -> None:
    place = ["--set", "store=file:elsewhere"]
    pipekit("run", "talk.txt", "--until", "2", *place)
    error = json.loads(pipekit("show", "last", "7", *place, "--json").stdout)["error"]
    assert [pipekit(*words[1:]).returncode for words in commands_in(error["hint"])] == [0]


def test_more_runs_of_one_status_are_offered_as_such(pipekit: Command) -> None:
    for _ in range(2):
        pipekit("run", "talk.txt", "--until", "1")
    said = pipekit("list", "--status", "paused", "--limit", "1").stdout
    assert commands_in(said) == [["pipekit", "list", "--status", "paused", "--limit", "5"]]


def test_outputs_that_cannot_be_copied_are_offered_from_the_run(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = pipekit("run", "talk.txt", "--set", "output.dir=taken")
    run = run_id_in(done.stderr)
    assert done.returncode == 10
    assert commands_in(done.stderr) == [
        ["pipekit", "open", run],
        ["pipekit", "resume", run, "--set", "output.dir=FOLDER"],
    ]
    again = pipekit("resume", run, "--set", "output.dir=given")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "given" / run / "summary.md").is_file()


def test_a_place_with_a_space_is_quoted_where_it_is_offered(pipekit: Command, tmp_path: Path) -> None:
    folder = tmp_path / "our team"
    folder.mkdir()
    (folder / "pipekit.yaml").write_text("plugins: {local: [steps.py]}\n")
    (folder / "steps.py").write_text("one = 1\n")
    trusted = pipekit("trust", "our team")
    given = pipekit("run", "our team")
    assert trusted.stderr.rstrip().endswith("pipekit trust 'our team' --yes")
    assert given.stderr.rstrip().endswith("pipekit run 'our team/FILE'")


def test_a_fork_takes_no_damaged_output_along_and_offers_what_helps(pipekit: Command, tmp_path: Path) -> None:
    pipekit("run", "talk.txt")
    (folder,) = (tmp_path / ".pipeline").glob("run-*")
    summary = folder / "output" / "summary.md"
    summary.write_bytes(summary.read_bytes()[:-1] + b"X")
    refused = pipekit("resume", "last", "--fork")
    assert (refused.returncode, "summary.md" in refused.stderr) == (7, True)
    assert list((tmp_path / ".pipeline").glob("run-*")) == [folder]
    offered = commands_in(refused.stderr)
    assert offered
    assert pipekit(*offered[-1][1:]).returncode == 7
    assert pipekit(*offered[-1][1:], "--yes").returncode == 0
    assert pipekit("resume", folder.name, "--fork").returncode == 0


def test_what_is_offered_keeps_the_trust_of_this_call(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(
        "from pipekit import step\n\n\n@step\ndef shout(meeting: object) -> str:\n    return 'ha'\n"
    )
    (tmp_path / "pipekit.yaml").write_text("plugins: {local: [steps.py]}\n")
    more = {"PIPEKIT_PLUGINS_OFF": "0"}
    done = pipekit("run", "talk.txt", "--until", "2", "--trust", **more)
    assert done.returncode == 0, done.stderr
    (words,) = commands_in(done.stdout)
    assert words[-1] == "--trust"
    assert pipekit(*words[1:-1], **more).returncode != 0
    assert pipekit(*words[1:], **more).returncode == 0
