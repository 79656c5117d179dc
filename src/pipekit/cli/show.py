"""``pipekit show``: a run, one of its steps, or everything about one item."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.items import names_step
from pipekit.cli.offers import looking_here
from pipekit.cli.options import configured, open_pipeline, run_argument
from pipekit.cli.outlining import brief_of, outline
from pipekit.cli.terminal import one_line, print_json, print_table, say, talk
from pipekit.quantities import duration_text

if TYPE_CHECKING:
    from pipekit.cli.items import ItemTable
    from pipekit.cli.outlining import Brief
    from pipekit.errors import StateError
    from pipekit.interfaces.output_formats import RunView
    from pipekit.interfaces.workflows import Figure
    from pipekit.pipeline import Pipeline
    from pipekit.state.record import RunRecord, StepRecord

__all__ = ["show"]


@click.command(cls=SingleCommand)
@run_argument("name")
@click.argument("part", metavar="[STEP|ITEM]", required=False)
@click.option("--why", is_flag=True, help="Show the reasons that steps keep: what led to what, what was dropped.")
@click.option("--history", is_flag=True, help="List the attempts at each step, and what was replaced.")
@configured
def show(name: str, part: str | None, why: bool, history: bool, **flags: Any) -> None:
    """Show where RUN stands and what it found.

    With a STEP (3, or score-confidence) what that step made; with an ITEM (candidate-3) what every step says about
    it, failed checks and blockers first.
    """
    from pipekit.cli.items import find_items

    pipeline = open_pipeline(flags)
    run_id = pipeline.runs.resolve(name)
    if history:
        from pipekit.cli.attempts import show_attempts

        show_attempts(pipeline.runs.record(run_id), part)
        return
    if why:
        from pipekit.cli.why import show_why

        show_why(pipeline, pipeline.runs.get(run_id), part)
        return
    if part is None:
        _show_run(pipeline, run_id)
        return
    view, damages = pipeline.runs.look(run_id)
    step = _finished_step(view, part)
    if step is not None:
        own = next((error for error in damages if error.step == step.name), None)
        if own is not None:
            raise own
        _show_step(pipeline, view, step, damages)
    elif part in find_items(view):
        _show_item(pipeline, view, part, damages)
    elif damages:
        raise damages[0]  # the item may be in there
    else:
        raise unknown_part(view, part)


def _finished_step(view: RunView, part: str) -> StepRecord | None:
    return next((step for step in view.record.step_outputs.values() if names_step(part, step.name, step.key)), None)


def unknown_part(view: RunView, part: str) -> Exception:
    from pipekit.cli.items import find_items
    from pipekit.errors import UsageError

    record = view.record
    waiting = next((one for one in record.planned if names_step(part, one.name, one.key)), None)
    if waiting is not None:
        return UsageError(
            f"the step {waiting.name} isn't finished in {record.run_id}",
            kind="unfinished-step",
            run_id=record.run_id,
            hint=f"pipekit resume {record.run_id}",
        )
    known = [step.name for step in record.step_outputs.values()] + find_items(view)
    near = difflib.get_close_matches(part, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known[:20]) or 'none yet'}"
    return UsageError(
        f"{record.run_id} has no step or item {part!r}",
        kind="unknown-part",
        run_id=record.run_id,
        hint=f"{hint}\nsee all of it: pipekit show {record.run_id}",
    )


def _show_run(pipeline: Pipeline, run_id: str) -> None:
    """Where a run stands. That is in its record: a damaged step hides the items, and nothing else."""
    from pipekit.cli.exits import AnsweredError
    from pipekit.cli.items import item_table
    from pipekit.cli.outcome import figures_of, print_items, say_figures, workflow_of
    from pipekit.errors import StateError

    record = pipeline.runs.record(run_id)
    damage: StateError | None = None
    table: ItemTable | None = None
    figures: Sequence[Figure] = ()
    try:
        view, workflow = pipeline.runs.get(run_id), workflow_of(pipeline, record)
        table = item_table(view, workflow)
        figures = figures_of(view, workflow)
    except StateError as error:
        damage = error
    document = _run_json(pipeline, record, table, figures) if talk().json else {}
    if not talk().json:
        _say_run(pipeline, record)
        _print_steps(record)
        say()
        print_items(table)
        say_figures(figures)
        _say_next(pipeline, record)
    if damage is not None:
        raise AnsweredError(damage, document)
    if talk().json:
        print_json(document)


def _status(pipeline: Pipeline, record: RunRecord) -> str:
    """Whether the owner of a running run still lives is known to the store alone."""
    from pipekit.interfaces.state_stores import RunQuery

    summary = next(iter(pipeline.runs.find(RunQuery(prefix=record.run_id, limit=1))), None)
    return summary.status if summary is not None and summary.run_id == record.run_id else record.status


def _run_json(
    pipeline: Pipeline, record: RunRecord, table: ItemTable | None, figures: Sequence[Figure]
) -> dict[str, object]:
    from pipekit.cli.answering import questions_json
    from pipekit.cli.outcome import figures_json, offline_steps, steps_json
    from pipekit.serde import unstructure

    folder = pipeline.runs.folder(record.run_id)
    return {
        "runId": record.run_id,
        "status": _status(pipeline, record),
        "folder": str(folder) if folder else None,
        "steps": steps_json(record),
        "items": table.to_json() if table else [],
        "figures": figures_json(figures),
        "offlineSteps": offline_steps(record),
        "questions": questions_json(record.questions),
        "record": unstructure(record),
    }


def _say_run(pipeline: Pipeline, record: RunRecord) -> None:
    from pipekit.cli.outcome import run_duration, shown_path
    from pipekit.cli.runs import moment

    reason = f" ({record.paused_reason})" if record.paused_reason else ""
    say(f"{record.run_id}: {_status(pipeline, record)}{reason}")
    say(f"input: {record.input_file}")
    say(f"started: {moment(record.started_at)}, steps took {duration_text(run_duration(record))}")
    folder = pipeline.runs.folder(record.run_id)
    if folder:
        say(f"folder: {shown_path(folder)}")
    if record.error:
        say(f"error: {one_line(record.error)}")
    say()


def _say_next(pipeline: Pipeline, record: RunRecord) -> None:
    from pipekit.cli.answering import how_to_answer, say_questions
    from pipekit.cli.outcome import way_to_outputs

    say_questions(record.questions)
    status = _status(pipeline, record)
    if record.questions:
        say(looking_here(f"be asked here: pipekit review {record.run_id}"))
        say(looking_here(how_to_answer(record.run_id, record.questions)))
    elif status == "completed":
        say(looking_here(f"next: {way_to_outputs(record.run_id, record)}"))
    elif record.paused_reason == "budget":
        say(looking_here(f"what it spent: pipekit cost {record.run_id}"))
        say(looking_here(f"go on with a larger budget: pipekit resume {record.run_id} --budget usd=…"))
    elif status != "running":
        say(looking_here(f"go on with: pipekit resume {record.run_id}"))


def _print_steps(record: RunRecord) -> None:
    rows: list[tuple[object, ...]] = []
    done = [record.step_outputs[str(key)] for key in record.completed_steps]
    for step in done:
        number = step.key if isinstance(step.key, int) else " "
        rows.append((number, step.name, "done", duration_text(step.duration), _made_by(step)))
    finished = {step.name for step in done}
    for planned in record.planned:
        if planned.name not in finished:
            state = "next" if planned.key == record.current_step else "to do"
            rows.append((planned.key if isinstance(planned.key, int) else " ", planned.name, state, "–", "–"))
    print_table((" ", "step", " ", "took", "model"), rows)


def _made_by(step: StepRecord) -> str:
    """Who made it: the model, those that answered where the planned one didn't or not always, or a person."""
    if step.made_by == "human":
        return f"edited by hand: {', '.join(step.edited_items)}" if step.edited_items else "edited by hand"
    answered = sorted(step.answered_by.items(), key=lambda one: -one[1])
    if not answered or list(step.answered_by) == [step.model]:
        return step.model or "–"
    if len(answered) == 1:
        return f"{answered[0][0]} (planned: {step.model})"
    return ", ".join(f"{model} ({count} answers)" for model, count in answered)


