"""What a plan is expected to take of models: calls, tokens and cost, each as a range.

Where earlier runs of the workflow are in the store their steps are the measure, by the sizes of their inputs. Of a step
that no run has finished yet the prompt and the input are, and a guess at how long answers are and how many items there
will be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve, field, frozen

from pipekit.asking import task_prompts
from pipekit.errors import PipekitError
from pipekit.interfaces.llm_providers import ModelInfo
from pipekit.interfaces.state_stores import RunQuery
from pipekit.llm.tokens import tokens_of
from pipekit.planning.plan import Plan, PlannedStep
from pipekit.preparing import Setup
from pipekit.state.record import RunRecord, StepRecord

__all__ = ["Estimate", "Range", "StepEstimate", "estimate", "estimate_rest"]

#: As many earlier runs are looked at.
_RUNS = 10
#: Tokens of an answer of which nothing is known, and of the shape that goes with its question.
_ANSWER, _SHAPE = (50, 1500), (0, 1500)
#: Bytes of input that an item may come from, at the least and at the most: a few sentences, a few pages.
_AN_ITEM = (300, 6000)


@frozen
class Range:
    """From the least to the most that is expected."""

    least: float = 0
    most: float = 0

    def __add__(self, other: Range) -> Range:
        return Range(self.least + other.least, self.most + other.most)

    def times(self, least: float, most: float) -> Range:
        """Both ends multiplied."""
        return Range(self.least * least, self.most * most)

    def around(self, other: Range) -> Range:
        """The smallest range that holds both."""
        return Range(min(self.least, other.least), max(self.most, other.most))


@frozen(kw_only=True)
class StepEstimate:
    """What one step is expected to take; ``cost`` is in US dollars, None where the model's price isn't known.

    ``runs`` counts the earlier runs that it is measured by; with 0 it is guessed.
    """

    step: str
    model: str
    calls: Range
    input_tokens: Range
    output_tokens: Range
    cost: Range | None
    runs: int = 0


@frozen(kw_only=True)
class Estimate:
    """What a plan is expected to take: that of its steps which ask a model, added up."""

    steps: Sequence[StepEstimate] = field(factory=tuple)

    @property
    def calls(self) -> Range:
        """Calls of models."""
        return sum((one.calls for one in self.steps), start=Range())

    @property
    def tokens(self) -> Range:
        """Tokens in and out."""
        return sum((one.input_tokens + one.output_tokens for one in self.steps), start=Range())

    @property
    def cost(self) -> Range | None:
        """US dollars, None where the price of a model isn't known."""
        total = Range()
        for one in self.steps:
            if one.cost is None:
                return None
            total += one.cost
        return total

    def may_pass(self, *, usd: float | None, tokens: int | None, calls: int | None) -> bool:
        """Whether the most that is expected is more than a budget allows."""
        cost = self.cost
        return (
            (usd is not None and cost is not None and cost.most > usd)
            or (tokens is not None and self.tokens.most > tokens)
            or (calls is not None and self.calls.most > calls)
        )

    @property
    def runs(self) -> int:
        """The fewest earlier runs that a step is measured by."""
        return min((one.runs for one in self.steps), default=0)


def estimate_rest(setup: Setup, plan: Plan, record: RunRecord) -> Estimate:
    """What a run that stopped is still expected to take; of the step that was under way some may be done already."""
    size = record.input.size if record.input else None
    left = [step for step in plan.steps if step.decision != "skip" and not record.is_done(step.key)]
    rest = [evolve(step, decision="run") for step in left]
    found = estimate(setup, evolve(plan, steps=rest, input_size=size))
    return Estimate(steps=[_begun(one) if one.step == rest[0].name else one for one in found.steps])


def _begun(one: StepEstimate) -> StepEstimate:
    """The same of a step of which nobody knows how much is done."""
    ranges = {name: getattr(one, name).times(0, 1) for name in ("calls", "input_tokens", "output_tokens")}
    return evolve(one, **ranges, cost=None if one.cost is None else one.cost.times(0, 1))


