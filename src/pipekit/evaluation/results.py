"""What an evaluation found: each input by each variant, and all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from attrs import field, frozen

from pipekit.errors import PipekitError
from pipekit.interfaces.scorers import Metric, Score, Share
from pipekit.state.record import RunRecord, Usage

__all__ = ["EXPENSES", "Evaluation", "Outcome", "Variant", "VariantResult"]

#: What every run is measured by, whatever its workflow: the sum of all inputs.
EXPENSES = (
    Metric(name="cost", title="cost", text="US dollars, where the prices are known", better="lower"),
    Metric(name="tokens", title="tokens", text="tokens in and out", better="lower"),
    Metric(name="seconds", title="seconds", text="time that the steps took", better="lower"),
)


@frozen(kw_only=True)
class Variant:
    """One way to run the workflow: a model, and a folder of prompts where one was named."""

    model: str
    prompts: str | None = None

    @property
    def name(self) -> str:
        """How it is called in reports."""
        return self.model if self.prompts is None else f"{self.model}, {self.prompts}"


@frozen(kw_only=True)
class Outcome:
    """What came of one input: a score of its run, or the ``error`` why there is none.

    ``is_kept`` says that the run was there already, and nothing of it had to be done.
    """

    name: str
    file: str
    run_id: str | None = None
    score: Score | None = None
    usage: Usage = Usage()
    seconds: float = 0.0
    error: PipekitError | None = None
    is_kept: bool = False

    @classmethod
    def of(cls, name: str, file: str, record: RunRecord, score: Score) -> Outcome:
        """The outcome of a completed run. What was kept of an earlier run counts as it did there."""
        took = sum(step.duration for step in record.step_outputs.values())
        return cls(name=name, file=file, run_id=record.run_id, score=score, usage=record.usage, seconds=took)

    def value(self, metric: str) -> float | None:
        """The value of a metric; None where it has none."""
        if self.score is None:
            return None
        expense = _expense(metric, self.usage, self.seconds)
        return self.score.shares[metric].value if metric in self.score.shares else expense


@frozen(kw_only=True)
class VariantResult:
    """All inputs by one variant."""

    variant: Variant
    outcomes: tuple[Outcome, ...]

    @property
    def scored(self) -> Sequence[Outcome]:
        """The outcomes that have a score."""
        return [one for one in self.outcomes if one.score is not None]

    @cached_property
    def shares(self) -> Mapping[str, Share]:
        """The shares of all inputs added up, by metric."""
        found: dict[str, Share] = {}
        for outcome in self.outcomes:
            for name, share in outcome.score.shares.items() if outcome.score else ():
                found[name] = found[name] + share if name in found else share
        return found

    @property
    def usage(self) -> Usage:
        """What all scored runs took."""
        return sum((one.usage for one in self.scored), start=Usage())

    def overall(self, metric: str) -> float | None:
        """The value over all items of all inputs; of an expense the sum."""
        if metric in self.shares:
            together = self.shares[metric]
            return together.value if together.of else self.mean(metric)
        return _expense(metric, self.usage, sum(one.seconds for one in self.scored)) if self.scored else None

    def mean(self, metric: str) -> float | None:
        """The mean of the inputs that have a value."""
        values = [value for one in self.outcomes if (value := one.value(metric)) is not None]
        return sum(values) / len(values) if values else None


@frozen(kw_only=True)
class Evaluation:
    """A whole evaluation: ``metrics`` in order of showing, the scorer's before the expenses."""

    folder: str
    workflow: str
    metrics: Sequence[Metric]
    variants: Sequence[VariantResult] = field(factory=tuple)
    passed_over: Sequence[str] = ()

    @property
    def failed(self) -> Iterable[tuple[Variant, Outcome]]:
        """The outcomes without a score."""
        for one in self.variants:
            yield from ((one.variant, outcome) for outcome in one.outcomes if outcome.score is None)


def _expense(metric: str, usage: Usage, seconds: float) -> float | None:
    known: Mapping[str, float | None] = {"cost": usage.cost, "tokens": usage.total_tokens, "seconds": seconds}
    return known.get(metric)
