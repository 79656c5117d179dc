"""Damaged, foreign and surprising states of runs, as the command tells of them: one message, what to do, no loss."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipekit.stores.journal import Journal
from pipekit.stores.lines import line
from pipekit.stores.view import render_view

Command = Callable[..., subprocess.CompletedProcess[str]]

STEPS = """
import os, time
from collections.abc import Sequence
from typing import Any
from attrs import define, field, frozen
from pipekit import Each, StepContext, StepError, Workflow, hookimpl, step

pipekit_api = 1
DO = os.environ.get("DO", "")


def mark(text: str) -> None:
    with open("marks.txt", "a") as file:
        file.write(text + "\\n")


@frozen
class Word:
    id: str
    text: str


@define
class Bag:
    words: list[str] = field(factory=list)


@step(provides="words")
def split(text: str) -> list[Word]:
    mark("split")
    if DO == "wait" and "stone" in text:
        mark("waiting")
        time.sleep(300)
    return [Word(f"w{n}", word) for n, word in enumerate(text.split(), start=1)]


@step
def collect(words: list[Word]) -> Bag:
    return Bag([word.text for word in words])


@step(provides="weights", each="words")
def weigh(word: Word, bag: Bag | None = None) -> float:
    mark(f"weigh {word.id}")
    if DO == "fail" and word.id == "w2":
        raise StepError("can't be weighed")
    if DO == "hang" and word.id == "w2":
        time.sleep(300)
    if DO == "exit" and word.id == "w2":
        time.sleep(0.3)
        os._exit(3)
    if DO == "nan" and word.id == "w2":
        return float("nan")
    return float(len(word.text))


@step
def sum_up(collect: Bag, weights: Each[float]) -> str:
    collect.words.append("changed by sum-up")
    if DO == "surrogate":
        return "caf\\ud800"
    return f"{len(collect.words)} {sum(weights.values())}"


@step
def look_again(collect: Bag, sum_up: str) -> int:
    return len(collect.words)


@hookimpl
def pipekit_workflows():
    return [Workflow(name="w", input="text", input_type=str, steps=[split, collect, weigh, sum_up, look_again])]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "pipekit.yaml").write_text("workflow: w\nplugins: {local: [steps.py]}\nrun: {concurrency: 1}\n")
    (tmp_path / "words.txt").write_text("iron lead feather\n")
    return tmp_path


@pytest.fixture
def go(pipekit: Command, project: Path) -> Command:
    """Run or resume in the project, its own steps trusted."""

    def command(*argv: str, **more: str) -> subprocess.CompletedProcess[str]:
        return pipekit(*argv, "--trust", PIPEKIT_PLUGINS_OFF="", **more)

    return command


def newest(project: Path) -> Path:
    return max((project / ".pipeline").glob("run-*"))


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.rstrip().splitlines()[-1]


@pytest.mark.parametrize("name", ["state.json", "journal.jsonl"])
def test_a_flipped_bit_in_record_or_journal_is_named_and_repaired(go: Command, project: Path, name: str) -> None:
    assert go("run", "words.txt", DO="fail").returncode == 5
    run = newest(project)
    flip(run / name, 300)
    before = (run / name).read_bytes()

    done = go("resume", "last")
    assert done.returncode == 7, done.stderr
    assert name in done.stderr
    assert last_line(done).endswith(f"pipekit repair {run.name} --trust")
    assert (run / name).read_bytes() == before
    listed = json.loads(go("list", "--json").stdout)["runs"][0]
    # A listing reads the journal only where the record is behind it.
    assert listed["status"] == ("damaged" if name == "state.json" else "failed")
    assert listed["reason"]

    looked = go("repair", "last")
    assert looked.returncode == 7
    assert (
        last_line(looked).strip()
        == f"nothing was changed; do what is proposed: pipekit repair {run.name} --trust --yes"
    )
    assert (run / name).read_bytes() == before
    mended = go("repair", "last", "--yes")
    assert mended.returncode == 0, mended.stderr
    assert (run / "damaged/1" / name).read_bytes() == before
    assert (project / "marks.txt").read_text().splitlines().count("split") == 1


