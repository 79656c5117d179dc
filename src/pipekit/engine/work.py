"""One step: all its calls, what is taken over from before, and what of it fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from attrs import frozen

from pipekit.engine.binding import Item, MissingInputError
from pipekit.engine.bus import Bus
from pipekit.engine.calls import Call, Caller, CallLog, Services
from pipekit.engine.context import UnansweredQuestionError
from pipekit.engine.fanout import Outcome, fan_out, id_key, items_of
from pipekit.engine.notebook import Notebook
from pipekit.engine.places import Place, Places
from pipekit.engine.table import ArtifactTable
from pipekit.engine.watchdog import Watchdog
from pipekit.errors import PipekitError, StepError
from pipekit.interfaces.output_formats import OutputFile
from pipekit.interfaces.steps import SkipItemError
from pipekit.llm.budget import BudgetReachedError
from pipekit.planning.plan import PlannedStep
from pipekit.serde import JSON, structure, unstructure
from pipekit.state.artifacts import Fanned, ItemError, to_file
from pipekit.state.events import ItemFailed, ItemFinished, ItemReused, ItemStarted, StepStarted
from pipekit.state.fingerprint import Dependence
from pipekit.state.record import AskedQuestion, Usage
from pipekit.workers import in_thread

__all__ = ["Done", "StepWork"]

#: No result, where None could be one.
_NOTHING: Any = object()


@frozen(kw_only=True)
class Done:
    """What a step made: the JSON of its file, output files for people, how items are keyed, usage, prompts, models."""

    content: JSON
    files: tuple[OutputFile, ...]
    item_key: str
    usage: Usage
    prompts: Mapping[str, str]
    answered_by: Mapping[str, int]


@frozen
class _Finished:
    """The result of an item, and what it took."""

    result: JSON
    log: CallLog


class StepWork:
    """Runs planned steps against the artifacts made so far; at most ``max_concurrency`` items at a time."""

    def __init__(
        self,
        *,
        run_id: str,
        table: ArtifactTable,
        services: Services,
        bus: Bus,
        notebook: Notebook,
        watchdog: Watchdog,
        max_concurrency: int = 64,
    ) -> None:
        self.table = table
        self.services = services
        self.bus = bus
        self.notebook = notebook
        self._caller = Caller(
            run_id=run_id, table=table, services=services, bus=bus, notebook=notebook, watchdog=watchdog
        )
        self._room = Places(max_concurrency)

    async def do(self, planned: PlannedStep, attempt: int, dependence: Dependence, past: Mapping[str, JSON]) -> Done:
        """Run one step to its end. ``past`` are results of items that an earlier attempt made and that still hold.

        Raises the family of errors, `UnansweredQuestionError`, or `BudgetReachedError`.
        """
        log = CallLog()
        call = Call(planned, attempt, dependence)
        if planned.step.each is None:
            self.bus.emit(StepStarted, step=planned.name, key=planned.key, model=planned.model)
            try:
                content = await self._caller.call(call, None, log)
            except (MissingInputError, SkipItemError) as error:
                raise StepError(str(error), step=planned.name) from error
            item_key = "itemId"
        else:
            item_key = id_key(planned.signature.parameters[0].annotation)
            content = await self._fanned(call, log, item_key, past)
        files = tuple(log.files.values())
        return Done(
            content=content,
            files=files,
            item_key=item_key,
            usage=log.usage,
            prompts=log.prompts,
            answered_by=log.answered_by,
        )

    async def _fanned(self, call: Call, log: CallLog, item_key: str, past: Mapping[str, JSON]) -> JSON:
        planned = call.planned
        items = await in_thread(lambda: items_of(planned, self.table))
        total = len(items)
        self.bus.emit(StepStarted, step=planned.name, key=planned.key, items=total, model=planned.model)
        results: dict[str, JSON] = {}
        for item in items:
            result = self._kept(call, item, log) if item.id not in past else past[item.id]
            if result is not _NOTHING:
                results[item.id] = result
                self.bus.emit(ItemReused, step=planned.name, item=item.id, done=len(results), total=total)

        async def one(item: Item, place: Place) -> _Finished:
            self.bus.emit(ItemStarted, step=planned.name, item=item.id)
            own = CallLog()
            return _Finished(await self._caller.call(call, item, own, place.lent), own)

        async def keep(item: Item, finished: _Finished) -> None:
            value = {
                "basis": call.dependence.basis_of(item.id),
                "result": finished.result,
                "usage": unstructure(finished.log.usage),
                "prompts": dict(finished.log.prompts),
                "answeredBy": dict(finished.log.answered_by),
            }
            await self.notebook.keep(planned.name, "item", item.id, value)
            log.take(finished.log)
            results[item.id] = finished.result
            self.bus.emit(ItemFinished, step=planned.name, item=item.id, done=len(results), total=total)

        left = [item for item in items if item.id not in results]
        rooms = (Places(max(1, planned.concurrency)), self._room)
        outcomes = await fan_out(left, one, keep, rooms=rooms)
        fanned = self._sorted_out(planned, results, outcomes)
        return to_file(fanned, id_key=item_key, order=[item.id for item in items])

    def _kept(self, call: Call, item: Item, log: CallLog) -> JSON:
        """The result that this attempt has kept for an item, where it depends on nothing else now."""
        kept = self.notebook.find(call.planned.name, "item", item.id)
        if kept is None or kept["basis"] != call.dependence.basis_of(item.id):
            return _NOTHING
        prompts: Mapping[str, str] = kept["prompts"]
        if any(self.services.prompt_digest(call.planned, task) != digest for task, digest in prompts.items()):
            return _NOTHING
        log.take(
            CallLog(
                usage=structure(kept["usage"], Usage),
                prompts=dict(prompts),
                answered_by=Counter(kept.get("answeredBy", {})),  # runs of an earlier version don't say
            )
        )
        return kept["result"]

    def _sorted_out(
        self, planned: PlannedStep, results: Mapping[str, JSON], outcomes: Sequence[Outcome[_Finished]]
    ) -> Fanned:
        """Results and errors apart; raises when failed items fail the step, or when people have to answer first."""
        errors: dict[str, ItemError] = {}
        failures: list[tuple[str, Exception]] = []
        asked: list[AskedQuestion] = []
        reached: BudgetReachedError | None = None
        chosen: set[str] = set()
        for outcome in outcomes:
            item, error = outcome.item.id, outcome.error
            if error is None:
                continue
            if isinstance(error, (MissingInputError, SkipItemError)):
                errors[item] = ItemError(str(error), skipped=True)
                chosen.update([item] if isinstance(error, SkipItemError) else ())
            elif isinstance(error, UnansweredQuestionError):
                asked.extend(error.asked)
            elif isinstance(error, BudgetReachedError):
                reached = reached or error
            else:
                failures.append((item, error))
                errors[item] = ItemError(str(error))
                self.bus.emit(ItemFailed, step=planned.name, item=item, error=str(error))
        # An item that waits for a person or for money may still succeed; one that was left out was never tried.
        tried = len(results) + len(failures) + sum(_waits(outcome) for outcome in outcomes)
        if failures and (planned.on_item_error == "fail" or _too_few(planned, len(failures), tried)):
            raise _failure(planned, failures, tried)
        if asked:
            raise UnansweredQuestionError(*asked)
        if reached is not None:
            raise reached
        # What a step itself leaves out is nothing to warn of.
        for item, left_out in ((item, why) for item, why in errors.items() if item not in chosen):
            word = "left out" if left_out.skipped else "failed"
            self.bus.warn(f"{planned.name}: {item} {word}: {left_out.reason}", planned.name)
        return Fanned(results, errors)


def _waits(outcome: Outcome[_Finished]) -> bool:
    return isinstance(outcome.error, (UnansweredQuestionError, BudgetReachedError))


def _too_few(planned: PlannedStep, failed: int, tried: int) -> bool:
    if planned.min_success is None:
        return failed >= tried
    # The share as it is written: 0.28 of 25 is 7, and not the little more that a float makes of it.
    return tried - failed < Fraction(str(planned.min_success)) * tried


def _failure(planned: PlannedStep, failures: Sequence[tuple[str, Exception]], tried: int) -> Exception:
    """The first item's error, saying how many failed."""
    item, error = failures[0]
    if isinstance(error, PipekitError):
        more = f" ({len(failures)} of {tried} items failed)" if len(failures) > 1 else ""
        if planned.on_item_error == "skip":
            least = "at least one" if planned.min_success is None else f"{planned.min_success:.0%}"
            more = f" ({len(failures)} of {tried} items failed; {least} must succeed)"
        error.message = f"{item}: {error.message}{more}"
    return error
