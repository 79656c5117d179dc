"""``pipekit runs copy``: what it takes along, what it says, and how it ends; killed in the middle, too."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipekit.copying import copy_run
from pipekit.interfaces.state_stores import Owner, RunQuery, StoreURL
from pipekit.state.record import BlobRef, InputRef, RunRecord
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.sqlite_file import SqliteSettings, SqliteStore

from .conftest import Command

TALK = b"Ana: Let's add a search to the parts page, so that people find their bolt.\nBen: Yes, we'll do that.\n"


def files_in(folder: Path) -> JsonFileStore:
    return JsonFileStore(StoreURL("file", ".pipeline", folder))


def sqlite_in(folder: Path) -> SqliteStore:
    return SqliteStore(StoreURL("sqlite", "runs.db", folder), SqliteSettings())


def make_run(folder: Path, number: int, *, days: int = 0, output: bytes = b"done") -> str:
    at = datetime.now(UTC) - timedelta(days=days, seconds=100 - number)
    run_id = f"run-20261123-1200{number:02}-abcdef"
    record = RunRecord(
        run_id=run_id,
        input_file="talk.txt",
        started_at=at,
        updated_at=at,
        status="completed",
        current_step=None,
        workflow="backlog",
        input=InputRef(
            name="talk.txt", path="input/original.txt", sha256=hashlib.sha256(TALK).hexdigest(), size=len(TALK)
        ),
        outputs=(BlobRef(path="output/a.bin", sha256=hashlib.sha256(output).hexdigest(), size=len(output)),),
        pipekit_version="0.1.0",
    )
    files_in(folder).create(record, io.BytesIO(TALK), {"output/a.bin": output})
    return run_id


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    return [make_run(tmp_path, number, days=10 * (3 - number)) for number in range(4)]


def there(folder: Path) -> list[str]:
    store = sqlite_in(folder)
    try:
        return [run.run_id for run in store.find(RunQuery())][::-1]
    finally:
        store.close()


def test_a_real_run_goes_on_in_the_store_that_it_was_copied_to(pipekit_here: Command, tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_bytes(TALK)
    pipekit_here("run", "talk.txt", "--until", "3")
    pipekit_here("resume", "last", "--from-step", "2", "--until", "3")

    done = pipekit_here("runs", "copy", "last", "--to", "sqlite:runs.db")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 run copied to sqlite:runs.db, ")
    assert "pipekit list --store sqlite:runs.db" in done.stdout
    history = pipekit_here("show", "last", "--history").stdout
    assert pipekit_here("show", "last", "--history", "--store", "sqlite:runs.db").stdout == history
    gone_on = pipekit_here("resume", "last", "--store", "sqlite:runs.db", "--json")
    assert gone_on.returncode == 0
    assert json.loads(gone_on.stdout)["status"] == "completed"
    (paused,) = json.loads(pipekit_here("list", "--json").stdout)["runs"]
    assert paused["status"] == "paused"


def test_all_runs_are_copied_once_and_then_found_there(pipekit_here: Command, runs: list[str], tmp_path: Path) -> None:
    first = pipekit_here("runs", "copy", "--all", "--to", "sqlite:runs.db")
    assert first.returncode == 0
    assert first.stderr.splitlines()[0] == f"1 of 4: {runs[0]}: copied, 2 files, {len(TALK) + 4} bytes"
    assert there(tmp_path) == runs
    again = pipekit_here("runs", "copy", "--all", "--to", "sqlite:runs.db", "--json")
    document = json.loads(again.stdout)
    assert (again.returncode, again.stderr, document["copied"], document["failed"]) == (0, "", [], [])
    assert [run["runId"] for run in document["there"]] == runs


@pytest.mark.parametrize("since", ["15d", (datetime.now(UTC) - timedelta(days=15)).date().isoformat()])
def test_since_takes_what_changed_later(pipekit_here: Command, runs: list[str], tmp_path: Path, since: str) -> None:
    assert pipekit_here("runs", "copy", "--since", since, "--to", "sqlite:runs.db").returncode == 0
    assert there(tmp_path) == runs[2:]


def test_from_names_another_source_and_back_comes_the_same(
    pipekit_here: Command, runs: list[str], tmp_path: Path
) -> None:
    pipekit_here("runs", "copy", *runs[:2], "--to", "sqlite:runs.db")
    assert pipekit_here("runs", "copy", "--all", "--from", "sqlite:runs.db", "--to", "file:back").returncode == 0
    back = JsonFileStore(StoreURL("file", "back", tmp_path))
    assert [run.run_id for run in back.find(RunQuery())] == [runs[1], runs[0]]
    assert [copy_run(files_in(tmp_path), back, run_id).is_new for run_id in runs] == [False, False, True, True]


def test_a_source_without_a_run_is_said(pipekit_here: Command, tmp_path: Path) -> None:
    done = pipekit_here("runs", "copy", "--all", "--from", "file:misspelt", "--to", "sqlite:runs.db")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "there is no run to copy in file:misspelt")
    assert list(tmp_path.iterdir()) == []


def test_several_that_fail_are_named_with_a_way_out_and_the_rest_arrives(
    pipekit_here: Command, runs: list[str], tmp_path: Path
) -> None:
    (tmp_path / ".pipeline" / runs[0] / "output" / "a.bin").write_bytes(b"edited")
    store = files_in(tmp_path)
    lease = store.acquire(runs[1], Owner.this_process())
    done = pipekit_here("runs", "copy", "--all", "--to", "sqlite:runs.db")
    document = json.loads(pipekit_here("runs", "copy", "--all", "--to", "sqlite:runs.db", "--json").stdout)
    lease.release()
    assert done.returncode == 11
    assert "2 runs copied to sqlite:runs.db" in done.stdout
    for said in (f"pipekit repair {runs[0]}", f"process {os.getpid()} on", "2 of 4 runs were not copied"):
        assert said in done.stderr
    assert [(one["runId"], one["error"]["code"]) for one in document["failed"]] == [(runs[0], 7), (runs[1], 8)]
    assert document["error"]["code"] == 11
    assert there(tmp_path) == runs[2:]


def test_a_target_that_refuses_ends_the_copy_and_the_rest_is_not_reached(
    pipekit_here: Command, runs: list[str], tmp_path: Path
) -> None:
    pipekit_here("runs", "copy", runs[0], "--to", "sqlite:runs.db")
    pipekit_here("runs", "copy", "--all", "--to", "sqlite:old.db")
    (tmp_path / "pipekit.yaml").write_text("store: {url: 'sqlite:old.db', lockTimeout: 0.05}\n")
    connection = sqlite3.connect(tmp_path / "runs.db")
    connection.execute("BEGIN IMMEDIATE")  # another program writes, and takes its time
    done = pipekit_here("runs", "copy", "--all", "--to", "sqlite:runs.db")
    connection.close()
    assert done.returncode == 10
    assert "1 run there already, the same; 1 run not copied; 2 runs not reached" in done.stdout
    assert "another program keeps it locked" in done.stderr
    assert "then the same command again" in done.stderr


def test_one_run_that_is_worked_on_ends_with_8(pipekit_here: Command, runs: list[str], tmp_path: Path) -> None:
    lease = files_in(tmp_path).acquire(runs[0], Owner.this_process())
    done = pipekit_here("runs", "copy", runs[0], "--to", "sqlite:runs.db")
    lease.release()
    assert done.returncode == 8


def test_another_run_of_the_name_is_refused_with_7(pipekit_here: Command, runs: list[str], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    make_run(tmp_path / "other", 0, output=b"something else")
    pipekit_here("runs", "copy", runs[0], "--from", "file:other/.pipeline", "--to", "sqlite:runs.db")
    done = pipekit_here("runs", "copy", runs[0], "--to", "sqlite:runs.db")
    assert done.returncode == 7
    assert "another one, which differs in " in done.stderr
    assert f"pipekit show {runs[0]}" in done.stderr


def test_without_a_target_the_runs_come_into_the_store_in_use_with_its_settings(
    pipekit_here: Command, runs: list[str], tmp_path: Path
) -> None:
    (tmp_path / "pipekit.yaml").write_text("store: {url: 'sqlite:runs.db', lockTimeout: 0.05}\n")
    assert pipekit_here("runs", "copy", "--all", "--from", "file:.pipeline").returncode == 0
    assert there(tmp_path) == runs
    connection = sqlite3.connect(tmp_path / "runs.db")
    connection.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    make_run(tmp_path, 9)
    assert pipekit_here("runs", "copy", "--all", "--from", "file:.pipeline").returncode == 10
    connection.close()
    assert time.monotonic() - start < 10, "it waited for the configured time"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--to", "sqlite:runs.db"), 2, "say which runs to copy"),
        (("--all",), 2, "say where to copy to"),
        (("--all", "--from", "sqllite:runs.db"), 3, "--from: there is no store 'sqllite'"),
        (("--all", "--since", "3d", "--to", "sqlite:runs.db"), 2, "in one way"),
        (("--all", "--to", "file:.pipeline"), 2, "is the one to copy from"),
        (("--since", "tuesday", "--to", "sqlite:runs.db"), 2, "neither an age nor a day"),
        (("--all", "--to", "sqllite:runs.db"), 3, "--to: there is no store 'sqllite'"),
        (("--all", "--to", "runs.db"), 3, "did you mean sqlite:runs.db?"),
        (("--all", "--to", "postgresql://ana:hush-hush@db/x"), 3, "--to takes no password"),
        (("--all", "--from", "acme://ana:hush-hush@db/x", "--to", "sqlite:runs.db"), 3, "--from takes no password"),
        (("run-2000", "--to", "sqlite:runs.db"), 12, "no such run"),
        (("--all", "--to", "sqlite:."), 10, "is a folder"),
    ],
)
def test_what_is_wrong_with_a_call_is_said_and_nothing_is_copied(
    pipekit_here: Command, runs: list[str], tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = pipekit_here("runs", "copy", *arguments)
    assert said in done.stderr
    assert "hush" not in done.stderr
    assert done.returncode == code
    assert len(runs) == 4
    assert not (tmp_path / "runs.db").exists()


def _started(folder: Path, environ: dict[str, str], to: str) -> subprocess.Popen[str]:
    """The command in a process of its own, in the middle of its work: it has said of a run that it was copied."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipekit", "runs", "copy", "--all", "--to", to],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert ": copied, " in process.stderr.readline()
    return process


