"""Shell completion: a script for each shell, which asks the command what could come next."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

_ASK = """eval "$(pipekit completion bash)"
COMP_WORDS=(pipekit "$@"); COMP_CWORD=$#
_pipekit_completion pipekit
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def offered(environ: Mapping[str, str], tmp_path: Path) -> Callable[..., list[str]]:
    """What bash offers for the last of the words."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}"

    def ask(*words: str) -> list[str]:
        done = subprocess.run(
            ["bash", "-c", _ASK, "bash", *words],
            cwd=tmp_path,
            env={**environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=50,
            check=True,
        )
        assert not done.stderr
        return done.stdout.split()

    return ask


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_offers_commands_options_values_and_the_runs_there_are(
    pipekit: Command, offered: Callable[..., list[str]], tmp_path: Path
) -> None:
    (tmp_path / "one.txt").write_text("Ada: As a reader I want to search by author.\n")
    run = json.loads(pipekit("run", "one.txt", "--until", "1", "--json").stdout)["runId"]

    assert offered("re") == ["resume", "review", "repair"]
    assert "--from-step" in offered("resume", "--fr")
    assert offered("list", "--status", "pau") == ["paused"]
    assert offered("resume", "run-") == [run]
    assert offered("show", "las") == ["last"]


def test_each_shell_gets_its_script_and_another_one_is_told_which_there_are(pipekit: Command) -> None:
    for shell in ("bash", "zsh", "fish"):
        done = pipekit("completion", shell)
        assert done.returncode == 0, done.stderr
        assert "_PIPEKIT_COMPLETE" in done.stdout
    done = pipekit("completion", "tcsh")
    assert done.returncode == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