def test_repair_says_so_where_nothing_is_damaged(go: Command) -> None:
    go("run", "words.txt")
    done = go("repair", "last", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["damages"] == []


def test_a_run_of_a_newer_pipekit_is_listed_as_such_and_left_alone(go: Command, project: Path) -> None:
    assert go("run", "words.txt").returncode == 0
    run = newest(project)
    lines = (run / "journal.jsonl").read_text().splitlines()
    header = json.loads(lines[0])
    header["schema"] = header["record"]["schema"] = 99
    (run / "journal.jsonl").write_text("\n".join([json.dumps(header), *lines[1:]]) + "\n")
    (run / "state.json").write_text(json.dumps({**json.loads((run / "state.json").read_text()), "schema": 99}))
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}

    listed = json.loads(go("list", "--json").stdout)["runs"][0]
    assert (listed["status"], listed["runId"]) == ("newer", run.name)
    assert listed["reason"].startswith("written by pipekit ≥ ")
    assert [one["runId"] for one in json.loads(go("list", "--status", "newer", "--json").stdout)["runs"]] == [run.name]
    assert json.loads(go("list", "--status", "damaged", "--json").stdout)["runs"] == []
    assert go("prune", "--keep", "0").returncode == 0
    for argv in (
        ("resume", "last"),
        ("resume", "last", "--from-step", "1"),
        ("resume", "last", "--fork"),
        ("resume", "last", "--accept-edits"),
        ("repair", "last", "--yes"),
        ("show", "last"),
    ):
        refused = go(*argv)
        assert refused.returncode == 7, (argv, refused.stderr)
        assert "written by pipekit ≥ " in refused.stderr
    assert {path: path.read_bytes() for path in run.parent.rglob("*") if path.is_file()} == before


def test_a_run_of_an_older_layout_is_read_as_it_is_and_written_anew_by_the_first_commit_alone(
    go: Command, project: Path
) -> None:
    assert go("run", "words.txt", DO="fail").returncode == 5
    run = newest(project)
    older(run)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}

    assert json.loads(go("list", "--json").stdout)["runs"][0]["status"] == "failed"
    assert go("show", "last").returncode == 0
    assert go("repair", "last").returncode == 0
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before

    assert go("resume", "last").returncode == 0
    record = json.loads((run / "state.json").read_text())
    assert (record["schema"], record["status"]) == (1, "completed")
    assert (run / "state.v0.json.bak").read_bytes() == before[run / "state.json"]
    assert (project / "marks.txt").read_text().splitlines().count("split") == 1


def older(run: Path) -> None:
    """Make a run one of the invented layout 0, in which ``status`` was called ``state``."""
    journal = Journal(run.name, "journal")
    journal.feed((run / "journal.jsonl").read_bytes())
    record = {("state" if key == "status" else key): value for key, value in journal.record.items() if key != "schema"}
    files = [[path, blob.sha256, blob.size, None] for path, blob in journal.blobs.items()]
    header = line(Journal(run.name, "journal").body("header", 1, {"schema": 0, "record": record, "files": files}))
    (run / "journal.jsonl").write_bytes(header)
    (run / "state.json").write_bytes(render_view({**record, "schema": 0}, journal_size=len(header)))


def test_a_step_can_be_looked_at_while_another_one_is_damaged(go: Command, project: Path) -> None:
    assert go("run", "words.txt").returncode == 0
    run = newest(project)
    flip(run / "steps/step-collect.json", 20)

    step = go("show", "last", "sum-up")
    assert step.returncode == 0, step.stderr
    assert "warning: " in step.stderr
    assert "step-collect.json was changed or damaged" in step.stderr
    assert f"pipekit repair {run.name}" in step.stderr
    document = json.loads(go("show", "last", "sum-up", "--json").stdout)
    assert "step-collect.json" in document["warnings"][0]
    assert go("show", "last", "collect").returncode == 7
    assert go("show", "last", "nothing").returncode == 7  # it may be in the damaged file


