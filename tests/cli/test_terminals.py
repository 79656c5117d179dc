"""On a terminal: also one that is narrow, and one that can move no cursor."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipekit.cli.terminal import clean, print_table

if sys.platform == "win32":
    pytest.skip("a pseudo terminal of POSIX", allow_module_level=True)

Command = Callable[..., subprocess.CompletedProcess[str]]


def on_terminal(folder: Path, environ: dict[str, str], *arguments: str, **more: str) -> str:
    """What a terminal gets to see of the command: both of its streams."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipekit", *arguments],
        cwd=folder,
        env={**environ, "TERM": "xterm", **more},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # the way a terminal of Linux ends
        while part := os.read(ours, 65536):
            seen += part
    os.close(ours)
    assert process.wait(timeout=30) == 0, seen
    return seen.decode().replace("\r\n", "\n")


@pytest.fixture(autouse=True)
def meeting(tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text("Ada: As a baker I want a list of orders so that I bake enough.\n")


def test_a_terminal_that_moves_no_cursor_gets_a_line_for_each_step(tmp_path: Path, environ: dict[str, str]) -> None:
    seen = on_terminal(tmp_path, environ, "run", "talk.txt", "--until", "2", TERM="dumb")
    assert "\x1b" not in seen
    assert re.search(r"^1 detect-event: [\d.]+ s$", seen, re.MULTILINE)


@pytest.mark.parametrize("columns", ["20", "30", "40"])
def test_a_narrow_terminal_hides_nothing_of_a_table(
    pipekit: Command, tmp_path: Path, environ: dict[str, str], columns: str
) -> None:
    pipekit("run", "talk.txt", "--until", "2")
    listed = on_terminal(tmp_path, environ, "list", COLUMNS=columns)
    shown = on_terminal(tmp_path, environ, "show", "last", COLUMNS=columns)
    (run,) = (path.name for path in (tmp_path / ".pipeline").glob("run-*"))
    assert "…" not in listed + shown
    assert listed.splitlines()[:2] == [run, "  status: paused"]
    assert "  input: talk.txt" in listed.splitlines()
    assert "2 extract-candidates" in shown.splitlines()


def test_a_terminal_that_is_wide_enough_gets_columns(pipekit: Command, tmp_path: Path, environ: dict[str, str]) -> None:
    pipekit("run", "talk.txt", "--until", "2")
    listed = on_terminal(tmp_path, environ, "list", COLUMNS="100", NO_COLOR="1")
    assert re.search(r"^run-\S+ +paused +\d", listed, re.MULTILINE)


def test_text_steers_no_terminal_and_reorders_nothing() -> None:
    assert clean("a\u202eb\u2066c\u200fd\u061ce") == "abcde"
    assert clean("\x1b]0;title\x07a\x1b[31mb\x9b2Jc\x08") == "abc"


def test_columns_line_up_also_behind_wide_and_combined_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "x"), [("李雷", "1"), ("e\u0301a", "2"), ("four", "3")])
    assert capsys.readouterr().out.splitlines() == ["name  x", "李雷  1", "e\u0301a    2", "four  3"]
