"""``pipekit cost`` tells what was spent on what, and what nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

Command = Callable[..., CompletedProcess[str]]

STEPS = '''
from pipekit import LLM, Workflow, hookimpl, step

pipekit_api = 1


@step(offline=lambda text: "by rule")
async def judge(text: str, llm: LLM) -> str:
    """Say whether a text is good."""
    return await llm.ask("judge", returns=str, text=text)


@hookimpl
def pipekit_workflows():
    return [Workflow(name="judging", input="text", input_type=str, steps=[judge])]


@hookimpl
def pipekit_llm_providers():
    from pipekit.interfaces import ModelInfo, ProviderFailure
    from pipekit.testing import ScriptedProvider
    from pipekit.testing.fakes import ScriptedError

    late = ScriptedError(ProviderFailure(kind="timeout", message="no answer in time", retry_after=0.0))
    priced = ModelInfo(name="m", input_price=2.0, output_price=10.0)
    return {
        "acme": lambda: ScriptedProvider("good", info=priced),
        "late": lambda: ScriptedProvider(late, "good", info=priced),
        "dark": lambda: ScriptedProvider("good"),
    }
'''


@pytest.fixture
def project(tmp_path: Path, pipekit_here: Command) -> Command:
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "judge.md").write_text("# User\nLook at {{ text }}")
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / "pipekit.yaml").write_text("workflow: judging\nplugins:\n  local: [steps.py]\n")
    assert pipekit_here("trust", "--yes").returncode == 0
    return pipekit_here


def costs(project: Command, *arguments: str) -> Any:
    return json.loads(project("cost", "--json", *arguments).stdout)


def test_a_run_is_told_by_step_and_model_with_a_sum(project: Command) -> None:
    assert project("run", "note.txt", "--model", "acme/m").returncode == 0
    said = project("cost", "last")
    assert said.returncode == 0
    row = next(line for line in said.stdout.splitlines() if line.startswith("judge"))
    assert row.split() == ["judge", "acme/m", "1", "10", "0", "5", "$0.0001"]
    assert "1 call, 15 tokens, $0.0001" in said.stdout


def test_all_runs_are_told_one_by_one_and_added_up(project: Command) -> None:
    for _ in range(2):
        project("run", "note.txt", "--model", "acme/m")
    document = costs(project)
    assert document["total"]["calls"] == 2
    assert document["total"]["cost"] == pytest.approx(140e-6)
    assert len({part["runId"] for part in document["parts"]}) == 2
    assert "in all: 2 calls, 30 tokens, $0.0001" in project("cost").stdout
    assert costs(project, "--since", "2999-01-01")["total"]["calls"] == 0


def test_a_price_that_nobody_knows_is_not_taken_for_zero(project: Command) -> None:
    project("run", "note.txt", "--model", "acme/m")
    project("run", "note.txt", "--model", "dark/m")
    said = project("cost").stdout
    assert "in all: 2 calls, 30 tokens, cost not known" in said
    assert "the cost of 1 answer of dark/m is not known; that of the others is $0.0001" in said
    assert "inputPrice" in said
    assert costs(project)["total"]["cost"] is None


def test_a_call_without_an_answer_is_told_as_one_that_may_be_charged_for(project: Command) -> None:
    project("run", "note.txt", "--model", "late/m")
    said = project("cost", "last").stdout
    assert "1 call ended without an answer" in said
    assert costs(project, "last")["total"]["lost"] == 1


def test_the_offline_model_costs_nothing_and_that_is_said(project: Command) -> None:
    assert project("run", "note.txt", "--model", "offline").returncode == 0
    said = project("cost", "last").stdout
    assert "no model was asked, and nothing was spent: rules made it (the model offline)" in said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 12, "no such run: nowhere"),
        (["--since", "yesterday"], 2, "neither an age nor a day: 'yesterday'"),
    ],
)
def test_what_is_asked_for_wrongly_is_told(project: Command, arguments: list[str], code: int, words: str) -> None:
    said = project("cost", *arguments)
    assert said.returncode == code
    assert words in said.stderr
