"""``pipekit review`` on a terminal and without one, and ``pipekit answer`` with its files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "win32":
    pytest.skip("a pseudo terminal of POSIX", allow_module_level=True)

Screen = Any  # as conftest.py has it
Command = Callable[..., subprocess.CompletedProcess[str]]

STEPS = """
import pathlib
from pipekit import Each, Question, StepContext, Workflow, hookimpl, step
pipekit_api = 1
CHOICES = {"approve": "it is a word", "reject": "it is none"}

@step
def words(text: str) -> list[str]:
    return text.split()

@step(each="words", item_key=str)
async def judged(word: str, ctx: StepContext) -> str:
    async def paid() -> int:
        with (ctx.project / "paid.txt").open("a") as paid:
            paid.write(word + "\\n")
        return len(word)

    await ctx.once("length", paid, returns=int)
    said = await ctx.answer("verdict", Question(text=f"Is {word} one?", returns=str, choices=CHOICES, context="a\\nb"))
    if said == "reject":
        return await ctx.answer("reason", Question(text="Why not?", returns=str, default="no idea"))
    return said

@hookimpl
def pipekit_workflows():
    return [Workflow(name="asking", input="text", input_type=str, steps=[words, judged])]
"""


@pytest.fixture
def pipekit(pipekit_here: Command) -> Command:
    """The command in this process."""
    return pipekit_here


@pytest.fixture
def run(pipekit: Command, tmp_path: Path) -> str:
    """A run that asks about two words."""
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "pipekit.yaml").write_text("workflow: asking\nplugins: {local: [steps.py]}\n")
    (tmp_path / "words.txt").write_text("apple pear\n")
    assert pipekit("trust", "--yes").returncode == 0
    done = pipekit("run", "words.txt", "--json")
    assert done.returncode == 13
    run_id: str = json.loads(done.stdout)["runId"]
    return run_id


def results(pipekit: Command, run: str) -> Any:
    return json.loads(pipekit("show", run, "judged", "--json").stdout)["value"]


def test_a_review_asks_one_after_the_other_and_goes_on_until_nothing_is_open(
    pipekit: Command, run: str, screen: Callable[..., Screen], tmp_path: Path
) -> None:
    seen = screen("review", run)
    for line in ("perhaps\n", "\n", "a\n", "Reject\n", "\n"):
        seen.type(line)

    assert seen.end() == 0, seen.seen
    assert "1 of 2 · apple · judged\nIs apple one?\n  a\n  b\n  a  approve: it is a word\n" in seen.seen
    assert "it takes approve or reject, not 'perhaps'" in seen.seen
    assert "1 of 1 · pear · judged\nWhy not?\n" in seen.seen
    assert "an empty line takes what is proposed: no idea" in seen.seen
    assert f"{run} completed" in seen.seen
    assert "\x1b" not in seen.seen
    assert [item["value"] for item in results(pipekit, run)["items"]] == ["approve", "no idea"]
    assert (tmp_path / "paid.txt").read_text().split() == ["apple", "pear"]


@pytest.mark.parametrize(("key", "code"), [("q\n", 13), ("\x04", 13), ("\x03", 130)], ids=["q", "Ctrl-D", "Ctrl-C"])
def test_whoever_stops_keeps_what_was_answered(
    pipekit: Command, run: str, screen: Callable[..., Screen], key: str, code: int
) -> None:
    seen = screen("review", run)
    seen.type("approve\n")
    seen.type(key)

    assert seen.end() == code, seen.seen
    assert "1 of 2 answered and kept, 1 open" in seen.seen
    assert seen.seen.rstrip().endswith(f"go on with: pipekit review {run}")
    document = json.loads(pipekit("review", run, "--json").stdout)
    assert [one["key"] for one in document["questions"]] == ["judged/pear/verdict"]


def test_a_review_that_is_killed_has_kept_what_was_answered_and_pays_for_nothing_twice(
    pipekit: Command, run: str, screen: Callable[..., Screen], tmp_path: Path
) -> None:
    seen = screen("review", run)
    seen.type("approve\n")
    seen.wait()  # the second question is there, so the first answer is kept
    os.kill(seen.process.pid, signal.SIGKILL)
    assert seen.end() == -signal.SIGKILL

    done = pipekit("resume", run, "--answer", "judged/pear/verdict=approve")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "paid.txt").read_text().split() == ["apple", "pear"]


def test_answers_that_wait_are_gone_on_with(pipekit: Command, run: str, screen: Callable[..., Screen]) -> None:
    seen = screen("review", run, "--no-resume")
    seen.type("s\n")
    seen.type("a\n")
    assert seen.end() == 13, seen.seen
    seen = screen("review", run, "--no-resume")
    seen.type("a\n")
    assert seen.end() == 0, seen.seen
    assert f"all is answered; go on with: pipekit resume {run}" in seen.seen

    # Nobody is asked, so that no terminal is needed.
    assert pipekit("review", run).returncode == 0
    nothing = pipekit("review", run)
    assert nothing.returncode == 2
    assert "asks nothing: it is completed" in nothing.stderr


def test_without_a_terminal_the_questions_go_to_a_file_and_the_answers_come_from_it(
    pipekit: Command, run: str, tmp_path: Path
) -> None:
    refused = pipekit("review", run)
    assert refused.returncode == 2
    assert f"pipekit review {run} --questions answers.yaml" in refused.stderr

    assert pipekit("review", run, "--questions", "a.yaml").returncode == 0
    assert pipekit("answer", run, "a.yaml").returncode == 4
    text = (tmp_path / "a.yaml").read_text()
    (tmp_path / "a.yaml").write_text(text.replace("apple/verdict:", "apple/verdict: approve"))
    half = pipekit("answer", run, "a.yaml", "--json")
    document = json.loads(half.stdout)
    assert half.returncode == 13
    assert (document["answered"], document["open"]) == (["judged/apple/verdict"], ["judged/pear/verdict"])
    assert pipekit("review", run, "--questions", "a.yaml").returncode == 2, "it holds answers"

    # What is answered already may stay in the file.
    (tmp_path / "a.yaml").write_text(text.replace("/verdict:", "/verdict: approve"))
    done = pipekit("answer", run, "a.yaml")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "paid.txt").read_text().split() == ["apple", "pear"]


def test_a_file_with_mistakes_names_each_and_is_not_taken_in_part(pipekit: Command, run: str, tmp_path: Path) -> None:
    lines = [
        "answers:",
        "  judged/apple/verdict: approve",
        "  judged/pear/verdict: [approve]",
    ]
    (tmp_path / "a.yaml").write_text("\n".join(lines))
    wrong = pipekit("answer", run, "a.yaml")
    (tmp_path / "a.yaml").write_text("\n".join([*lines[:2], "  judged/plum/verdict: approve"]))
    unknown = pipekit("answer", run, "a.yaml")
    (tmp_path / "a.yaml").write_text("run: run-20200101-000000-000000\n" + "\n".join(lines[:2]))
    other = pipekit("answer", run, "a.yaml")

    assert wrong.returncode == 4
    assert "a.yaml:3:24: judged/pear/verdict: it takes approve or reject" in wrong.stderr
    assert unknown.returncode == 2
    assert "a.yaml:3:24: judged/plum/verdict:" in unknown.stderr
    assert "it asks: judged/apple/verdict, judged/pear/verdict" in unknown.stderr
    assert other.returncode == 4
    assert "it answers run-20200101-000000-000000" in other.stderr
    assert len(json.loads(pipekit("review", run, "--json").stdout)["questions"]) == 2


def test_what_json_prints_is_taken_as_it_is_once_it_is_answered(pipekit: Command, run: str) -> None:
    document = json.loads(pipekit("review", run, "--json").stdout)
    for question in document["questions"]:
        question["answer"] = "approve"
    done = pipekit("answer", run, "-", "--no-resume", stdin=json.dumps(document).encode())
    assert done.returncode == 0, done.stderr
    assert "2 answers kept, 0 questions left" in done.stdout
    assert pipekit("resume", run).returncode == 0
