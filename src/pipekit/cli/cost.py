"""``pipekit cost``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.moments import parse_moment
from pipekit.cli.options import configured, open_pipeline, run_argument
from pipekit.cli.terminal import one_line, print_json, print_table, say, talk
from pipekit.quantities import cost_text, count_text, usage_text

if TYPE_CHECKING:
    from datetime import datetime

    from pipekit.history import Runs
    from pipekit.spending import Spending, Sum

__all__ = ["cost"]

#: So many runs are listed one by one; ``--json`` gives all of them.
_SHOWN = 20


@click.command(cls=SingleCommand)
@run_argument("name", required=False)
@click.option("--since", metavar="WHEN", help="Only calls since then: a day (2026-11-01, UTC), or an age (30d, 12h).")
@configured
def cost(name: str | None, since: str | None, **flags: Any) -> None:
    """Tell what was spent on models, by RUN or by all runs of the store: by step and by model.

    Every call counts, also those that failed and those of steps that were made again. A price that nobody knows is
    unknown, and not zero.
    """
    moment = None if since is None else parse_moment(since, "pipekit cost --since 30d")
    runs = open_pipeline(flags).runs
    run_id = None if name is None else runs.resolve(name)
    spent = runs.spending(run_id, since=moment)
    if talk().json:
        print_json(_document(spent, run_id, moment))
    else:
        _show(spent, runs, run_id)


def _document(spent: Spending, run_id: str | None, since: datetime | None) -> dict[str, Any]:
    return {
        "run": run_id,
        "since": None if since is None else since.isoformat().replace("+00:00", "Z"),
        "total": _sum_json(spent.total),
        "parts": [
            {"runId": part.run_id, "step": part.step, "model": part.model, **_sum_json(part.sum)}
            for part in spent.parts
        ],
        "unread": [{"runId": run, "reason": reason} for run, reason in spent.unread],
    }


def _sum_json(added: Sum) -> dict[str, Any]:
    from pipekit.serde import unstructure

    return {**unstructure(added), "cost": added.cost}


def _show(spent: Spending, runs: Runs, run_id: str | None) -> None:
    if len(spent.runs) > 1:
        listed = list(spent.by(lambda part: (part.run_id,)).items())
        rows = [(run, *_row(added)) for (run,), added in listed[:_SHOWN]]
        print_table(("run", *_COLUMNS), rows)
        if len(listed) > _SHOWN:
            say(f"and {len(listed) - _SHOWN} more runs, all of them with --json")
        say()
    if spent.parts:
        by_step = spent.by(lambda part: (part.step, part.model))
        print_table(("step", "model", *_COLUMNS), [(*key, *_row(added)) for key, added in by_step.items()])
        say()
    total = spent.total
    what = "in all" if run_id is None else run_id
    if not total.calls:
        say(f"{what}: no model was asked, and nothing was spent{_offline(runs, run_id)}")
    else:
        say(f"{what}: {usage_text(total.calls, total.input_tokens + total.output_tokens, total.cost)}")
    for line in _unknown(spent):
        say(line)
    for run, reason in spent.unread:
        say(f"warning: {run} is not counted: {one_line(reason)}", err=True)


_COLUMNS = ("calls", "tokens in", "of these cached", "tokens out", "cost")


def _row(added: Sum) -> tuple[object, ...]:
    tokens = (added.input_tokens, added.cached_tokens, added.output_tokens)
    return (added.calls, *(f"{count:,}" for count in tokens), cost_text(added.cost))


def _unknown(spent: Spending) -> list[str]:
    """What the sum leaves open."""
    total = spent.total
    lines: list[str] = []
    if total.unpriced:
        models = {part.model for part in spent.parts if part.sum.unpriced}
        lines.append(
            f"the cost of {count_text(total.unpriced, 'answer')} of {', '.join(sorted(models))} is not known; "
            f"that of the others is {cost_text(total.known_cost)}"
        )
        lines.append("llm.models.<provider>/<model> takes inputPrice and outputPrice, for the calls to come")
    if total.uncertain:
        lines.append(
            f"{count_text(total.uncertain, 'call')} ended without an answer (a timeout, a lost connection, a stop): "
            "whether the server charges for that is not known, and it is not in the sum"
        )
    return lines


def _offline(runs: Runs, run_id: str | None) -> str:
    """That the rules of the model ``offline`` cost nothing, where they made something of the run."""
    if run_id is None:
        return ""
    record = runs.record(run_id)
    made = any(step.model == "offline" for step in record.step_outputs.values())
    return ": rules made it (the model offline), and they cost nothing" if made else ""
