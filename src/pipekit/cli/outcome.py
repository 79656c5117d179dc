"""What came of a run, for people and as JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipekit.cli.answering import questions_json, say_questions
from pipekit.cli.exits import AnsweredError
from pipekit.cli.expected import estimate_json, estimate_text
from pipekit.cli.items import ItemTable, item_table
from pipekit.cli.offers import looking_here
from pipekit.cli.terminal import one_line, print_table, say
from pipekit.errors import PipekitError
from pipekit.quantities import duration_text, usage_text

if TYPE_CHECKING:
    from pipekit.interfaces.output_formats import RunView
    from pipekit.interfaces.workflows import Figure, Workflow
    from pipekit.pipeline import Pipeline
    from pipekit.results import Pause, RunResult
    from pipekit.state.record import RunRecord

__all__ = [
    "document_of",
    "figures_json",
    "figures_of",
    "naming_no_lost_run",
    "offline_steps",
    "print_items",
    "print_outcome",
    "run_duration",
    "say_figures",
    "shown_path",
    "steps_json",
    "usage_json",
    "way_to_outputs",
    "workflow_of",
]

#: Of a store that isn't durable.
NOT_KEPT = "the store {store} keeps no runs; store: file:.pipeline does"


def workflow_of(pipeline: Pipeline, record: RunRecord) -> Workflow | None:
    """The workflow of a run, None when its plugin is gone: the run can still be shown."""
    try:
        return pipeline.registry.workflow(record.workflow)
    except PipekitError:
        return None


def offline_steps(record: RunRecord) -> list[str]:
    """The finished steps whose results were made by rules because the model was ``offline``."""
    return [step.name for step in record.step_outputs.values() if step.model == "offline"]


def run_duration(record: RunRecord) -> float:
    """Seconds that the finished steps took."""
    return sum(step.duration for step in record.step_outputs.values())


def steps_json(record: RunRecord) -> list[dict[str, Any]]:
    """The finished steps in order of completion."""
    found = []
    for key in record.completed_steps:
        step = record.step_outputs[str(key)]
        found.append(
            {
                "step": step.key,
                "name": step.name,
                "duration": round(step.duration, 6),
                "model": step.model,
                "answeredBy": dict(step.answered_by),
                "calls": step.usage.calls,
                "inputTokens": step.usage.input_tokens,
                "outputTokens": step.usage.output_tokens,
                "cost": step.usage.cost,
                "attempt": step.attempt,
                "madeBy": step.made_by,
                "editedItems": list(step.edited_items),
                "file": step.path,
                "size": step.size,
            }
        )
    return found


def document_of(pipeline: Pipeline, result: RunResult) -> dict[str, Any]:
    """What came of a run, as ``--json`` gives it."""
    record = result.record
    table = item_table(result.view, workflow_of(pipeline, record))
    return {
        "runId": result.run_id,
        "status": result.status,
        "pause": _pause_json(result.pause) if result.pause else None,
        "workflow": record.workflow,
        "inputFile": record.input_file,
        "folder": str(result.folder) if result.folder else None,
        "outputs": [str(path) for path in result.outputs],
        "steps": steps_json(record),
        "items": table.to_json() if table else [],
        "figures": figures_json(figures_of(result.view, workflow_of(pipeline, record))),
        "offlineSteps": offline_steps(record),
        "usage": usage_json(record),
        "questions": questions_json(result.questions),
        "warnings": list(result.warnings),
    }


def _pause_json(pause: Pause) -> dict[str, Any]:
    return {
        "reason": pause.reason,
        "nextStep": pause.next_step,
        "left": list(pause.left),
        "budget": pause.budget,
        "estimate": estimate_json(pause.expected) if pause.expected else None,
    }


def usage_json(record: RunRecord) -> dict[str, Any]:
    """Calls, tokens and cost of a run."""
    usage = record.usage
    return {
        "calls": usage.calls,
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "cost": usage.cost,
    }


def shown_path(path: Path) -> str:
    """A path relative to the working folder where it lies below it."""
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):  # another drive, or no working folder any more
        return str(path)
    return str(path) if relative.startswith("..") else relative


def print_items(table: ItemTable | None) -> None:
    """The table of items, or a sentence where there are none."""
    if table is None:
        return
    if table.rows:
        print_table(table.columns, [[row[title] for title in table.columns] for row in table.rows])
    else:
        say(f"no {table.title} were found")
    say()


def figures_of(view: RunView, workflow: Workflow | None) -> Sequence[Figure]:
    """What the workflow tells of the run as a whole. A workflow that fails at that spoils no finished run."""
    if workflow is None or workflow.figures is None:
        return ()
    try:
        return tuple(workflow.figures(view))
    except Exception as error:  # noqa: BLE001 - a workflow of anybody's, and the run is done
        say(f"warning: the workflow {workflow.name} can't give its figures: {type(error).__name__}: {error}", err=True)
        return ()


def figures_json(figures: Sequence[Figure]) -> dict[str, Any]:
    """The figures by name."""
    return {one.name: one.value for one in figures}


def say_figures(figures: Sequence[Figure]) -> None:
    """The figures, a line each."""
    for one in figures:
        say(one_line(one.text))


def print_outcome(pipeline: Pipeline, result: RunResult) -> None:
    """The end of a run, for people: its items, where the files are, who made it, what to do next."""
    record = result.record
    say()
    workflow = workflow_of(pipeline, record)
    print_items(item_table(result.view, workflow))
    say_figures(figures_of(result.view, workflow))
    took = duration_text(run_duration(record))
    if result.pause is None:
        say(f"{result.run_id} completed: {len(record.completed_steps)} steps, {took}{_cost(record)}")
    else:
        then = f", next is {result.pause.next_step}" if result.pause.next_step else ""
        say(f"{result.run_id} paused ({result.pause.reason}) after {len(record.completed_steps)} steps{then}")
        if len(result.pause.left) > 1:
            say(f"left to do: {', '.join(result.pause.left)}")
        expected = estimate_text([result.pause.expected]) if result.pause.expected else ""
        if expected:
            say(f"expected for the rest: {expected}")
    say_questions(result.questions)
    if result.outputs:
        say(f"files: {_common(list(result.outputs))}")
    elif result.folder:
        say(f"files: {shown_path(result.folder)}")
    offline = offline_steps(record)
    if offline:
        say(
            "rules, not a model, made this: the model was offline"
            + ("" if len(offline) > 3 else f" for {', '.join(offline)}")
            + "; name one with --model provider/model"
        )
    if not pipeline.runs.are_kept:
        say(f"the run itself is gone with this command: {NOT_KEPT.format(store=pipeline.configuration.settings.store)}")
    elif result.pause is None:
        say(looking_here(f"next: {way_to_outputs(result.run_id, record)}"))
    elif result.pause.reason == "until":
        say(looking_here(f"go on with: pipekit resume {result.run_id}"))


def way_to_outputs(run_id: str, record: RunRecord) -> str:
    """The command that shows what a completed run has made."""
    return f"pipekit {'open' if record.outputs else 'show'} {run_id}"


@contextmanager
def naming_no_lost_run(pipeline: Pipeline) -> Iterator[None]:
    """No error in here offers to go on with a run that its store won't keep."""
    try:
        yield
    except (PipekitError, AnsweredError) as raised:
        error = raised.error if isinstance(raised, AnsweredError) else raised
        if error.run_id and not pipeline.runs.are_kept:
            error.run_id = None
            error.hint = NOT_KEPT.format(store=pipeline.configuration.settings.store)
        raise


def _cost(record: RunRecord) -> str:
    usage = record.usage
    if not usage.calls:
        return ""
    return f", {usage_text(usage.calls, usage.total_tokens, usage.cost)}"


def _common(paths: list[Path]) -> str:
    """Where the outputs are: the folder and the files at its top."""
    folder = Path(os.path.commonpath([path.parent for path in paths]))
    names: dict[str, int] = {}
    for path in paths:
        top = path.relative_to(folder).parts
        name = top[0] if len(top) == 1 else f"{top[0]}/"
        names[name] = names.get(name, 0) + 1
    counts = {
        name: f" ({count} file{'' if count == 1 else 's'})" for name, count in names.items() if name.endswith("/")
    }
    listed = ", ".join(name + counts.get(name, "") for name in names)
    return f"{shown_path(folder)}: {listed}"