def test_a_link_in_the_place_of_a_steps_file_is_told_and_not_followed(go: Command, project: Path) -> None:
    assert go("run", "words.txt").returncode == 0
    file = newest(project) / "steps/step-collect.json"
    file.rename(project / "elsewhere.json")
    file.symlink_to(project / "elsewhere.json")

    for part in ("collect", "nothing"):
        done = go("show", "last", part)
        assert done.returncode == 7, done.stderr
        assert "step-collect.json: can't read: it is a link" in done.stderr
    assert go("show", "last", "sum-up").returncode == 0


def test_a_torn_tail_of_the_journal_is_dropped_without_a_word(go: Command, project: Path) -> None:
    go("run", "words.txt", DO="fail")
    with (newest(project) / "journal.jsonl").open("ab") as file:
        file.write(b'{"sequence":99,"epoch":7,"ru')
    done = go("resume", "last")
    assert done.returncode == 0, done.stderr
    assert (project / "marks.txt").read_text().splitlines().count("weigh w1") == 1


def test_a_lock_file_left_behind_and_one_that_names_a_dead_process_are_no_obstacle(go: Command, project: Path) -> None:
    go("run", "words.txt", DO="fail")
    run = newest(project)
    (run / "lock").write_text("99999999")
    (run / "owner.json").write_text(
        json.dumps({"pid": 99999999, "host": os.uname().nodename, "since": "2026-01-01T00:00:00Z"})
    )
    assert go("resume", "last").returncode == 0


def test_a_clock_that_went_back_a_day_changes_neither_order_nor_outcome(go: Command, project: Path) -> None:
    go("run", "words.txt", DO="fail")
    run = newest(project)
    (project / "sitecustomize.py").write_text(
        "import time\n_real = time.time\ntime.time = lambda: _real() - 86400\n"
        "import datetime\n"
        "class Late(datetime.datetime):\n"
        "    @classmethod\n"
        "    def now(cls, tz=None):\n"
        "        return datetime.datetime.fromtimestamp(_real() - 86400, tz)\n"
        "_old, datetime.datetime = datetime.datetime, Late\n"
    )
    done = go("resume", "last", PYTHONPATH=str(project))
    assert done.returncode == 0, done.stderr
    (project / "sitecustomize.py").unlink()
    record = json.loads((run / "state.json").read_text())
    assert record["status"] == "completed"
    assert record["updatedAt"] < record["startedAt"]
    assert all(step["duration"] >= 0 for step in record["stepOutputs"].values())
    assert go("resume", "last").returncode == 0
    assert go("prune", "--older-than", "1h", "--keep", "0").returncode == 0


