"""What the crash tests need: Linux on x86-64, where one process can watch another one's system calls."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from crashkit import ptrace

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not ptrace.is_possible():
        reason = "system calls are followed on Linux on x86-64 only"
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def crashkit() -> Callable[..., str]:
    """Run a module of the kit in a process of its own, which forks and has no threads; what it printed."""

    def run(module: str, *argv: str, **environ: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", module, *argv],
            env={**os.environ, "PYTHONPATH": str(HERE), **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    return run
