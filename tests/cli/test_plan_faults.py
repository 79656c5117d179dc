"""What a plan finds, as the command tells it: every fault at its place, in the order of the file."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("argv", [["plan"], ["run", "--dry-run"], ["run", "notes.txt"], ["list"]])
def test_an_unknown_store_is_a_fault_at_its_place_before_anything_is_written(
    pipekit: Command, tmp_path: Path, argv: list[str]
) -> None:
    (tmp_path / "notes.txt").write_text("Ada: we need a map of the harbour\n")
    (tmp_path / "pipekit.yaml").write_text("workflow: backlog\nstore: fil:runs\n")
    done = pipekit(*argv, PIPEKIT_PLUGINS_OFF="")
    assert done.returncode == 3, done.stderr
    assert "pipekit.yaml:2:8: there is no store 'fil'; stores are file:, sqlite:, memory:" in done.stderr
    assert "did you mean file:?" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["notes.txt", "pipekit.yaml"]


def test_each_local_plugin_and_retriever_is_told_at_its_own_entry_and_by_its_name(
    pipekit: Command, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("import nowhere_at_all\n")
    (tmp_path / "pipekit.yaml").write_text(
        "plugins:\n  local:\n    - broken.py\n    - gone.py\nretrievers:\n  foldr: {}\n  other: {}\n"
    )
    done = pipekit("plan", "--trust", PIPEKIT_PLUGINS_OFF="")
    assert done.returncode in (3, 9), done.stderr
    faults = [line.strip() for line in done.stderr.splitlines() if line.strip().startswith("pipekit.yaml:")]
    assert [fault.split(" ")[0] for fault in faults] == [
        "pipekit.yaml:3:7:",
        "pipekit.yaml:4:7:",
        "pipekit.yaml:6:3:",
        "pipekit.yaml:7:3:",
    ]
    assert "the local plugin broken can't be used: ModuleNotFoundError" in faults[0]
    assert faults[1].count("gone.py") == 1
    assert "did you mean folder?" in done.stderr
