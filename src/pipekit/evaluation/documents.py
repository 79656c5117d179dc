"""An evaluation as one JSON document and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipekit.evaluation.bounds import Broken
from pipekit.evaluation.results import Evaluation, Outcome, VariantResult
from pipekit.evaluation.tables import Table, comparison, inputs_of
from pipekit.markdown import inline, table_cell
from pipekit.serde import JSON

__all__ = ["to_json", "to_markdown"]


def to_json(evaluation: Evaluation, broken: Sequence[Broken] = ()) -> dict[str, Any]:
    """Everything, for programs; a value is null where there was nothing to measure."""
    return {
        "folder": evaluation.folder,
        "workflow": evaluation.workflow,
        "metrics": [
            {"name": one.name, "title": one.title, "text": one.text, "better": one.better} for one in evaluation.metrics
        ],
        "variants": [_variant(evaluation, one) for one in evaluation.variants],
        "broken": [
            {
                "metric": one.bound.metric,
                "bound": one.bound.side,
                "limit": one.bound.limit,
                "variant": one.variant,
                "value": one.value,
            }
            for one in broken
        ],
        "passedOver": list(evaluation.passed_over),
    }


def _variant(evaluation: Evaluation, result: VariantResult) -> dict[str, JSON]:
    names = [metric.name for metric in evaluation.metrics]
    return {
        "name": result.variant.name,
        "model": result.variant.model,
        "prompts": result.variant.prompts,
        "overall": {name: result.overall(name) for name in names},
        "mean": {name: result.mean(name) for name in names},
        "counted": {name: {"hits": share.hits, "of": share.of} for name, share in result.shares.items()},
        "calls": result.usage.calls,
        "inputs": [_outcome(names, one) for one in result.outcomes],
    }


def _outcome(names: Sequence[str], outcome: Outcome) -> dict[str, JSON]:
    return {
        "name": outcome.name,
        "file": outcome.file,
        "runId": outcome.run_id,
        "values": {name: outcome.value(name) for name in names} if outcome.score else None,
        "notes": list(outcome.score.notes) if outcome.score else [],
        "error": outcome.error.to_dict() if outcome.error else None,
    }


def to_markdown(evaluation: Evaluation, broken: Sequence[Broken] = ()) -> str:
    """The tables, and what was missed or wrong in each input. Text of others stays text."""
    return "\n".join(_lines(evaluation, broken)) + "\n"


def _lines(evaluation: Evaluation, broken: Sequence[Broken]) -> Iterator[str]:
    yield f"# Evaluation of {inline(evaluation.workflow)} on {inline(evaluation.folder)}"
    for one in broken:
        yield ""
        yield f"**{inline(str(one))}**"
    yield ""
    yield from _table(comparison(evaluation))
    for result in evaluation.variants:
        yield ""
        yield f"## {inline(result.variant.name)}"
        yield ""
        yield from _table(inputs_of(evaluation, result))
        for outcome in result.outcomes:
            notes = [str(outcome.error)] if outcome.error else list(outcome.score.notes if outcome.score else ())
            if notes:
                yield ""
                yield f"### {inline(outcome.name)}"
                yield ""
                yield from (f"- {inline(note)}" for note in notes)
    yield ""
    yield "## What is measured"
    yield ""
    for metric in evaluation.metrics:
        yield f"- `{metric.name}`: {inline(metric.text)}{' (lower is better)' if metric.better == 'lower' else ''}"


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(table_cell(title) for title in table.columns)} |"
    yield f"| --- |{' ---: |' * (len(table.columns) - 1)}"
    body = len(table.rows) - table.totals
    for index, row in enumerate(table.rows):
        cells = [table_cell(cell) for cell in row]
        yield f"| {' | '.join(cells if index < body else (f'**{cell}**' for cell in cells))} |"
