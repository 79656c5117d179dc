"""``pipekit plan``, and ``pipekit run --dry-run``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.expected import estimate_json, estimate_text
from pipekit.cli.group import SingleCommand
from pipekit.cli.options import configured, open_pipeline, selecting, selection
from pipekit.cli.terminal import print_json, print_table, say, talk

if TYPE_CHECKING:
    from pipekit.pipeline import Pipeline
    from pipekit.planning.plan import Plan
    from pipekit.planning.select import Selection

__all__ = ["plan", "show_plan"]


@click.command(cls=SingleCommand)
@click.argument("source", metavar="[INPUT]", required=False)
@configured
@click.option("--input-format", metavar="NAME", help="Read the input with this loader.")
@selecting
def plan(
    source: str | None,
    input_format: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    until: str | None,
    **flags: Any,
) -> None:
    """Check configuration, plugins, models and INPUT, and show what would run and why.

    Nothing is called and nothing is written. All that is wrong is said at once.
    """
    from pipekit.cli.run import opened

    pipeline = open_pipeline(flags)
    inputs = [] if source is None else [(source, opened(pipeline, source))]
    show_plan(pipeline, inputs, selection(only, skip, until), input_format)


def show_plan(
    pipeline: Pipeline, inputs: Sequence[tuple[str, Any]], select: Selection, input_format: str | None
) -> None:
    """Check every input, given with its name, and show the plan; its steps are the same for all of them."""
    from pipekit.cli.exits import AnsweredError
    from pipekit.errors import PipekitError, PlanError

    plans: list[Plan] = []
    documents: list[dict[str, Any]] = []
    faults: list[PipekitError] = []
    for name, source in inputs:
        try:
            made = pipeline.plan(source, select=select, input_format=input_format)
        except PipekitError as error:
            documents.append({"input": name, "error": error.to_dict()})
            found = error.faults if isinstance(error, PlanError) else (error,)
            known = {str(fault) for fault in faults}
            faults.extend(fault for fault in found if str(fault) not in known)
        else:
            documents.append({"input": name, **made.to_json(), "estimate": estimate_json(pipeline.estimate(made))})
            plans.append(made)
    if faults:
        wrong = faults[0] if len(faults) == 1 else PlanError(faults, hint="mend these, then check again: pipekit plan")
        raise wrong if len(inputs) == 1 else AnsweredError(wrong, {"plans": documents})
    if not inputs:
        plans.append(pipeline.plan(select=select, input_format=input_format))
    if not talk().json:
        _print(plans[0], dict.fromkeys(warning for made in plans for warning in made.warnings))
        estimates = [pipeline.estimate(made) for made in plans]
        words = estimate_text(estimates)
        if words:
            say()
            say(f"expected: {words}")
        budget = pipeline.configuration.settings.llm.budget
        if any(one.may_pass(usd=budget.usd, tokens=budget.tokens, calls=budget.calls) for one in estimates):
            say(
                "the budget may be reached before the end; the run would be paused then, with all that is finished kept"
            )
    elif len(inputs) > 1:
        print_json({"plans": documents})
    else:
        print_json({**plans[0].to_json(), "estimate": estimate_json(pipeline.estimate(plans[0]))})


def _print(made: Plan, warnings: Iterable[str]) -> None:
    say(f"workflow {made.workflow}, model {made.model}, runs in {made.store}" if made.store else made.workflow)
    say()
    rows = []
    for step in made.steps:
        model = step.model or ""
        if step.uses_offline_rule:
            model = "offline rule"
        rows.append(
            (
                step.key if isinstance(step.key, int) else "",
                step.name,
                step.decision,
                model,
                f"each of {step.step.each}" if step.step.each else "",
                step.reason,
            )
        )
    print_table(("", "step", "", "model", "works on", "reason"), [[cell or " " for cell in row] for row in rows])
    for warning in warnings:
        say(f"warning: {warning}", err=True)
    if made.until:
        say(f"stops after {made.until}")