def test_a_fork_of_a_running_run_takes_what_is_committed_and_disturbs_nobody(
    go: Command, project: Path, environ: dict[str, str]
) -> None:
    argv = [sys.executable, "-m", "pipekit", "run", "words.txt", "--trust"]
    running = subprocess.Popen(
        argv, cwd=project, env={**environ, "PIPEKIT_PLUGINS_OFF": "", "DO": "hang"}, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 20
        while "weigh w2" not in (project / "marks.txt").read_text() if (project / "marks.txt").exists() else True:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        done = go("resume", "last", "--fork")
        assert done.returncode == 0, done.stderr
        assert running.poll() is None
    finally:
        running.kill()
        running.wait()
    parent, fork = sorted((project / ".pipeline").glob("run-*"))
    assert json.loads((fork / "state.json").read_text())["parentRunId"] == parent.name
    marks = (project / "marks.txt").read_text().splitlines()
    assert (marks.count("split"), marks.count("weigh w1")) == (1, 1)
    assert json.loads(go("list", "--json", "--status", "interrupted").stdout)["runs"][0]["runId"] == parent.name


@pytest.mark.parametrize("step", ["9", "step9", "publish"])
def test_a_step_beyond_the_plan_is_a_usage_error_and_changes_nothing(go: Command, project: Path, step: str) -> None:
    go("run", "words.txt")
    before = (newest(project) / "journal.jsonl").read_bytes()
    done = go("resume", "last", "--from-step", step)
    assert done.returncode == 2, done.stderr
    assert step in done.stderr
    assert (newest(project) / "state.json").exists()
    assert (newest(project) / "journal.jsonl").read_bytes().startswith(before)


def test_a_plugin_that_is_gone_at_resume_is_named_and_the_run_is_untouched(go: Command, project: Path) -> None:
    go("run", "words.txt", DO="fail")
    record = json.loads((newest(project) / "state.json").read_text())
    (project / "steps.py").rename(project / "steps.txt")
    (project / "pipekit.yaml").write_text("workflow: w\n")
    done = go("resume", "last")
    assert done.returncode == 9, done.stderr
    assert "'w'" in done.stderr or " w" in done.stderr
    now = json.loads((newest(project) / "state.json").read_text())
    assert (now["status"], now["completedSteps"]) == (record["status"], record["completedSteps"])
    (project / "steps.txt").rename(project / "steps.py")
    (project / "pipekit.yaml").write_text("workflow: w\nplugins: {local: [steps.py]}\n")
    assert go("resume", "last").returncode == 0


def test_a_step_that_hangs_fails_with_its_place_and_the_rest_is_kept(go: Command, project: Path) -> None:
    done = go("run", "words.txt", "--set", "steps.weigh.timeout=0.5", DO="hang")
    assert done.returncode == 9, done.stderr
    assert "no sign of life for 0.5 seconds" in done.stderr
    assert "time.sleep(300)" in done.stderr
    (project / "marks.txt").unlink()
    assert go("resume", "last").returncode == 0
    assert (project / "marks.txt").read_text().split() == ["weigh", "w2"]


def test_a_step_that_ends_the_process_loses_no_finished_item(go: Command, project: Path) -> None:
    assert go("run", "words.txt", DO="exit").returncode == 3
    assert json.loads(go("list", "--json").stdout)["runs"][0]["status"] == "interrupted"
    (project / "marks.txt").unlink()
    assert go("resume", "last").returncode == 0
    assert (project / "marks.txt").read_text().splitlines() == ["weigh w2", "weigh w3"]


@pytest.mark.parametrize(("do", "said"), [("nan", "w2: .*nan is not JSON"), ("surrogate", "lone surrogate")])
def test_what_is_no_json_is_refused_at_the_boundary(go: Command, project: Path, do: str, said: str) -> None:
    import re

    done = go("run", "words.txt", DO=do)
    assert done.returncode == 9, done.stderr
    assert re.search(said, done.stderr, re.IGNORECASE), done.stderr
    assert go("resume", "last").returncode == 0


def test_a_step_that_changes_its_input_changes_nobody_elses(go: Command, project: Path) -> None:
    assert go("run", "words.txt").returncode == 0
    shown = json.loads(go("show", "last", "look-again", "--json").stdout)
    assert shown["value"] == 3


def test_a_run_that_another_process_works_on_is_left_alone(go: Command, project: Path, environ: dict[str, str]) -> None:
    argv = [sys.executable, "-m", "pipekit", "run", "words.txt", "--trust"]
    running = subprocess.Popen(
        argv, cwd=project, env={**environ, "PIPEKIT_PLUGINS_OFF": "", "DO": "hang"}, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 20
        while not (project / "marks.txt").exists() or "weigh w2" not in (project / "marks.txt").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        done = go("resume", "last")
        assert done.returncode == 8, done.stderr
        assert str(running.pid) in done.stderr
        assert go("repair", "last", "--yes").returncode == 8
        assert go("prune", "--keep", "0").returncode == 0
        assert len(json.loads(go("list", "--json", "--status", "running").stdout)["runs"]) == 1
    finally:
        running.kill()
        running.wait()
    assert go("resume", "last").returncode == 0


def without_roots_rights() -> None:
    """Before a program begins: take from root what lets it pass over the permissions of files."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # to write, and to read and search, whatever the permissions say
        libc.prctl(24, capability, 0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="rights are taken away the way Linux does it")
def test_a_read_only_store_is_told_and_can_still_be_looked_at(
    go: Command, project: Path, environ: dict[str, str]
) -> None:
    assert go("run", "words.txt", DO="fail").returncode == 5
    run = newest(project)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    folders = [run.parent, run, *(path for path in run.rglob("*") if path.is_dir())]

    def command(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pipekit", *argv, "--trust"],
            cwd=project,
            env={**environ, "PIPEKIT_PLUGINS_OFF": ""},
            preexec_fn=without_roots_rights if os.geteuid() == 0 else None,
            capture_output=True,
            text=True,
            check=False,
        )

    for path in before:
        path.chmod(0o400)
    for folder in folders:
        folder.chmod(0o500)
    try:
        listed, shown = command("list"), command("show", "last")
        resumed, started = command("resume", "last"), command("run", "words.txt")
    finally:
        for folder in folders:
            folder.chmod(0o700)
        for path in before:
            path.chmod(0o600)
    assert (listed.returncode, shown.returncode) == (0, 0), listed.stderr + shown.stderr
    for refused in (resumed, started):
        assert refused.returncode == 10, refused.stderr
        assert "Permission denied" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert go("resume", "last").returncode == 0


#: Every forced write fails as on a full disk while there is a file that says so.
FULL = """
import errno, os
real = os.fsync
def fsync(descriptor):
    if os.path.exists("full"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return real(descriptor)
os.fsync = os.fdatasync = fsync
"""


def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_space(go: Command, project: Path) -> None:
    assert go("run", "words.txt", DO="fail").returncode == 5
    (project / "site").mkdir()
    (project / "site/sitecustomize.py").write_text(FULL)
    (project / "full").write_text("")
    run = newest(project)
    before = {path: path.read_bytes() for path in (run / "steps").iterdir() if path.suffix == ".json"}

    resumed = go("resume", "last", PYTHONPATH=str(project / "site"))
    started = go("run", "words.txt", PYTHONPATH=str(project / "site"))

    for refused in (resumed, started):
        assert refused.returncode == 10, refused.stderr
        assert "No space left on device" in refused.stderr
        assert "free some space" in refused.stderr
    assert last_line(resumed).endswith(f"pipekit resume {run.name} --trust")
    assert "resume" not in started.stderr
    assert [path.name for path in (project / ".pipeline").glob("run-*")] == [run.name]
    assert {path: path.read_bytes() for path in before} == before
    (project / "full").unlink()
    assert go("resume", "last", PYTHONPATH=str(project / "site")).returncode == 0
    assert (project / "marks.txt").read_text().splitlines().count("weigh w1") == 1


def test_ctrl_c_in_the_second_of_several_inputs_keeps_the_first_and_pauses_the_second(
    go: Command, project: Path, environ: dict[str, str]
) -> None:
    (project / "other.txt").write_text("stone wood water\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "pipekit", "run", "words.txt", "other.txt", "words.txt", "--trust"],
        cwd=project,
        env={**environ, "PIPEKIT_PLUGINS_OFF": "", "DO": "wait"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while not (project / "marks.txt").exists() or "waiting" not in (project / "marks.txt").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=15)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, errors
    runs = [json.loads((run / "state.json").read_text()) for run in sorted((project / ".pipeline").glob("run-*"))]
    assert [run["status"] for run in runs] == ["completed", "paused"]
    assert f"pipekit resume {runs[1]['runId']}" in errors
    assert go("resume", runs[1]["runId"]).returncode == 0
