"""``pipekit diff``: what another model, another setting or another transcript changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.options import configured, open_pipeline, run_argument
from pipekit.cli.terminal import one_line, print_json, say, talk
from pipekit.quantities import duration_text, usage_text

if TYPE_CHECKING:
    from pipekit.cli.comparing import Comparison, ItemChange, ItemRef, ValueChange
    from pipekit.state.record import RunRecord

__all__ = ["diff"]


@click.command(cls=SingleCommand)
@run_argument("before")
@run_argument("after")
@configured
def diff(before: str, after: str, **flags: Any) -> None:
    """Compare two runs by what they say.

    Items are paired by title and content, not by id: which are new, gone, called otherwise or judged otherwise, and
    why. Then what else differs: results for the whole meeting, models, calls and cost.
    """
    from pipekit.cli.comparing import compare
    from pipekit.cli.outcome import workflow_of
    from pipekit.errors import UsageError

    pipeline = open_pipeline(flags)
    old, new = (pipeline.runs.get(pipeline.runs.resolve(name)) for name in (before, after))
    if old.record.workflow != new.record.workflow:
        raise UsageError(
            f"the runs are of different workflows: {old.record.workflow} and {new.record.workflow}",
            kind="other-workflow",
            hint="pipekit list shows the runs with their inputs",
        )
    found = compare(old, new, workflow_of(pipeline, new.record))
    if talk().json:
        print_json(_document(old.record, new.record, found))
    else:
        for line in _lines(old.record, new.record, found):
            say(line)


# --- for people -------------------------------------------------------------------------------------------------------


def _lines(old: RunRecord, new: RunRecord, found: Comparison) -> Iterator[str]:
    yield f"{old.run_id} → {new.run_id}"
    if _has_same_input(old, new):
        yield f"input: the same, {old.input_file}"
    else:
        yield f"input: {old.input_file} → {new.input_file}"
    yield ""
    if found.items:
        counts = [
            (len(found.added), "added"),
            (len(found.dropped), "dropped"),
            (len(found.retitled), "retitled"),
            (len(found.changed), "changed"),
            (found.same, "the same"),
        ]
        yield f"{found.items}: {', '.join(f'{count} {what}' for count, what in counts if count) or 'none in either'}"
    for item in found.added:
        yield f"  + {_named(item)}"
    for item in found.dropped:
        yield f"  - {_named(item)}"
    for change in found.changed:
        yield from _changed_item(change)
    yield from _section("results for the whole run", found.results)
    yield from _section("finished steps", found.missing)
    yield from _section("models", found.models)
    yield ""
    yield _cost(old, new)
    if found.is_same:
        yield "both runs say the same"


def _named(item: ItemRef) -> str:
    return f"{one_line(item.title)} ({item.id})"


def _changed_item(change: ItemChange) -> Iterator[str]:
    ids = change.after.id if change.after.id == change.before.id else f"{change.before.id} → {change.after.id}"
    yield f"  ~ {one_line(change.after.title)} ({ids})"
    if change.is_retitled:
        yield f"      was called: {one_line(change.before.title)}"
    for value in change.values:
        yield f"      {_arrow(value)}"
    for sign, problems in (("new", change.new_problems), ("solved", change.solved)):
        for title, told in problems.items():
            for one in told:
                yield f"      {sign}, {title}: {one_line(one)}"


def _section(title: str, values: Sequence[ValueChange]) -> Iterator[str]:
    if values:
        yield ""
        yield f"{title}:"
        yield from (f"  {_arrow(value)}" for value in values)


def _arrow(value: ValueChange) -> str:
    return f"{value.name}: {one_line(value.before)} → {one_line(value.after)}"


def _cost(old: RunRecord, new: RunRecord) -> str:
    from pipekit.cli.outcome import run_duration

    def told(record: RunRecord) -> str:
        usage = record.usage
        took = duration_text(run_duration(record))
        return f"{usage_text(usage.calls, usage.total_tokens, usage.cost)}, {took}"

    return f"cost: {told(old)} → {told(new)}"


def _has_same_input(old: RunRecord, new: RunRecord) -> bool:
    return old.input is not None and new.input is not None and old.input.sha256 == new.input.sha256


# --- for programs -----------------------------------------------------------------------------------------------------


def _document(old: RunRecord, new: RunRecord, found: Comparison) -> dict[str, Any]:
    return {
        "before": _run(old),
        "after": _run(new),
        "isSame": found.is_same,
        "hasSameInput": _has_same_input(old, new),
        "collection": found.items,
        "added": [{"id": item.id, "title": item.title} for item in found.added],
        "dropped": [{"id": item.id, "title": item.title} for item in found.dropped],
        "changed": [_item(change) for change in found.changed],
        "same": found.same,
        "results": _values(found.results),
        "finishedSteps": _values(found.missing),
        "models": _values(found.models),
    }


def _run(record: RunRecord) -> dict[str, Any]:
    from pipekit.cli.outcome import run_duration, usage_json

    return {
        "runId": record.run_id,
        "status": record.status,
        "inputFile": record.input_file,
        "duration": round(run_duration(record), 6),
        "usage": usage_json(record),
    }


def _item(change: ItemChange) -> Mapping[str, Any]:
    return {
        "before": {"id": change.before.id, "title": change.before.title},
        "after": {"id": change.after.id, "title": change.after.title},
        "isRetitled": change.is_retitled,
        "values": _values(change.values),
        "newProblems": change.new_problems,
        "solved": change.solved,
    }


def _values(values: Sequence[ValueChange]) -> list[dict[str, object]]:
    return [{"name": value.name, "before": value.before, "after": value.after} for value in values]
