"""``pipekit run`` and ``pipekit resume``."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from pipekit.cli.group import SingleCommand
from pipekit.cli.offers import looking_here
from pipekit.cli.options import (
    configured,
    going_on,
    open_pipeline,
    resume_options,
    run_argument,
    selecting,
    selection,
)
from pipekit.cli.terminal import print_json, say, talk

if TYPE_CHECKING:
    from pipekit.cli.console import Progress
    from pipekit.cli.running import Stopper
    from pipekit.errors import PipekitError
    from pipekit.options import Resume
    from pipekit.pipeline import Pipeline
    from pipekit.planning.select import Selection
    from pipekit.results import RunResult

__all__ = ["give", "go_on", "opened", "resume", "run", "stop_of"]


@click.command(cls=SingleCommand)
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@configured
@click.option("--input-format", metavar="NAME", help="Read the input with this loader.")
@click.option("--merge", is_flag=True, help="Make all inputs one, in their order, in place of a run for each.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), default=1, metavar="N", help="Run up to N of several inputs at once."
)
@selecting
@click.option("--dry-run", is_flag=True, help="Check everything and show the plan; call no model, write nothing.")
@click.option("--resume", "resumed", metavar="RUN", help="Go on with this run: an id, its beginning, or last.")
@going_on
def run(
    inputs: tuple[str, ...],
    input_format: str | None,
    merge: bool,
    jobs: int,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    until: str | None,
    dry_run: bool,
    resumed: str | None,
    **flags: Any,
) -> None:
    """Run the workflow on INPUT, a file or - for standard input.

    Several inputs run one after the other, or with --jobs side by side; one that fails doesn't stop the rest. With
    --merge they are one input. A step is named by its number or its name. Ctrl-C leaves the run paused; `pipekit
    resume` goes on with it. The options of resume go on with the run named by --resume, else with the newest.
    """
    from pipekit.errors import UsageError

    flag = _going_on_flag(resumed, flags)
    select = selection(only, skip, until)
    options, fork = resume_options(flags, select)
    answers = flags.pop("answers")
    if inputs and flag is not None:
        raise UsageError(
            f"{flag} goes on with a run that is there already and takes no input: {inputs[0]}",
            kind="contradiction",
            hint=f"leave the input out, or leave {flag} out",
        )
    if inputs.count("-") > 1:
        raise UsageError("standard input can be read only once, but - was given twice", hint="pipekit run - FILE")
    if dry_run:
        from pipekit.cli.plan import show_plan

        if flag is not None:
            raise UsageError(
                "--dry-run shows what a new run would do",
                kind="contradiction",
                hint=f"pipekit show {resumed or 'last'} says where that run stands",
            )
        pipeline = open_pipeline(flags)
        named = [(name, opened(pipeline, name)) for name in inputs]
        show_plan(pipeline, _as_one(named) if merge and inputs else named, select, input_format)
    elif flag is not None:
        _resume(open_pipeline(flags), resumed or "last", options, answers=answers, fork=fork)
    elif not inputs:
        raise UsageError("a run needs an input", kind="no-input", hint="pipekit run FILE, or pipekit run - for text")
    else:
        _run_all(open_pipeline(flags), inputs, select, input_format, merge=merge, jobs=jobs)


@click.command(cls=SingleCommand)
@run_argument("name")
@configured
@selecting
@going_on
def resume(name: str, only: tuple[str, ...], skip: tuple[str, ...], until: str | None, **flags: Any) -> None:
    """Go on with RUN: a run id, its beginning if no other run begins so, or last.

    It goes on from the first unfinished step with the configuration of now and the flags that it was started with.
    When finished steps no longer hold (another model, prompt, setting or version) it stops before anything is asked,
    and --stale says what to do. A run that asks something goes on with --answer; pipekit show gives the keys.
    """
    options, fork = resume_options(flags, selection(only, skip, until))
    answers = flags.pop("answers")
    _resume(open_pipeline(flags), name, options, answers=answers, fork=fork)


def _going_on_flag(resumed: str | None, flags: Mapping[str, Any]) -> str | None:
    """The flag that asks for a run that is there already, None when none does."""
    if resumed is not None:
        return "--resume"
    names = {"from_step": "--from-step", "stale": "--stale", "accept_edits": "--accept-edits"}
    names |= {"answers": "--answer", "fork": "--fork"}
    return next((flag for name, flag in names.items() if flags.get(name)), None)


def opened(pipeline: Pipeline, name: str) -> Any:
    """What the pipeline takes as input: the path, or what standard input holds."""
    if name != "-":
        return name
    from pipekit.errors import InputError

    if sys.stdin is None or sys.stdin.closed:
        raise InputError("standard input is closed", file="-", kind="unreadable", hint="pipekit run FILE")
    if sys.stdin.isatty() and not talk().json:
        say("reading from the terminal; end with Ctrl-D", err=True)
    limit = pipeline.configuration.settings.run.max_input_bytes
    content = io.BytesIO(sys.stdin.buffer.read(limit + 1))
    content.name = "stdin"
    return content


def _resume(pipeline: Pipeline, name: str, options: Resume, *, answers: Sequence[str], fork: bool) -> None:
    from pipekit.cli.running import Stopper, follow

    with Stopper() as stopper:
        before = pipeline.runs.record(name)
        run_id = before.run_id  # what `last` means may change until the run is taken
        if answers:
            from pipekit.cli.answering import answers_from

            options = evolve(options, answers=answers_from(before, answers))
        stream = pipeline.fork_stream(run_id, options) if fork else pipeline.resume_stream(run_id, options)
        result = follow(stream, stopper)
    nothing_left = before.status == "completed" and result.record == before
    if nothing_left and not talk().json:
        again = looking_here(f"pipekit resume {run_id} --from-step STEP")
        say(f"{run_id} was completed before; nothing is left to do, but again: {again}")
    give(pipeline, result, stopper, {"nothingLeft": nothing_left})


def go_on(pipeline: Pipeline, run_id: str, options: Resume, document: Mapping[str, Any]) -> None:
    """Go on with a run as the second half of a command whose own answer is ``document``."""
    from pipekit.cli.running import Stopper, follow

    with Stopper() as stopper:
        result = follow(pipeline.resume_stream(run_id, options), stopper)
    give(pipeline, result, stopper, document)


def _as_one(named: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The inputs as one, with its name."""
    from pipekit.input_values import Merged
    from pipekit.merging import merged_name

    return [(merged_name([name for name, _ in named]), Merged([source for _, source in named]))]


