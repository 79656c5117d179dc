"""A real process of the command, killed when its store has kept so many things: what is kept by then must be enough."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from attrs import frozen

from pipekit.testing import killed_process
from pipekit.testing.killed_process import KILLED

__all__ = ["KilledRun", "kill_at_commit"]


@frozen(kw_only=True)
class KilledRun:
    """What became of the process: whether it was ``killed``, else its exit code, and what it wrote until then."""

    killed: bool
    returncode: int
    stdout: str
    stderr: str


def kill_at_commit(
    number: int,
    arguments: Sequence[str],
    *,
    folder: Path,
    when: Literal["before", "after"] = "after",
    environ: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> KilledRun:
    """Run ``pipekit ARGUMENTS`` in a folder, and kill it (SIGKILL) around the ``number``-th commit.

    A commit, counted from 1, is all that a store has to keep: a new run, what an open step has so far, a finished step.
    ``before`` kills when the store was asked and has done nothing, ``after`` when it has answered. A process that keeps
    less comes to its end, with ``killed`` false; so a test goes through all of them::

        for number in itertools.count(1):
            done = kill_at_commit(number, ["run", "talk.txt"], folder=tmp_path)
            ...  # resume, and count what was done twice
            if not done.killed:
                break

    ``environ`` is all that it has of an environment; this process's own where it is left out. Raises
    `subprocess.TimeoutExpired` after ``timeout`` seconds.
    """
    if number < 1:
        raise ValueError(f"commits are counted from 1, not {number}")
    done = subprocess.run(  # noqa: S603 - the command of this very package
        # By its path, and not as a module: that would load this package, and pytest with it, into the process.
        [sys.executable, "-P", killed_process.__file__, str(number), when, *arguments],
        cwd=folder,
        env=dict(os.environ if environ is None else environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    killed = done.returncode < 0 and KILLED in err
    return KilledRun(
        killed=killed, returncode=done.returncode, stdout=out, stderr=err.replace(f"{KILLED}\n", "") if killed else err
    )
