"""The runs of an evaluation: one after the other, and nothing that happens to one stops the rest."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from pipekit.cli.console import PlainProgress, QuietProgress
from pipekit.cli.exits import AnsweredError, StopRequestedError
from pipekit.cli.run import stop_of
from pipekit.cli.running import Stopper, follow
from pipekit.cli.telling import as_told, say_traceback
from pipekit.cli.terminal import say, talk
from pipekit.errors import RunStoppedError
from pipekit.evaluation.documents import to_json
from pipekit.evaluation.results import Outcome, VariantResult
from pipekit.events import CallRetried, Event, ItemFailed, StepFailed, StepStarted
from pipekit.quantities import duration_text

if TYPE_CHECKING:
    from pipekit.errors import PipekitError
    from pipekit.evaluation.gold import GoldCase
    from pipekit.evaluation.results import Evaluation, Variant
    from pipekit.evaluation.scoring import GuardedScorer
    from pipekit.pipeline import Pipeline

__all__ = ["run_all"]

_STOPPED = frozenset({130, 143})


class _SparseProgress(PlainProgress):
    """A line where a run takes long, and where something goes wrong in it."""

    #: Whether a step was carried out: else all of the run was kept.
    has_worked = False

    def _line(self, event: Event) -> str | None:
        line = super()._line(event)
        self.has_worked = self.has_worked or isinstance(event, StepStarted)
        is_wrong = isinstance(event, (CallRetried, ItemFailed, StepFailed))
        return line if is_wrong or self.is_overdue else None


def run_all(
    evaluation: Evaluation,
    cases: Sequence[GoldCase],
    variants: Sequence[tuple[Variant, Pipeline]],
    scorer: GuardedScorer,
    *,
    again: Sequence[str],
) -> Evaluation:
    """The evaluation with an outcome for each case by each variant; a failed run has its error in the place of a score.

    A signal ends it with what there is by then; ``again`` is the command that goes on.
    """
    done: list[VariantResult] = []
    with Stopper(in_turn=True) as stopper:
        for variant, pipeline in variants:
            outcomes: list[Outcome] = []
            for case in cases:
                try:
                    outcomes.append(_run(case, pipeline, scorer, stopper))
                except BrokenPipeError:
                    raise
                except BaseException as raised:
                    error = as_told(raised, talk().arguments)
                    if error.code in _STOPPED:
                        so_far = VariantResult(variant=variant, outcomes=tuple(outcomes))
                        partial = evolve(evaluation, variants=[*done, so_far])
                        raise _stopped(error, partial, len(cases) * len(variants), again) from raised
                    if talk().debug:
                        say_traceback(raised)
                    outcomes.append(Outcome(name=case.name, file=str(case.source), run_id=error.run_id, error=error))
                _tell(variant, outcomes, len(cases))
            done.append(VariantResult(variant=variant, outcomes=tuple(outcomes)))
    return evolve(evaluation, variants=done)


def _run(case: GoldCase, pipeline: Pipeline, scorer: GuardedScorer, stopper: Stopper) -> Outcome:
    if stopper.code is not None:
        raise StopRequestedError(stopper.code)
    shown = QuietProgress() if talk().json else _SparseProgress()
    result = follow(pipeline.once_stream(case.source), stopper, shown)
    error = stop_of(result, stopper)
    if error is not None:
        raise error
    is_kept = isinstance(shown, _SparseProgress) and not shown.has_worked
    return evolve(
        Outcome.of(case.name, str(case.source), result.record, scorer.score(result.view, case.gold)), is_kept=is_kept
    )


def _tell(variant: Variant, outcomes: Sequence[Outcome], count: int) -> None:
    if talk().json:
        return
    last = outcomes[-1]
    what = f"failed: {last.error}" if last.error else "kept" if last.is_kept else duration_text(last.seconds)
    say(f"{variant.name}: {len(outcomes)} of {count}, {last.name}: {what}", err=True)


def _stopped(error: PipekitError, partial: Evaluation, count: int, again: Sequence[str]) -> AnsweredError:
    reached = sum(len(one.outcomes) for one in partial.variants)
    # Without the run that is paused: the same command goes on with that one, too.
    stop = RunStoppedError(
        f"stopped after {reached} of {count} runs",
        code=error.code,
        hint=f"go on, with what is finished kept: {shlex.join(again)}",
    )
    return AnsweredError(stop, to_json(partial))
