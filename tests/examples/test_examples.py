"""Every example runs, as a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SAID = {
    "triage_tickets.py": "support: Nothing loads",
    "pipeline_in_lcel.py": "Filter the catalogue by author",
    "runnable_as_step.py": "HELLO THERE! 12",
}


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    home = {name: str(folder / name) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    environ = {**os.environ, **home}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_every_program_among_the_examples_is_run_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SAID)


@pytest.mark.parametrize("name", SAID)
def test_the_program_says_what_it_is_meant_to(name: str, tmp_path: Path) -> None:
    done = run([str(EXAMPLES / name)], tmp_path)
    assert done.returncode == 0, done.stderr
    assert SAID[name] in done.stdout


def test_a_projects_own_steps_run_once_they_are_trusted(tmp_path: Path) -> None:
    for name in ("pipekit.yaml", "steps.py"):
        (tmp_path / name).write_text((EXAMPLES / "local_steps" / name).read_text())
    meeting = str(EXAMPLES / "museum-refinement.txt")

    refused = run(["-m", "pipekit", "run", meeting], tmp_path)
    trusted = run(["-m", "pipekit", "trust", "--yes"], tmp_path)
    done = run(["-m", "pipekit", "run", meeting], tmp_path)

    assert refused.returncode == 9
    assert "pipekit trust" in refused.stderr
    assert trusted.returncode == 0, trusted.stderr
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob(".pipeline/*/steps/step-name-branch.json"))


def test_a_teams_files_decide_what_is_ready_and_who_is_asked(tmp_path: Path) -> None:
    for path in (EXAMPLES / "team").iterdir():
        (tmp_path / path.name).write_text(path.read_text())

    done = run(["-m", "pipekit", "run", str(EXAMPLES / "museum-refinement.txt")], tmp_path)

    assert done.returncode == 0, done.stderr
    (summary,) = tmp_path.glob(".pipeline/*/output/summary.md")
    assert "**Stakeholder, Henrietta Leavitt**, `finance@example.org`" in summary.read_text()
    (second,) = tmp_path.glob(".pipeline/*/output/candidates/candidate-2.md")
    assert "for the developer, Margaret Hamilton or Katherine Johnson" in second.read_text()