def estimate(setup: Setup, plan: Plan) -> Estimate:
    """What the steps of a plan that are to run are expected to take; asks no network."""
    asking = [step for step in plan.to_run if step.model and not step.uses_offline_rule and _asks(step)]
    if not asking:
        return Estimate()
    past = _past(setup, plan.workflow)
    prompts = _prompt_tokens(setup, asking)
    return Estimate(steps=[_step(setup, planned, plan.input_size, past, prompts) for planned in asking])


def _asks(planned: PlannedStep) -> bool:
    return planned.signature.service("llm") is not None and planned.model != "offline"


def _step(
    setup: Setup,
    planned: PlannedStep,
    size: int | None,
    past: Sequence[RunRecord],
    prompts: Mapping[str, int],
) -> StepEstimate:
    model = planned.model or ""
    measured = [one for run in past if (one := _measured(planned, run, size)) is not None]
    if measured:
        calls, into, out = measured[0]
        for more in measured[1:]:
            calls, into, out = calls.around(more[0]), into.around(more[1]), out.around(more[2])
    else:
        calls, into, out = _guessed(planned, size, prompts.get(planned.name, 0))
    cost = _cost(_info(setup, model), into, out)
    return StepEstimate(
        step=planned.name,
        model=model,
        calls=calls,
        input_tokens=into,
        output_tokens=out,
        cost=cost,
        runs=len(measured),
    )


def _measured(planned: PlannedStep, run: RunRecord, size: int | None) -> tuple[Range, Range, Range] | None:
    """What the step took in an earlier run, by how much larger or smaller the input is now."""
    step: StepRecord | None = next((one for one in run.step_outputs.values() if one.name == planned.name), None)
    if step is None or not step.usage.calls or run.input is None or not run.input.size:
        return None
    times = 1.0 if size is None else size / run.input.size
    # Items grow in number with the input. Of one question only what it tells of the input grows.
    least, most = (times, times) if planned.step.each else (min(1.0, times), max(1.0, times))
    usage = step.usage
    calls = Range(usage.calls, usage.calls)
    if planned.step.each:
        calls = Range(max(1, round(usage.calls * times)), max(1, round(usage.calls * times)))
    return (
        calls,
        Range(usage.input_tokens, usage.input_tokens).times(least, most),
        Range(usage.output_tokens, usage.output_tokens).times(least, most),
    )


def _guessed(planned: PlannedStep, size: int | None, prompt: int) -> tuple[Range, Range, Range]:
    """The same of a step that no run has finished: one question, or one for each item that the input may hold."""
    length = 0 if size is None else size
    items = Range(1, 1)
    if planned.step.each:
        items = Range(max(1, length // _AN_ITEM[1]), max(1, length // _AN_ITEM[0]))
    into = Range(prompt + _SHAPE[0], prompt + _SHAPE[1] + tokens_of(["x" * length]))
    return items, into.times(items.least, items.most), Range(*_ANSWER).times(items.least, items.most)


def _cost(info: ModelInfo | None, into: Range, out: Range) -> Range | None:
    if info is None or info.input_price is None or info.output_price is None:
        return None
    prices = (info.input_price / 1_000_000, info.output_price / 1_000_000)
    return into.times(prices[0], prices[0]) + out.times(prices[1], prices[1])


def _info(setup: Setup, reference: str) -> ModelInfo | None:
    name, _, model = reference.partition("/")
    try:
        return setup.installation.told(reference, setup.installation.provider(name).describe(model))
    except PipekitError:
        return None


def _prompt_tokens(setup: Setup, steps: Sequence[PlannedStep]) -> Mapping[str, int]:
    """The tokens of each step's prompts as they are written, by step."""
    found: dict[str, int] = {}
    for one in task_prompts(setup, steps):
        text = tokens_of([one.prompt.system, one.prompt.user])
        found[one.step] = max(found.get(one.step, 0), text)
    return found


def _past(setup: Setup, workflow: str) -> Sequence[RunRecord]:
    """The newest completed runs of the workflow; a store that can't be read has none."""
    found: list[RunRecord] = []
    try:
        for run in setup.store.find(RunQuery(status="completed", limit=5 * _RUNS)):
            if run.workflow == workflow and len(found) < _RUNS:
                found.append(setup.store.load(run.run_id).record)
    except PipekitError:
        return found
    return found
