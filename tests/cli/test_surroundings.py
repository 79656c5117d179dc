"""Surroundings that nobody expects: closed streams, a deleted working folder, damaged files beside intact ones."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MEETING = Path(__file__).parents[1] / "data" / "meetings" / "museum-refinement.txt"
Command = Callable[..., subprocess.CompletedProcess[str]]


def in_shell(script: str, folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = shlex.join([sys.executable, "-m", "pipekit"])
    return subprocess.run(
        ["/bin/sh", "-c", script.replace("pipekit", command)],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="streams are closed by a POSIX shell")
@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("pipekit show nope >&-", 12),
        ("pipekit show nope --json >&-", 12),
        ("pipekit show nope >&- 2>&-", 12),
        ("pipekit list >&-", 0),
        ("pipekit list --json >&-", 0),
        ("pipekit plan >&-", 0),
    ],
)
def test_whoever_closes_the_output_still_gets_the_exit_code(
    tmp_path: Path, environ: dict[str, str], script: str, code: int
) -> None:
    done = in_shell(script, tmp_path, environ)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use can't be removed there")
@pytest.mark.parametrize("command", ["list", "run one.txt", "plan", "config show", "list --json"])
def test_a_deleted_working_folder_is_told_as_such(tmp_path: Path, environ: dict[str, str], command: str) -> None:
    (tmp_path / "gone").mkdir()
    done = in_shell(f"cd gone && rmdir ../gone && pipekit {command}", tmp_path, environ)

    said = done.stdout + done.stderr
    assert done.returncode == 10, said
    assert "the working folder is not there any more" in said
    assert "a bug in" not in said


def damaged_run(pipekit: Command, folder: Path) -> Path:
    assert pipekit("run", str(MEETING)).returncode == 0
    run = next((folder / ".pipeline").glob("run-*"))
    (run / "steps" / "step-2.json").write_text("{}")
    return run


def test_a_damaged_step_keeps_nobody_from_the_summary(pipekit: Command, tmp_path: Path) -> None:
    run = damaged_run(pipekit, tmp_path)
    done = pipekit("open", run.name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(run / "output" / "summary.md")


def test_a_damaged_step_hides_items_but_not_where_the_run_stands(pipekit: Command, tmp_path: Path) -> None:
    run = damaged_run(pipekit, tmp_path)

    done = pipekit("show", run.name)
    document = json.loads(pipekit("show", run.name, "--json").stdout)

    assert done.returncode == 7
    assert "step-2.json was changed or damaged" in done.stderr
    assert f"{run.name}: completed" in done.stdout
    assert "write-output" in done.stdout
    assert document["status"] == "completed"
    assert len(document["steps"]) == 10
    assert document["error"]["code"] == 7


@pytest.mark.parametrize("name", ["score_confidence", "Score-Confidence", "scoreConfidence", "3", "step3", "step-3"])
def test_a_step_is_shown_however_its_name_is_spelled(pipekit: Command, name: str) -> None:
    assert pipekit("run", str(MEETING), "--until", "3").returncode == 0
    for more in ([], ["--history"]):
        done = pipekit("show", "last", name, *more)
        assert done.returncode == 0, done.stderr
        assert "score-confidence" in done.stdout
    assert pipekit("show", "last", "enrich_context").stderr.startswith("error: the step enrich-context isn't finished")


def test_the_history_says_when_an_attempt_started(pipekit: Command) -> None:
    assert pipekit("run", str(MEETING), "--until", "1").returncode == 0
    heads = pipekit("show", "last", "--history").stdout.splitlines()[0].split()
    assert "started" in heads
    assert "finished" not in heads
