"""The tables of an evaluation, the same for the terminal, Markdown and the page: cells are text, a dash is nothing."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from pipekit.evaluation.results import EXPENSES, Evaluation, VariantResult
from pipekit.interfaces.scorers import Metric
from pipekit.quantities import cost_text

__all__ = ["NOTHING", "Table", "comparison", "inputs_of", "shown"]

NOTHING = "–"


@frozen(kw_only=True)
class Table:
    """Titles and rows of text; ``totals`` of the last rows sum up those above them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: int = 0


def comparison(evaluation: Evaluation) -> Table:
    """A row for each metric that has a value, a column for each variant; of a single one how it came about, too."""
    rows = []
    alone = evaluation.variants[0] if len(evaluation.variants) == 1 else None
    for metric in _measured(evaluation):
        row = [metric.name, *(shown(metric.name, one.overall(metric.name)) for one in evaluation.variants)]
        if alone is not None:
            share = alone.shares.get(metric.name)
            row.append(NOTHING if share is None or not share.of else f"{share.hits:g} of {share.of:g}")
            row.append(NOTHING if share is None else shown(metric.name, alone.mean(metric.name)))
        rows.append(tuple(row))
    columns = ["metric", *(one.variant.name for one in evaluation.variants)]
    if alone is not None:
        columns += ["counted", "mean of inputs"]
    return Table(columns=tuple(columns), rows=tuple(rows))


def inputs_of(evaluation: Evaluation, result: VariantResult) -> Table:
    """A row for each input by one variant, and one for all of them together."""
    metrics = _measured(evaluation)
    rows = [(one.name, *(shown(metric.name, one.value(metric.name)) for metric in metrics)) for one in result.outcomes]
    rows.append(("all together", *(shown(metric.name, result.overall(metric.name)) for metric in metrics)))
    return Table(columns=("input", *(metric.title for metric in metrics)), rows=tuple(rows), totals=1)


def shown(metric: str, value: float | None) -> str:
    """A value for people."""
    if value is None:
        return NOTHING
    if metric == "cost":
        return cost_text(value)
    if metric == "tokens":
        return f"{value:.0f}"
    return f"{value:.1f}" if metric == "seconds" else f"{value:.2f}"


def _measured(evaluation: Evaluation) -> Sequence[Metric]:
    """The metrics that have a value for some input; the expenses of rules alone are time, and nothing else."""
    asked = any(one.usage.calls for one in evaluation.variants)
    return [
        metric
        for metric in evaluation.metrics
        if any(result.overall(metric.name) is not None for result in evaluation.variants)
        and (asked or metric.name == "seconds" or metric not in EXPENSES)
    ]