def _show_step(pipeline: Pipeline, view: RunView, step: StepRecord, damages: Sequence[StateError]) -> None:
    from pipekit.cli.outcome import workflow_of
    from pipekit.cli.why import without_reasons

    value = view.steps[step.name]
    warnings = [str(error) for error in damages]
    if talk().json:
        document = {"runId": view.record.run_id, "step": step.key, "name": step.name, "value": value}
        print_json({**document, "warnings": warnings})
        return
    for warning in warnings:
        say(looking_here(f"warning: {warning}; see pipekit repair {view.record.run_id}"), err=True)
    say(f"{view.record.run_id}, {step.name}: {duration_text(step.duration)}, {step.path}")
    say()
    workflow = workflow_of(pipeline, view.record)
    rest, kept = without_reasons(value, step.name, workflow)
    for line in outline(rest, brief=brief_of(workflow)):
        say(line)
    if kept:
        say()
        say(looking_here(f"why: pipekit show {view.record.run_id} {step.name} --why"))


def _show_item(pipeline: Pipeline, view: RunView, item: str, damages: Sequence[StateError]) -> None:
    """What is intact about an item; where something isn't, that is how it ends."""
    from pipekit.cli.exits import AnsweredError
    from pipekit.cli.items import item_view, problems_of
    from pipekit.cli.outcome import workflow_of

    problems = problems_of(view, workflow_of(pipeline, view.record), item)
    results = item_view(view, item)
    document = {"runId": view.record.run_id, "item": item, "problems": problems, "results": results}
    if not talk().json:
        _say_item(f"{item} of {view.record.run_id}", problems, results, brief_of(workflow_of(pipeline, view.record)))
    if damages:
        raise AnsweredError(damages[0], document)
    if talk().json:
        print_json(document)


def _say_item(
    title: str, problems: Mapping[str, Sequence[object]], results: Mapping[str, object], brief: Brief
) -> None:
    say(title)
    for kind, found in problems.items():
        say()
        say(f"{kind}:")
        for one in found:
            say(f"  - {_as_sentence(one)}")
    for step, value in results.items():
        say()
        say(f"{step}:")
        for line in outline(value, 1, brief):
            say(line)


def _as_sentence(value: object) -> str:
    """An object in one line: its texts, the first one first."""
    if not isinstance(value, Mapping):
        return one_line(value)
    return one_line(", ".join(str(part) for part in value.values() if isinstance(part, (str, int, float)) and part))
