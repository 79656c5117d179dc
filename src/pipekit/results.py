"""What comes of a run."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from attrs import field, frozen

from pipekit.arguments import expect
from pipekit.errors import UsageError
from pipekit.interfaces.output_formats import RunView
from pipekit.interfaces.steps import Step
from pipekit.planning.signature import each_of, read_signature
from pipekit.serde import structure
from pipekit.state.record import AskedQuestion, PausedReason, RunRecord, Usage

if TYPE_CHECKING:
    from pipekit.estimating import Estimate  # noqa: TC004 - never evaluated

__all__ = ["Pause", "RunResult"]

T = TypeVar("T")
A = TypeVar("A")


@frozen
class Pause:
    """Why a run is paused, and the step it goes on with.

    ``left`` are the steps that are still to be finished, in order. Where a budget was reached ``budget`` is one that is
    large enough to go on with, as ``pipekit resume --budget`` takes it: ``usd=4``. ``expected`` is what the rest is
    expected to take of models, where a signal or a budget stopped the run.
    """

    reason: PausedReason
    next_step: str | None
    left: tuple[str, ...] = ()
    budget: str | None = None
    expected: Estimate | None = None


@frozen(kw_only=True)
class RunResult:
    """What came of a run that completed or paused; a failed run raises.

    ``outputs`` are the files made for people, as absolute paths where the store has folders or ``output.dir`` is set.
    """

    run_id: str
    status: Literal["completed", "paused"]
    pause: Pause | None = None
    outputs: Sequence[Path] = ()
    folder: Path | None = None
    usage: Usage = Usage()
    questions: Sequence[AskedQuestion] = ()
    warnings: Sequence[str] = ()
    view: RunView = field(repr=False)

    @property
    def record(self) -> RunRecord:
        """Where the run stands."""
        return self.view.record

    def of(self, step: Step[..., Any, A]) -> A:
        """The artifact of a step, typed by the step itself; `UsageError` when it has made none."""
        expect(step, "of", Step, "a step, a function with @step")
        signature = read_signature(step)
        if step.each:
            return self.artifact(step.provides[0], each_of(signature.returns))  # type: ignore[no-any-return]
        if step.is_whole:
            return self.artifact(step.provides[0], signature.returns)  # type: ignore[no-any-return]
        made = self.view.steps
        if step.name not in made:
            near = difflib.get_close_matches(step.name, list(made), n=1)
            raise UsageError(
                f"the step {step.name} has made nothing in {self.run_id}",
                kind="no-artifact",
                run_id=self.run_id,
                hint=f"did you mean {near[0]}?" if near else f"there are: {', '.join(made) or 'none yet'}",
            )
        return structure(made[step.name], signature.returns)  # type: ignore[no-any-return]

    def artifact(self, name: str, type_: type[T]) -> T:
        """An artifact by name, for steps one can't import; `UsageError` when there is none."""
        return self.view.artifact(name, type_)
