"""What stays unloaded until it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"langchain", "langchain_core", "langsmith", "pydantic", "httpx", "requests", "numpy", "starlette", "jinja2"}


def loaded_after(code: str, tmp_path: Path) -> set[str]:
    script = f"{code}\nimport sys; sys.stderr.write(' '.join(name for name in sys.modules if '.' not in name))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )
    return set(done.stderr.split())


HELP = """
from pipekit.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
"""


@pytest.mark.parametrize("code", ["import pipekit", "from pipekit import Pipeline, step, Workflow", HELP])
def test_nothing_heavy_is_loaded(code: str, tmp_path: Path) -> None:
    assert not loaded_after(code, tmp_path) & set(HEAVY)


def test_help_loads_click_and_little_else(tmp_path: Path) -> None:
    assert not loaded_after(HELP, tmp_path) & {"attrs", "attr", "cattrs", "pluggy", "rich", "ruamel", "asyncio"}


def test_importing_the_facade_loads_no_event_loop_and_no_parser(tmp_path: Path) -> None:
    assert not loaded_after("from pipekit import Pipeline", tmp_path) & {"asyncio", "cattrs", "ruamel", "click", "rich"}
