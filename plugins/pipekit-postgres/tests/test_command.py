"""The command on a real server: killed, with the server gone, with a password, and with runs copied to and fro."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from wirekit.postgres import PASSWORD, OpenPostgres, Server, programs

from pipekit.copying import copy_run
from pipekit.interfaces import RunQuery, StoreURL
from pipekit.stores.json_file import JsonFileStore
from pipekit.testing import kill_at_commit

TALK = "Ana: Let's add a search to the parts page, so that people find their bolt.\nBen: Yes, we'll do that.\n"
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environ(tmp_path: Path, server: Server, schema: str) -> dict[str, str]:
    """An empty project whose runs lie on the server, and nothing of this machine's settings."""
    (tmp_path / "talk.txt").write_text(TALK)
    (tmp_path / "pipekit.yaml").write_text(f"store: {{url: '{server.address()}', schema: {schema}}}\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIPEKIT_", "LLM_", "PG"))}
    home = {name: str(tmp_path / "home") for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME")}
    return {**kept, **home, "PGPASSWORD": PASSWORD}


@pytest.fixture
def pipekit(tmp_path: Path, environ: dict[str, str]) -> Command:
    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pipekit", *arguments],
            cwd=tmp_path,
            env={**environ, **more},
            capture_output=True,
            text=True,
            timeout=50,
        )

    return run


def statuses(pipekit: Command) -> list[str]:
    return [run["status"] for run in json.loads(pipekit("list", "--json").stdout)["runs"]]


@pytest.mark.parametrize(("number", "when"), [(1, "after"), (2, "before"), (4, "after"), (9, "before")])
def test_a_killed_command_loses_nothing_that_was_kept(
    pipekit: Command, environ: dict[str, str], tmp_path: Path, open_postgres: OpenPostgres, number: int, when: str
) -> None:
    killed = kill_at_commit(number, ["run", "talk.txt"], folder=tmp_path, when=when, environ=environ)  # type: ignore[arg-type]
    assert killed.killed, killed.stderr
    (run,) = open_postgres().find(RunQuery())
    assert run.status == "interrupted"
    before = open_postgres().load(run.run_id).record.step_outputs

    done = pipekit("resume", "last", "--json")

    assert done.returncode == 0, done.stderr
    after = open_postgres().load(run.run_id).record
    assert after.status == "completed"
    assert {key: after.step_outputs[key] for key in before} == before, "nothing was made again"


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_around_any_commit_loses_and_repeats_nothing(
    pipekit: Command, environ: dict[str, str], tmp_path: Path, open_postgres: OpenPostgres, when: str
) -> None:
    store = open_postgres()
    for number in itertools.count(1):
        killed = kill_at_commit(number, ["run", "talk.txt"], folder=tmp_path, when=when, environ=environ)  # type: ignore[arg-type]
        found = list(store.find(RunQuery(limit=1)))
        if not killed.killed:
            break
        if not found:
            assert (number, when) == (1, "before"), "a run that was acknowledged is lost"
            continue
        (run,) = found
        before = store.load(run.run_id).record.step_outputs
        assert pipekit("resume", "last").returncode == 0
        after = store.load(run.run_id).record
        assert after.status == "completed"
        assert {key: after.step_outputs[key] for key in before} == before
        store.delete(run.run_id)
    assert number > 15


def test_the_server_goes_away_in_the_middle_of_a_run_and_comes_back(
    pipekit: Command, environ: dict[str, str], tmp_path: Path
) -> None:
    found = programs()
    assert found is not None
    own = Server(found)
    try:
        own.start()
        (tmp_path / "pipekit.yaml").write_text(
            f"store: {own.address()}\nplugins: {{local: [steps.py]}}\nworkflow: slow\n"
        )
        (tmp_path / "steps.py").write_text(SLOW)
        process = subprocess.Popen(
            [sys.executable, "-m", "pipekit", "run", "talk.txt", "--trust"],
            cwd=tmp_path,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        waiting = tmp_path / "waiting"
        for _ in range(400):
            if waiting.exists():
                break
            time.sleep(0.05)
        assert waiting.exists()
        own.stop(signal.SIGQUIT)
        waiting.unlink()
        _, said = process.communicate(timeout=40)
        assert process.returncode == 10, said
        assert "pipekit resume run-" in said
        assert "Traceback" not in said
        own.start()
        done = pipekit("resume", "last", "--trust", "--json")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "did").read_text().split() == ["first", "second", "second"], "the finished step ran once"
    finally:
        own.remove()


