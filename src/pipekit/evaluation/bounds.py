"""Bounds that an evaluation has to keep: ``candidates.f1=0.8`` at least, ``rejected.extracted=0.05`` at most."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from attrs import frozen

from pipekit.config.faults import suggestion
from pipekit.errors import UsageError
from pipekit.evaluation.results import Evaluation, VariantResult
from pipekit.interfaces.scorers import Metric

__all__ = ["Bound", "Broken", "broken_bounds", "read_bounds"]


@frozen(kw_only=True)
class Bound:
    """One bound of one metric, for all inputs together."""

    metric: str
    side: Literal["min", "max"]
    limit: float

    def is_kept(self, value: float | None) -> bool:
        """Whether a value keeps it; what could not be measured keeps none."""
        if value is None:
            return False
        return value >= self.limit if self.side == "min" else value <= self.limit

    def __str__(self) -> str:
        return f"--{self.side} {self.metric}={self.limit:g}"


@frozen(kw_only=True)
class Broken:
    """A bound that a variant doesn't keep."""

    bound: Bound
    variant: str
    value: float | None

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.variant}: {self.bound.metric} could not be measured ({self.bound})"
        word = "below" if self.bound.side == "min" else "above"
        return f"{self.variant}: {self.bound.metric} is {self.value:.3g}, {word} {self.bound.limit:g}"


def read_bounds(side: Literal["min", "max"], texts: Iterable[str], metrics: Sequence[Metric]) -> list[Bound]:
    """The bounds in ``METRIC=NUMBER``; `UsageError` for one that can't be meant, with the name that may have been."""
    found: list[Bound] = []
    known = [metric.name for metric in metrics]
    for text in texts:
        name, equals, number = (part.strip() for part in text.partition("="))
        if name not in known:
            raise UsageError(f"--{side} names no metric: {name!r}", kind="unknown-metric", hint=suggestion(name, known))
        try:
            limit = float(number) if equals else math.nan
        except ValueError:
            limit = math.nan
        if not math.isfinite(limit):
            raise UsageError(
                f"--{side} {name} takes a number, not {number!r}", kind="bound", hint=f"--{side} {name}=0.8"
            )
        found.append(Bound(metric=name, side=side, limit=limit))
    return found


def broken_bounds(evaluation: Evaluation, bounds: Sequence[Bound]) -> list[Broken]:
    """The bounds that some variant doesn't keep, variant by variant."""
    return [broken for result in evaluation.variants for broken in _broken(result, bounds)]


def _broken(result: VariantResult, bounds: Sequence[Bound]) -> Iterable[Broken]:
    for bound in bounds:
        value = result.overall(bound.metric)
        if not bound.is_kept(value):
            yield Broken(bound=bound, variant=result.variant.name, value=value)
