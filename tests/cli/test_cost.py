"""``pipekit cost`` tells what was spent on what, and what nobody knows; ``--budget`` stops before more is spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

Command = Callable[..., CompletedProcess[str]]

STEPS = '''
import os

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
    def deadly(_):
        # A process that is killed while its model answers, the first time.
        if not os.path.exists("killed"):
            open("killed", "w").close()
            os._exit(9)
        return "good"

    priced = ModelInfo(name="m", input_price=2.0, output_price=10.0)
    return {
        "acme": lambda: ScriptedProvider("good", info=priced),
        "late": lambda: ScriptedProvider(late, "good", info=priced),
        "deadly": lambda: ScriptedProvider(deadly, info=priced),
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
    assert row.split() == ["judge", "acme/m", "1", "10", "0", "5", "$0.000070"]
    assert "1 call, 15 tokens, $0.000070" in said.stdout


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
    assert "the cost of 1 answer of dark/m is not known; that of the others is $0.000070" in said
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


# --- budgets ---------------------------------------------------------------------------------------------------------


def test_a_run_that_reaches_its_budget_ends_with_6_and_says_how_to_go_on(project: Command) -> None:
    said = project("run", "note.txt", "--model", "acme/m", "--budget", "usd=0.00001")
    assert said.returncode == 6
    assert "paused (budget) after 0 steps, next is judge" in said.stdout
    assert "warning: the budget is reached: $0.00 of $0.000010 are spent" in said.stderr
    (line,) = [line for line in said.stderr.splitlines() if "go on with a larger one" in line]
    command = line.partition("pipekit ")[2].split()
    assert command[0] == "resume"
    assert command[2] == "--budget"
    assert project(*command).returncode == 0
    assert "nothing is left to do" in project("resume", "last").stdout


def test_a_budget_is_kept_with_the_run_and_stands_in_the_answer_of_json(project: Command) -> None:
    said = project("run", "note.txt", "--model", "late/m", "--budget", "calls=1,usd=1", "--json")
    assert said.returncode == 6
    document = json.loads(said.stdout)
    pause = document["pause"]
    assert (pause["reason"], pause["left"], pause["budget"]) == ("budget", ["judge"], "calls=2")
    assert document["error"]["kind"] == "budget"
    assert project("resume", "last").returncode == 6
    assert costs(project)["total"]["calls"] == 1
    assert project("resume", "last", "--budget", "calls=3").returncode == 0


def test_a_call_that_a_killed_process_had_under_way_counts_against_the_budget(
    project: Command, pipekit: Command
) -> None:
    flags = ("--trust", "--budget", "calls=1")
    killed = pipekit("run", "note.txt", "--model", "deadly/m", *flags, PIPEKIT_PLUGINS_OFF="")
    assert killed.returncode == 9
    assert costs(project)["total"] == {**costs(project)["total"], "calls": 1, "lost": 1, "uncertain": 1}
    assert project("resume", "last").returncode == 6
    assert project("resume", "last", "--budget", "calls=2").returncode == 0
    assert costs(project)["total"]["answered"] == 1


@pytest.mark.parametrize(
    ("budget", "code", "words"),
    [
        ("usd", 2, "--budget needs a kind and an amount, not 'usd'"),
        ("usd=", 2, "--budget needs a kind and an amount"),
        ("=3", 2, "--budget needs a kind and an amount"),
        ("usd=0", 3, "--budget usd: llm.budget.usd can't be 0: it must be greater than 0"),
        ("usd=-2", 3, "greater than 0"),
        ("usd=.nan", 3, "llm.budget.usd must be a finite number"),
        ("usd=true", 3, "llm.budget.usd must be a number"),
        ("eur=2", 3, "there is no setting llm.budget.eur"),
    ],
)
def test_a_budget_that_is_none_is_refused_before_anything_is_asked(
    project: Command, budget: str, code: int, words: str
) -> None:
    said = project("run", "note.txt", "--model", "acme/m", "--budget", budget)
    assert said.returncode == code
    assert words in said.stderr
    assert "there is no run yet" in project("list").stdout


def test_a_budget_of_money_refuses_a_model_whose_price_nobody_knows_already_in_the_plan(project: Command) -> None:
    for command in (("plan",), ("run", "note.txt")):
        said = project(*command, "--model", "dark/m", "--budget", "usd=1")
        assert said.returncode == 6
        assert "--budget usd: there is a budget in US dollars, and nobody knows what dark/m costs" in said.stderr
        assert "inputPrice" in said.stderr
    prices = ["--set", "llm.models.dark/m.inputPrice=1", "--set", "llm.models.dark/m.outputPrice=2"]
    assert project("run", "note.txt", "--model", "dark/m", "--budget", "usd=1", *prices).returncode == 0


def test_a_run_that_reaches_the_budget_of_the_day_says_so(project: Command, tmp_path: Path) -> None:
    with (tmp_path / "pipekit.yaml").open("a") as file:
        file.write("llm:\n  model: acme/m\n  dailyBudget:\n    calls: 1\n")
    assert project("run", "note.txt").returncode == 0
    said = project("run", "note.txt")
    assert said.returncode == 6
    assert "the budget of the day is reached" in said.stderr
    assert "go on tomorrow (by UTC), or with a larger llm.dailyBudget: pipekit resume" in said.stderr
    assert project("resume", "last", "--set", "llm.dailyBudget.calls=2").returncode == 0


# --- what is expected ------------------------------------------------------------------------------------------------


def test_a_plan_tells_what_a_run_is_expected_to_take_and_a_run_before_it_tells_better(project: Command) -> None:
    guessed = project("plan", "note.txt", "--model", "acme/m").stdout
    assert "expected: 1 calls" not in guessed
    assert "(guessed by prompts and input; earlier runs tell better)" in guessed
    project("run", "note.txt", "--model", "acme/m")
    told = project("run", "note.txt", "--dry-run", "--model", "acme/m").stdout
    assert "expected: 1 call, 15 tokens, $0.000070 (by 1 earlier run)" in told
    document = json.loads(project("plan", "note.txt", "--model", "acme/m", "--json").stdout)
    assert document["estimate"]["calls"] == {"least": 1, "most": 1}
    assert document["estimate"]["steps"][0]["step"] == "judge"


def test_a_plan_of_rules_expects_nothing(project: Command) -> None:
    assert "expected" not in project("plan", "note.txt", "--model", "offline").stdout


def test_a_plan_of_several_inputs_adds_them_up(project: Command) -> None:
    project("run", "note.txt", "--model", "acme/m")
    told = project("run", "note.txt", "note.txt", "--dry-run", "--model", "acme/m").stdout
    assert "expected: 2 calls, 30 tokens" in told


def test_a_plan_that_may_pass_the_budget_says_so_before_anything_is_asked(project: Command) -> None:
    flags = ("note.txt", "--model", "acme/m", "--budget")
    assert "the budget" not in project("plan", *flags, "usd=5").stdout
    assert "the budget may be reached before the end" in project("plan", *flags, "tokens=10").stdout


def test_a_run_that_is_paused_says_what_the_rest_is_expected_to_take(project: Command) -> None:
    project("run", "note.txt", "--model", "acme/m")
    said = project("run", "note.txt", "--model", "acme/m", "--budget", "usd=0.00001").stdout
    assert "expected for the rest: 0 to 1 calls, 0 to 15 tokens, $0.00 to $0.000070 (by 1 earlier run)" in said
    shown = project("show", "last").stdout
    assert "what it spent: pipekit cost" in shown
    assert "--budget usd=…" in shown
