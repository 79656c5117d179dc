"""Which step is next: in the order of the plan, or several at a time where they don't wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pipekit.engine.cancelling import settled
from pipekit.engine.context import UnansweredQuestionError
from pipekit.llm.budget import BudgetReachedError
from pipekit.planning.plan import PlannedStep

__all__ = ["walk"]


async def walk(
    steps: Sequence[PlannedStep],
    reach: Callable[[PlannedStep], Awaitable[None]],
    *,
    until: str | None = None,
    at_once: int = 1,
) -> None:
    """Reach every step, each after those it waits for, ``at_once`` at a time; none after ``until``.

    When one fails no other is begun, and those under way go on to their end: what they do is paid for. Then the first
    error in the order of the steps is raised; the questions of several steps are raised together, and a budget that is
    reached comes last. A cancellation ends all at once.
    """
    waiting = list(steps)
    if until is not None:
        last = next((position for position, step in enumerate(steps) if step.name == until), len(steps) - 1)
        waiting = waiting[: last + 1]
    names = {step.name for step in steps}
    position = {step.name: number for number, step in enumerate(steps)}
    passed: set[str] = set()
    under_way: dict[asyncio.Task[None], PlannedStep] = {}
    errors: dict[str, BaseException] = {}
    try:
        while waiting or under_way:
            ready = [step for step in waiting if step.waits_for & names <= passed]
            if not errors:
                for step in ready[: at_once - len(under_way)]:
                    waiting.remove(step)
                    under_way[asyncio.create_task(_begin(reach, step), name=f"step {step.name}")] = step
            if not under_way:
                break
            done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                step = under_way.pop(task)
                passed.add(step.name)
                error = task.exception()
                if error is not None:
                    errors[step.name] = error
    finally:
        for task in under_way:
            task.cancel()
        # To their end, however often the run is cancelled: none may write after the run was given back.
        _, stopped = await settled(asyncio.gather(*under_way, return_exceptions=True))
        if stopped is not None:
            raise stopped
    if errors:
        raise _first([errors[name] for name in sorted(errors, key=lambda name: position[name])])


async def _begin(reach: Callable[[PlannedStep], Awaitable[None]], step: PlannedStep) -> None:
    await reach(step)


def _first(errors: Sequence[BaseException]) -> BaseException:
    questions = [error for error in errors if isinstance(error, UnansweredQuestionError)]
    reached = [error for error in errors if isinstance(error, BudgetReachedError)]
    others = [error for error in errors if not isinstance(error, (UnansweredQuestionError, BudgetReachedError))]
    if others:
        return others[0]
    # A run that pauses for both says what it asks: answers can be given while nobody pays.
    asked = [one for error in questions for one in error.asked]
    return UnansweredQuestionError(*asked) if asked else reached[0]
