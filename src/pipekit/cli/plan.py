"""``pipekit plan``, and ``pipekit run --dry-run``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

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
    inputs = [] if source is None else [opened(pipeline, source)]
    show_plan(pipeline, inputs, selection(only, skip, until), input_format)


def show_plan(pipeline: Pipeline, inputs: Sequence[Any], select: Selection, input_format: str | None) -> None:
    """Check every input and show the plan, which is the same for all of them."""
    from pipekit.errors import PipekitError, PlanError

    plans: list[Plan] = []
    faults: list[PipekitError] = []
    for source in inputs:
        try:
            plans.append(pipeline.plan(source, select=select, input_format=input_format))
        except PipekitError as error:
            found = error.faults if isinstance(error, PlanError) else (error,)
            known = {str(fault) for fault in faults}
            faults.extend(fault for fault in found if str(fault) not in known)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise PlanError(faults, hint="mend these, then check again: pipekit plan")
    if not inputs:
        plans.append(pipeline.plan(select=select, input_format=input_format))
    if talk().json:
        print_json(plans[0].to_json())
    else:
        _print(plans[0])


def _print(made: Plan) -> None:
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
    for warning in made.warnings:
        say(f"warning: {warning}", err=True)
    if made.until:
        say(f"stops after {made.until}")
