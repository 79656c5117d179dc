"""A process killed around each of its commits: what was kept before it is there, and what was not is done once more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from pipekit.testing import kill_at_commit

STEPS = """
from pathlib import Path
from pipekit import Workflow, hookimpl, step

pipekit_api = 1

def did(what):
    with Path("did.txt").open("a") as log:
        log.write(what + "\\n")

@step
def first(text: str) -> str:
    did("first")
    return text

@step
def second(first: str) -> str:
    did("second")
    return first

@hookimpl
def pipekit_workflows():
    return [Workflow(name="two", input="text", input_type=str, steps=[first, second])]
"""
RUN = ["run", "--trust", "talk.txt"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(STEPS)
    (tmp_path / "pipekit.yaml").write_text("workflow: two\nplugins: {local: [own.py]}\n")
    (tmp_path / "talk.txt").write_text("Ada: the bell rings twice\n")
    return tmp_path


@pytest.fixture
def environ(folder: Path) -> dict[str, str]:
    own = {name: str(folder / "home") for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    return {**os.environ, **own, "PIPEKIT_PLUGINS_OFF": ""}


def done_in(folder: Path) -> list[str]:
    log = folder / "did.txt"
    return log.read_text().split() if log.exists() else []


def resume(folder: Path, environ: dict[str, str]) -> None:
    """Go on with the run that was killed."""
    subprocess.run(
        [sys.executable, "-m", "pipekit", "run", "--trust", "--resume", "last"],
        cwd=folder,
        env=environ,
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize(
    ("number", "when", "so_far", "in_the_end"),
    [
        (2, "before", ["first"], ["first", "first", "second"]),
        (2, "after", ["first"], ["first", "second"]),
        pytest.param(1, "after", [], ["first", "second"], marks=pytest.mark.thorough),
        pytest.param(3, "before", ["first", "second"], ["first", "second", "second"], marks=pytest.mark.thorough),
        pytest.param(3, "after", ["first", "second"], ["first", "second"], marks=pytest.mark.thorough),
        pytest.param(4, "before", ["first", "second"], ["first", "second"], marks=pytest.mark.thorough),
    ],
)
def test_a_kill_before_a_commit_costs_that_step_and_one_after_it_nothing(
    folder: Path,
    environ: dict[str, str],
    number: int,
    when: Literal["before", "after"],
    so_far: list[str],
    in_the_end: list[str],
) -> None:
    killed = kill_at_commit(number, RUN, folder=folder, when=when, environ=environ)
    assert killed.killed, killed.stderr
    assert killed.returncode == -9
    assert done_in(folder) == so_far
    resume(folder, environ)
    assert done_in(folder) == in_the_end


def test_a_process_with_fewer_commits_comes_to_its_end(folder: Path, environ: dict[str, str]) -> None:
    ended = kill_at_commit(40, RUN, folder=folder, environ=environ)
    assert (ended.killed, ended.returncode) == (False, 0), ended.stderr
    assert "completed" in ended.stdout
    assert "Warning" not in ended.stderr
    assert done_in(folder) == ["first", "second"]


def test_a_command_that_fails_is_not_taken_for_one_that_was_killed(folder: Path, environ: dict[str, str]) -> None:
    failed = kill_at_commit(1, ["run", "gone.txt"], folder=folder, environ=environ)
    assert (failed.killed, failed.returncode) == (False, 3)
    assert "error: " in failed.stderr


def test_commits_are_counted_from_one(folder: Path) -> None:
    with pytest.raises(ValueError, match="commits are counted from 1, not 0"):
        kill_at_commit(0, RUN, folder=folder)
