"""Questions of a run, and their answers on the command line."""

from __future__ import annotations

import functools
import json
import shlex
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipekit.cli.answering import answers_from, how_to_answer
from pipekit.errors import UsageError
from pipekit.state.record import AskedQuestion, PlannedRef, RunRecord

Command = Callable[..., subprocess.CompletedProcess[str]]

STEPS = """
from attrs import frozen
from pipekit import Question, StepContext, Workflow, hookimpl, step
pipekit_api = 1

@step
async def choose(text: str, ctx: StepContext) -> str:
    who = await ctx.answer("who asks", Question(text="Who asks for it?", returns=str, context="nobody is named"))
    return who

@step
async def count(choose: str, ctx: StepContext) -> int:
    return await ctx.answer("n", Question(text="How many?", returns=int)) + len(choose)

@hookimpl
def pipekit_workflows():
    return [Workflow(name="asking", input="text", input_type=str, steps=[choose, count])]
"""


@pytest.fixture
def pipekit(pipekit: Command) -> Command:
    """The command with the plugins of the project."""
    return functools.partial(pipekit, PIPEKIT_PLUGINS_OFF="")


@pytest.fixture
def asked(pipekit: Command, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "pipekit.yaml").write_text("workflow: asking\nplugins: {local: [steps.py]}\n")
    (tmp_path / "words.txt").write_text("words\n")
    assert pipekit("trust", "--yes").returncode == 0
    return pipekit("run", "words.txt")


def test_a_question_is_answered_with_the_command_that_its_message_names(
    pipekit: Command, asked: subprocess.CompletedProcess[str]
) -> None:
    assert asked.returncode == 13
    command = asked.stderr.splitlines()[-1].partition("answer, and go on: ")[2]
    assert shlex.split(command)[-2:] == ["--answer", "choose/who asks=VALUE"]

    second = pipekit(*shlex.split(command.replace("VALUE", "Ada"))[1:])
    third = pipekit("resume", "last", "--answer", "count/n=39")

    assert second.returncode == 13, second.stderr
    assert "count/n=VALUE" in second.stderr
    assert third.returncode == 0, third.stderr
    assert json.loads(pipekit("show", "last", "count", "--json").stdout)["value"] == 42


def test_show_tells_what_is_asked_under_which_key_and_how_to_answer(
    pipekit: Command, asked: subprocess.CompletedProcess[str]
) -> None:
    done = pipekit("show", "last")
    document = json.loads(pipekit("show", "last", "--json").stdout)

    assert "choose asks: Who asks for it?" in done.stdout
    assert "nobody is named" in done.stdout
    assert "key: choose/who asks" in done.stdout
    assert "--answer 'choose/who asks=VALUE'" in done.stdout
    assert [question["key"] for question in document["questions"]] == ["choose/who asks"]


def test_an_answer_that_nobody_asked_for_changes_nothing(
    pipekit: Command, asked: subprocess.CompletedProcess[str]
) -> None:
    done = pipekit("resume", "last", "--answer", "choose/where=here")
    assert done.returncode == 2
    assert "choose/who asks" in done.stderr
    assert json.loads(pipekit("show", "last", "--json").stdout)["status"] == "paused"


def test_an_answer_of_the_wrong_type_can_be_given_again(
    pipekit: Command, asked: subprocess.CompletedProcess[str]
) -> None:
    pipekit("resume", "last", "--answer", "choose/who asks=Ada")
    wrong = pipekit("resume", "last", "--answer", "count/n=many")
    right = pipekit("resume", "last", "--answer", "count/n=2")

    assert wrong.returncode == 2
    assert "count/n: that is no answer: it takes a whole number" in wrong.stderr
    assert right.returncode == 0, right.stderr


def test_words_are_taken_as_they_are_where_words_are_asked_for(
    pipekit: Command, asked: subprocess.CompletedProcess[str]
) -> None:
    pipekit("resume", "last", "--answer", "choose/who asks=42")
    assert json.loads(pipekit("show", "last", "choose", "--json").stdout)["value"] == "42"


def test_an_answer_belongs_to_a_run_and_not_to_an_input(
    pipekit: Command, asked: subprocess.CompletedProcess[str]
) -> None:
    assert pipekit("run", "words.txt", "--answer", "choose/who asks=Ada").returncode == 2
    assert pipekit("run", "--resume", "last", "--answer", "choose/who asks=Ada").returncode == 13


def record(*keys: str) -> RunRecord:
    now = datetime.now(UTC)
    questions = tuple(AskedQuestion(key=key, step="s", text="?") for key in keys)
    return RunRecord(
        run_id="run-1",
        input_file="x",
        started_at=now,
        updated_at=now,
        status="paused",
        current_step=1,
        questions=questions,
        planned=(PlannedRef(key=1, name="s"),),
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("true", True),
        ('"42"', "42"),
        ('{"a": [1]}', {"a": [1]}),
        ("Ada", "Ada"),
        ("a=b", "a=b"),
        ("", ""),
        ("NaN", "NaN"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_an_answer_is_json_where_it_is_json_and_else_text(text: str, value: Any) -> None:
    assert answers_from(record("s/k"), [f"s/k={text}"]) == {"s/k": value}


def test_a_key_with_an_equals_sign_is_told_from_its_value() -> None:
    assert answers_from(record("s/a", "s/a=b"), ["s/a=b=c", "s/a=1"]) == {"s/a=b": "c", "s/a": 1}


@pytest.mark.parametrize("texts", [["s/other=1"], ["nothing"], ["s/k=1", "s/k=2"]])
def test_what_is_no_answer_to_an_open_question_is_refused_with_those_there_are(texts: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        answers_from(record("s/k"), texts)
    assert "s/k" in caught.value.hint


@pytest.mark.parametrize("text", ["t/k=1", "s=1"])
def test_a_run_without_questions_takes_answers_for_its_own_steps_alone(text: str) -> None:
    assert answers_from(record(), ["s/k=1"]) == {"s/k": 1}
    with pytest.raises(UsageError):
        answers_from(record(), [text])


def test_all_questions_are_answered_with_one_command() -> None:
    command = how_to_answer("run-1", record("s/a", "s/b c").questions).partition(": ")[2]
    assert shlex.split(command)[3:] == ["--answer", "s/a=VALUE", "--answer", "s/b c=VALUE"]
    many = how_to_answer("run-1", record("s/a", "s/b", "s/c", "s/d").questions)
    assert "pipekit review run-1 --questions answers.yaml" in many