@pytest.mark.parametrize("to", ["sqlite:runs.db", "file:copies"])
def test_a_copy_that_is_killed_leaves_whole_runs_and_goes_on(
    pipekit_here: Command, environ: dict[str, str], tmp_path: Path, to: str
) -> None:
    runs = [make_run(tmp_path, number, output=os.urandom(300_000)) for number in range(40)]
    process = _started(tmp_path, environ, to)
    process.kill()
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL

    found = json.loads(pipekit_here("list", "--limit", "100", "--store", to, "--json").stdout)["runs"]
    assert 1 <= len(found) < 40
    assert {run["status"] for run in found} == {"completed"}
    document = json.loads(pipekit_here("runs", "copy", "--all", "--to", to, "--json").stdout)
    assert document["failed"] == []
    assert [run["runId"] for run in document["there"]] == runs[: len(found)]
    assert [run["runId"] for run in document["copied"]] == runs[len(found) :]
    assert document["failed"] == []


def test_ctrl_c_ends_between_two_runs_and_says_how_to_go_on(environ: dict[str, str], tmp_path: Path) -> None:
    runs = [make_run(tmp_path, number, output=os.urandom(300_000)) for number in range(40)]
    process = _started(tmp_path, environ, "sqlite:runs.db")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "stopped between two runs; " in err
    assert "the same command again goes on" in err
    copied = there(tmp_path)
    assert copied == runs[: len(copied)]
    assert out.startswith(f"{len(copied)} runs copied to sqlite:runs.db" if len(copied) > 1 else "1 run copied")
