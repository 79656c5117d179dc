"""``pipekit review``: what a run asks, asked in the terminal or written to a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.offers import looking_here
from pipekit.cli.options import configured, open_pipeline, run_argument
from pipekit.cli.terminal import print_json, say, talk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipekit.cli.running import Stopper
    from pipekit.pipeline import Pipeline
    from pipekit.state.record import AskedQuestion

__all__ = ["review"]


@click.command(cls=SingleCommand)
@run_argument("name")
@click.option("--questions", "file", metavar="FILE", help="Write the questions to this file (- prints them) instead.")
@click.option("--no-resume", is_flag=True, help="Keep the answers, and leave the run paused.")
@configured
def review(name: str, file: str | None, no_resume: bool, **flags: Any) -> None:
    """Ask in the terminal what RUN asks, and go on with the run when all is answered.

    Each answer is kept with the run as it is given: Ctrl-C or q stops for now, and loses none. With --questions the
    questions go to a file that `pipekit answer` takes; so does what --json prints.
    """
    pipeline = open_pipeline(flags)
    run_id = pipeline.runs.resolve(name)
    questions = pipeline.questions(run_id)
    if file is not None:
        _write(run_id, questions, file)
    elif talk().json:
        from pipekit.cli.answer_files import questions_document

        print_json(questions_document(run_id, questions))
    else:
        _hold(pipeline, run_id, questions, goes_on=not no_resume)


def _write(run_id: str, questions: Sequence[AskedQuestion], file: str) -> None:
    from pipekit.cli.answer_files import answer_template
    from pipekit.errors import StorageError, UsageError

    if file == "-":
        say(answer_template(run_id, questions, file="FILE").rstrip("\n"))
        return
    try:
        with Path(file).open("x", encoding="utf-8") as stream:
            stream.write(answer_template(run_id, questions, file=file))
    except FileExistsError:
        raise UsageError(
            f"there is a file of this name already, and it may hold answers: {file}",
            kind="exists",
            run_id=run_id,
            hint=f"name another one; or take the answers in it: pipekit answer {run_id} {file}",
        ) from None
    except OSError as error:
        raise StorageError(
            f"can't be written: {error.strerror or error}", path=file, errno=error.errno, run_id=run_id
        ) from error
    if talk().json:
        print_json({"runId": run_id, "file": file, "questions": len(questions)})
    else:
        say(f"wrote {file}, {len(questions)} question{'' if len(questions) == 1 else 's'}")
        say(looking_here(f"answer in it, then: pipekit answer {run_id} {file}"))


def _hold(pipeline: Pipeline, run_id: str, questions: Sequence[AskedQuestion], *, goes_on: bool) -> None:
    """Ask until nothing is open: what is answered may bring new questions."""
    from pipekit.cli.running import Stopper, follow
    from pipekit.options import Resume

    if questions and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise _nobody_there(run_id)
    if not questions:
        _check_that_it_waits(pipeline, run_id)
    with Stopper(in_turn=True) as stopper:
        while True:
            if questions:
                _ask(pipeline, run_id, questions, stopper)
            if not goes_on:
                say(looking_here(f"all is answered; go on with: pipekit resume {run_id}"))
                return
            result = follow(pipeline.resume_stream(run_id, Resume()), stopper)
            questions = result.questions
            if stopper.code is not None or not questions:
                break
    from pipekit.cli.run import give

    give(pipeline, result, stopper)


def _ask(pipeline: Pipeline, run_id: str, questions: Sequence[AskedQuestion], stopper: Stopper) -> None:
    """Ask all of them; where some are left open, that is how the command ends."""
    from pipekit.cli.exits import StopRequestedError
    from pipekit.cli.interview import Interview
    from pipekit.errors import RunPausedError, RunStoppedError

    def keep(asked: AskedQuestion, answer: object) -> None:
        pipeline.answer(run_id, {asked.key: answer})

    interview = Interview(questions, keep, stopper.interruptible)
    say(f"{run_id} asks {len(questions)} question{'' if len(questions) == 1 else 's'}")
    try:
        interview.hold()
    except StopRequestedError as error:
        say()
        raise RunStoppedError(
            _kept(interview.answered, len(questions)),
            code=error.code,
            run_id=run_id,
            hint=f"go on with: pipekit review {run_id}",
        ) from None
    if interview.answered < len(questions):
        raise RunPausedError(
            _kept(interview.answered, len(questions)), run_id=run_id, hint=f"go on with: pipekit review {run_id}"
        )


def _kept(answered: int, total: int) -> str:
    return f"{answered} of {total} answered and kept, {total - answered} open"


def _nobody_there(run_id: str) -> Exception:
    from pipekit.errors import UsageError

    return UsageError(
        "nobody can be asked here: this is no terminal",
        kind="no-terminal",
        run_id=run_id,
        hint=f"write the questions to a file: pipekit review {run_id} --questions answers.yaml\n"
        f"and answer in it: pipekit answer {run_id} answers.yaml",
    )


def _check_that_it_waits(pipeline: Pipeline, run_id: str) -> None:
    """Refuse to review a run that asks nothing, but for one whose answers wait to be gone on with."""
    from pipekit.errors import UsageError

    record = pipeline.runs.record(run_id)
    if record.status == "paused" and record.paused_reason == "question":
        return
    done = record.status == "completed"
    raise UsageError(
        f"{run_id} asks nothing: it is {record.status}",
        kind="nothing-asked",
        run_id=run_id,
        hint=f"see what came of it: pipekit show {run_id}" if done else f"go on with: pipekit resume {run_id}",
    )
