"""``pipekit answer``: answers to a run's questions, taken from a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.offers import looking_here
from pipekit.cli.options import configured, open_pipeline, run_argument
from pipekit.cli.terminal import print_json, say, talk

if TYPE_CHECKING:
    from pipekit.cli.answer_files import AnswerFile
    from pipekit.pipeline import Pipeline

__all__ = ["answer"]


@click.command(cls=SingleCommand)
@run_argument("name")
@click.argument("file", metavar="FILE")
@click.option("--no-resume", is_flag=True, help="Keep the answers, and leave the run paused.")
@configured
def answer(name: str, file: str, no_resume: bool, **flags: Any) -> None:
    """Answer what RUN asks with what stands in FILE (- for standard input), and go on with the run.

    `pipekit review RUN --questions FILE` writes the questions into a file, with a place for each answer. A mistake in
    it is named with its line and column, and then nothing is taken; a place that is left empty stays open.
    """
    from pipekit.cli.answer_files import parse_answers, read_answers
    from pipekit.cli.run import go_on
    from pipekit.options import Resume

    content = sys.stdin.buffer.read() if file == "-" else read_answers(file)
    given = parse_answers(content, file)
    pipeline = open_pipeline(flags)
    run_id = pipeline.runs.resolve(name)
    answers = _checked(pipeline, run_id, given)
    with _placing(given):
        left = pipeline.answer(run_id, answers)
    document = {"runId": run_id, "answered": list(answers), "open": [asked.key for asked in left]}
    if not no_resume:
        go_on(pipeline, run_id, Resume(), document)
    elif talk().json:
        print_json(document)
    else:
        say(f"{_counted(len(answers), 'answer')} kept, {_counted(len(left), 'question')} left")
        say(looking_here(f"go on with: pipekit resume {run_id}"))


def _checked(pipeline: Pipeline, run_id: str, given: AnswerFile) -> Mapping[str, object]:
    """The answers of the file, each as its question takes it; all that don't fit are told at once."""
    from pipekit.answers import UnfitAnswerError, fitting
    from pipekit.errors import InputError

    if given.run is not None and not run_id.startswith(given.run):
        raise InputError(
            f"it answers {given.run}, not {run_id}",
            file=given.name,
            kind="other-run",
            run_id=run_id,
            hint=f"pipekit answer {given.run} {given.name}",
        )
    if not given.answers:
        raise InputError(
            "it answers nothing",
            file=given.name,
            kind="no-answer",
            run_id=run_id,
            hint="write an answer behind a key; see what is asked: pipekit show " + run_id,
        )
    asked = {one.key: one for one in pipeline.questions(run_id)}
    answers: dict[str, object] = {}
    wrong: list[str] = []
    for key, value in given.answers.items():
        question = asked.get(key)
        taken = given.texts.get(key, value) if question is not None and question.takes == "text" else value
        try:
            answers[key] = taken if question is None else fitting(question, taken)
        except UnfitAnswerError as error:
            wrong.append(f"{given.place(key)}: {key}: {error}")
    if wrong:
        where, _, said = wrong[0].partition(": ")
        more = "".join(f"\nand {line}" for line in wrong[1:])
        raise InputError(
            f"{said}{more}",
            file=given.name,
            where=where,
            kind="answer",
            run_id=run_id,
            hint=f"correct it; nothing was taken. Then: pipekit answer {run_id} {given.name}",
        )
    return answers


@contextmanager
def _placing(given: AnswerFile) -> Iterator[None]:
    """An error about an answer names its place in the file."""
    from pipekit.errors import UsageError

    try:
        yield
    except UsageError as error:
        if error.where in given.places:
            error.message = f"{error.where}: {error.message}"
            error.where = given.place(error.where)
        raise


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