SLOW = """
import time
from pathlib import Path
from pipekit import Workflow, hookimpl, step

pipekit_api = 1

def did(what):
    with Path("did").open("a") as file:
        file.write(what + "\\n")

@step
def first(text: str) -> str:
    did("first")
    return text.upper()

@step
def second(first: str) -> str:
    did("second")
    if not Path("was-waiting").exists():
        Path("was-waiting").touch()
        Path("waiting").touch()
        while Path("waiting").exists():
            time.sleep(0.02)
    return first[:3]

@hookimpl
def pipekit_workflows():
    return [Workflow(name="slow", input="text", input_type=str, steps=[first, second])]
"""


def test_runs_are_copied_to_the_server_and_back_without_loss(
    pipekit: Command, tmp_path: Path, open_postgres: OpenPostgres
) -> None:
    pipekit("run", "talk.txt", "--until", "3", "--store", "file:.pipeline")
    pipekit("resume", "last", "--from-step", "2", "--until", "4", "--store", "file:.pipeline")
    assert pipekit("runs", "copy", "--all", "--from", "file:.pipeline").returncode == 0
    assert statuses(pipekit) == ["paused"]
    back = pipekit("runs", "copy", "--all", "--to", "file:back")
    assert back.returncode == 0, back.stderr
    old, new = (JsonFileStore(StoreURL("file", name, tmp_path)) for name in (".pipeline", "back"))
    (run,) = old.find(RunQuery())
    assert copy_run(old, new, run.run_id).is_new is False, "it is the same there, file by file"
    assert copy_run(old, open_postgres(), run.run_id).is_new is False
    assert any(ref.path.startswith("history/") for ref in new.files(run.run_id))
    assert pipekit("resume", "last", "--json").returncode == 0


def test_a_password_in_the_environment_is_shown_nowhere(
    pipekit: Command, tmp_path: Path, server: Server, environ: dict[str, str], schema: str
) -> None:
    secret = server.address().replace("ana@", f"ana:{PASSWORD}@")
    (tmp_path / "pipekit.yaml").write_text(f"store: {{url: 'postgresql://nobody', schema: {schema}}}\n")
    environ.pop("PGPASSWORD")
    given: Mapping[str, str] = {"PIPEKIT_STORE__URL": secret}
    told: list[str] = []
    for arguments, code in (
        (("run", "talk.txt"), 0),
        (("list", "--json"), 0),
        (("show", "last", "--json"), 0),
        (("plan", "talk.txt"), 0),
        (("config", "show"), 0),
        (("runs", "copy", "--all", "--to", "file:back"), 0),
    ):
        done = pipekit(*arguments, **given)
        assert done.returncode == code, (arguments, done.stderr)
        told += [done.stdout, done.stderr]
    wrong = {"PIPEKIT_STORE__URL": secret.replace(f":{server.port}/", ":1/")}
    refused = pipekit("list", "--debug", **wrong)
    assert refused.returncode == 10
    told += [refused.stdout, refused.stderr]
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert [text for text in told if PASSWORD in text] == []
    assert [data for data in kept if PASSWORD.encode() in data] == []


def test_an_error_of_the_server_is_one_message_with_its_code(pipekit: Command, tmp_path: Path, server: Server) -> None:
    (tmp_path / "pipekit.yaml").write_text(f"store: {server.address('nowhere')}\n")
    done = pipekit("run", "talk.txt")
    assert done.returncode == 10
    assert 'database "nowhere" does not exist' in done.stderr
    assert "createdb" in done.stderr
    assert "Traceback" not in done.stderr
    (tmp_path / "pipekit.yaml").write_text("store: postgresql:runs\n")
    done = pipekit("run", "talk.txt")
    assert (done.returncode, "no address of a PostgreSQL database" in done.stderr) == (3, True)
