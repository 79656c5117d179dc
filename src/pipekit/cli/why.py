"""``pipekit show --why``: the reasons that the steps of a run keep for what they made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipekit.cli.items import find_items, leaves, names_step
from pipekit.cli.outlining import brief_of, outline
from pipekit.cli.terminal import print_json, say, talk

if TYPE_CHECKING:
    from pipekit.interfaces.output_formats import RunView
    from pipekit.interfaces.workflows import Workflow
    from pipekit.pipeline import Pipeline

__all__ = ["show_why", "without_reasons"]


def show_why(pipeline: Pipeline, view: RunView, part: str | None) -> None:
    """The reasons of one step, of all steps, or those that name an item."""
    from pipekit.cli.outcome import workflow_of

    workflow = workflow_of(pipeline, view.record)
    found = _reasons(view, workflow)
    steps = [one for one in view.record.step_outputs.values() if part and names_step(part, one.name, one.key)]
    if part is not None and steps:
        found = {steps[0].name: found.get(steps[0].name, [])}
        _refuse_without_reasons(steps[0].name, workflow)
    elif part is not None:
        _refuse_unknown(view, part)
        found = {name: [one for one in reasons if _names(one, part)] for name, reasons in found.items()}
    if talk().json:
        print_json({"runId": view.record.run_id, "why": found})
        return
    brief = brief_of(workflow)
    for name, reasons in found.items():
        say(f"{view.record.run_id}, {name}:")
        say()
        for line in outline(reasons, brief=brief) if reasons else ["no reasons were kept"]:
            say(line)


def without_reasons(value: Any, step: str, workflow: Workflow | None) -> tuple[Any, bool]:
    """A step's result without its reasons, and whether it has any."""
    field = workflow.why.get(step) if workflow is not None else None
    if field is None or not isinstance(value, Mapping) or not value.get(field):
        return value, False
    return {name: one for name, one in value.items() if name != field}, True


def _reasons(view: RunView, workflow: Workflow | None) -> dict[str, list[Any]]:
    """By step, in the order of the plan."""
    fields = workflow.why if workflow is not None else {}
    found: dict[str, list[Any]] = {}
    for name, value in view.steps.items():
        if name in fields:
            found[name] = [one for leaf in leaves(value, fields[name]) for one in leaf]
    return found


def _names(reason: Any, item: str) -> bool:
    return isinstance(reason, Mapping) and item in reason.values()


def _refuse_without_reasons(step: str, workflow: Workflow | None) -> None:
    from pipekit.errors import UsageError

    fields: Sequence[str] = list(workflow.why) if workflow is not None else []
    if step not in fields:
        raise UsageError(
            f"the step {step} keeps no reasons beside its result",
            kind="no-reasons",
            hint=f"those that do: {', '.join(fields)}" if fields else "no step of this workflow does",
        )


def _refuse_unknown(view: RunView, part: str) -> None:
    from pipekit.cli.show import unknown_part

    if part not in find_items(view):
        raise unknown_part(view, part)