def _run_all(
    pipeline: Pipeline, inputs: Sequence[str], select: Selection, input_format: str | None, *, merge: bool, jobs: int
) -> None:
    from pipekit.cli.batch import run_batch, run_side_by_side
    from pipekit.cli.outcome import naming_no_lost_run
    from pipekit.cli.running import Stopper, drain, follow

    if len(inputs) == 1 or merge:
        with naming_no_lost_run(pipeline), Stopper() as stopper:
            named = [(name, opened(pipeline, name)) for name in inputs]
            ((_, source),) = _as_one(named) if merge else named
            stream = pipeline.stream(source, select=select, input_format=input_format)
            give(pipeline, follow(stream, stopper), stopper)
        return

    def run_one(name: str, stopper: Stopper) -> dict[str, Any]:
        with stopper.interruptible():
            source = opened(pipeline, name)
        with naming_no_lost_run(pipeline):
            stream = pipeline.stream(source, select=select, input_format=input_format)
            return _answer(pipeline, follow(stream, stopper), stopper)

    if jobs == 1:
        run_batch(inputs, run_one)
        return
    # Here, where a signal can end the wait for it.
    held = {name: opened(pipeline, name) for name in inputs if name == "-"}

    def run_among_others(name: str, stopper: Stopper, shown: Progress) -> RunResult:
        with naming_no_lost_run(pipeline):
            stream = pipeline.stream(held.get(name, name), select=select, input_format=input_format)
            with stopper.guarding(stream):
                return drain(stream, stopper, shown)

    run_side_by_side(
        inputs, jobs, run=run_among_others, answer=lambda result, stopper: _answer(pipeline, result, stopper)
    )


def give(pipeline: Pipeline, result: RunResult, stopper: Stopper, before: Mapping[str, Any] | None = None) -> None:
    """Answer with the one run of this call, and with what the command did before it."""
    from pipekit.cli.exits import AnsweredError
    from pipekit.cli.outcome import document_of, print_outcome

    document = {**(before or {}), **document_of(pipeline, result)} if talk().json else {}
    if not talk().json:
        print_outcome(pipeline, result)
    error = stop_of(result, stopper)
    if error is not None:
        raise AnsweredError(error, document)
    if talk().json:
        print_json(document)


def _answer(pipeline: Pipeline, result: RunResult, stopper: Stopper) -> dict[str, Any]:
    """The document of one run of several."""
    from pipekit.cli.outcome import document_of, print_outcome

    if not talk().json:
        print_outcome(pipeline, result)
    error = stop_of(result, stopper)
    if error is not None:
        raise error
    return document_of(pipeline, result) if talk().json else {}


def stop_of(result: RunResult, stopper: Stopper) -> PipekitError | None:
    """The error that a paused run ends the command with; a stop that was asked for (``--until``) is none."""
    from pipekit.cli.answering import how_to_answer
    from pipekit.errors import ProviderError, RunPausedError, RunStoppedError

    run_id = result.run_id
    reason = result.pause.reason if result.pause else None
    if reason == "signal":
        return RunStoppedError(
            "paused", code=stopper.code or 130, run_id=run_id, hint=f"go on with: pipekit resume {run_id}"
        )
    if reason == "question":
        return RunPausedError(
            "a person must answer first",
            run_id=run_id,
            hint=f"be asked here: pipekit review {run_id}\n{how_to_answer(run_id, result.questions)}",
        )
    if reason == "budget":
        larger = result.pause.budget if result.pause else None
        return ProviderError(
            "the budget is reached" if larger else "the budget of the day is reached",
            kind="budget",
            run_id=run_id,
            hint=f"go on with a larger one: pipekit resume {run_id} --budget {larger}"
            if larger
            else f"go on tomorrow (by UTC), or with a larger llm.dailyBudget: pipekit resume {run_id}",
        )
    return None
