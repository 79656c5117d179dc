"""Ctrl-C and SIGTERM twice, sent to the real command: it ends at once, and is as safe as one that was killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

STEPS = """
import asyncio, os
from pathlib import Path
from pipekit import Each, StepContext, Workflow, hookimpl, step

pipekit_api = 1


def mark(text: str) -> None:
    with open("marks.txt", "a") as file:
        file.write(text + "\\n")


@step
def words(text: str) -> list[str]:
    mark("words")
    return text.split()


@step(each="words", item_key=lambda word: word)
async def weigh(word: str, ctx: StepContext) -> int:
    async def work() -> int:
        mark(f"paid {word}")
        return len(word)

    made = await ctx.once("work", work, returns=int)
    if word == "stone" and os.environ.get("DO") == "wait":
        mark("waiting")
        try:
            await asyncio.sleep(60)
        finally:
            mark("cleaning up")
            await asyncio.sleep(60)
    return made


@hookimpl
def pipekit_workflows():
    return [Workflow(name="w", input="text", input_type=str, steps=[words, weigh])]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "pipekit.yaml").write_text("workflow: w\nplugins: {local: [steps.py]}\n")
    (tmp_path / "words.txt").write_text("iron stone feather\n")
    return tmp_path


def wait_for(said: str, project: Path) -> None:
    deadline = time.monotonic() + 30
    marks = project / "marks.txt"
    while not marks.exists() or said not in marks.read_text().splitlines():
        assert time.monotonic() < deadline, f"{said!r} never came"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGINT, signal.SIGINT), (signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGTERM)],
    ids=lambda number: number.name,
)
def test_a_second_signal_ends_at_once_and_loses_nothing(
    pipekit: Command, project: Path, environ: dict[str, str], first: signal.Signals, second: signal.Signals
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pipekit", "run", "words.txt", "--trust"],
        cwd=project,
        env={**environ, "PIPEKIT_PLUGINS_OFF": "", "DO": "wait"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for("waiting", project)
        process.send_signal(first)
        wait_for("cleaning up", project)
        assert process.poll() is None  # it waits for the step, which takes a minute over it
        process.send_signal(second)
        _, errors = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 128 + second, errors
    assert "once more to leave at once" in errors
    assert "Traceback" not in errors

    (listed,) = json.loads(pipekit("list", "--json").stdout)["runs"]
    assert listed["status"] == "interrupted"
    before = (project / "marks.txt").read_text().splitlines()
    done = pipekit("resume", "last", "--trust", "--json", PIPEKIT_PLUGINS_OFF="")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "completed"
    assert (project / "marks.txt").read_text().splitlines() == before  # what was paid for is not paid again
    assert sorted(mark for mark in before if mark.startswith("paid")) == ["paid feather", "paid iron", "paid stone"]


def test_a_signal_that_is_ignored_from_the_start_stays_ignored(project: Path, environ: dict[str, str]) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as nohup and a shell's background jobs do
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipekit", "run", "words.txt", "--trust"],
            cwd=project,
            env={**environ, "PIPEKIT_PLUGINS_OFF": "", "DO": "wait"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        wait_for("waiting", project)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        wait_for("cleaning up", project)
        assert process.poll() is None  # a second signal that counted would have ended it
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 143, errors
