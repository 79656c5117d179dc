"""Walk the plan: each step once what it needs is there, a checkpoint after each, a clean stop at any time."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from attrs import evolve

from pipekit.engine.bus import Bus
from pipekit.engine.calls import Services
from pipekit.engine.cancelling import settled
from pipekit.engine.context import UnansweredQuestionError
from pipekit.engine.dependence import dependence_of
from pipekit.engine.endings import completed, failed, paused
from pipekit.engine.notebook import Notebook
from pipekit.engine.past import PastResults, past_results
from pipekit.engine.scheduling import walk
from pipekit.engine.sizing import sized
from pipekit.engine.table import ArtifactTable
from pipekit.engine.watchdog import Lifeline, Watchdog
from pipekit.engine.work import Done, StepWork
from pipekit.engine.writer import Writer
from pipekit.errors import InternalError, PipekitError, RunBusyError, RunStoppedError, StorageError
from pipekit.interfaces.state_stores import Entry, Lease, StateStore
from pipekit.llm.budget import BudgetReachedError
from pipekit.planning.plan import Plan, PlannedStep
from pipekit.secrecy import mask, mask_values
from pipekit.serde import JSON, encode
from pipekit.state.events import (
    CheckpointWritten,
    RunFailed,
    RunFinished,
    RunPaused,
    StepFailed,
    StepFinished,
    StepReused,
    StepSkipped,
)
from pipekit.state.fingerprint import Dependence, digest, drift
from pipekit.state.record import AskedQuestion, BlobRef, PausedReason, RunRecord, StepKey, StepRecord, step_file
from pipekit.workers import in_thread

__all__ = ["Runner"]

#: A run that keeps more than this is worth a word, in bytes.
_LARGE = 100_000_000


class Runner:
    """Takes one run from where its record stands to the end of its plan, or to a stop.

    ``extras`` are the digests of what each step depends on outside of the run and its configuration, by step name;
    ``entries`` the finished pieces of work inside steps that are open; ``line`` leads to whoever waits in another
    thread, and is let go when a step blocks the loop for good.
    """

    def __init__(
        self,
        *,
        plan: Plan,
        record: RunRecord,
        store: StateStore,
        lease: Lease,
        table: ArtifactTable,
        services: Services,
        bus: Bus,
        extras: Mapping[str, Mapping[str, str]],
        entries: Sequence[Entry] = (),
        line: Lifeline | None = None,
    ) -> None:
        self.plan = plan
        self._line = line
        self._store = store
        self._table = table
        self._services = services
        self._bus = bus
        self._extras = extras
        self._writer = Writer(store, lease, record)
        self._made: set[str] = set()
        self._is_large = False
        self._size = _size(record)
        self._keys = [step.key for step in plan.steps if step.decision != "skip"]
        self._began = time.monotonic()
        self._watchdog = Watchdog(bus.warn, self._leave, line)
        notebook = Notebook(entries, lambda step: self.record.attempt_of(step), self._writer.keep)
        self._work = StepWork(
            run_id=record.run_id,
            table=table,
            services=services,
            bus=bus,
            notebook=notebook,
            watchdog=self._watchdog,
            max_concurrency=plan.max_concurrency,
        )

    @property
    def record(self) -> RunRecord:
        """Where the run stands."""
        return self._writer.record

    async def run(self) -> RunRecord:
        """The record at the end. Raises the error of a failed run; a cancellation leaves the run paused."""
        self._began = time.monotonic()
        try:
            return await self._walk()
        except PipekitError as error:
            await self._fail(error)
            raise
        except Exception as error:
            mistake = InternalError(f"{type(error).__name__} in the engine: {error}")
            await self._fail(mistake)
            raise mistake from error
        finally:
            self._watchdog.close()

    async def _walk(self) -> RunRecord:
        try:
            await walk(self.plan.steps, self._reach, until=self.plan.until, at_once=self.plan.parallel_steps)
        except UnansweredQuestionError as error:
            return await self._pause("question", error.asked)
        except BudgetReachedError as error:
            self._bus.warn(f"the budget {'of the day ' if error.of_day else ''}is reached: {error}")
            return await self._pause("budget")
        except asyncio.CancelledError:
            await self._pause("signal")
            raise
        if self._next(self.record) is not None:
            return await self._pause("until")
        return await self._change(completed, self._tell_end)

    async def _change(
        self,
        change: Callable[[RunRecord], RunRecord],
        then: Callable[[RunRecord], None],
        blobs: Mapping[str, bytes] | None = None,
    ) -> RunRecord:
        """Commit, then do and tell what follows from it; a cancellation that came meanwhile comes after both."""
        record, stopped = await settled(self._writer.commit(change, blobs))
        then(record)
        if stopped is not None:
            raise stopped
        return record

    # --- each step ---------------------------------------------------------------------------------------------------

    async def _reach(self, planned: PlannedStep) -> None:
        """Run a step, or find that this isn't needed."""
        if planned.decision == "skip":
            self._bus.emit(StepSkipped, step=planned.name, key=planned.key, reason=str(planned.reason))
        elif planned.decision == "run" or await self._has_to_run_again(planned):
            await self._step(planned)
        else:
            self._bus.emit(StepReused, step=planned.name, key=planned.key)

    async def _has_to_run_again(self, planned: PlannedStep) -> bool:
        """Whether a finished step reads what was made anew and differs; then it is taken back."""
        if not planned.waits_for & self._made:
            return False
        before = self.record.step_outputs[str(planned.key)]
        found = drift(before, await in_thread(lambda: self._dependence(planned, before.fingerprint)))
        if not found:
            return False
        reasons = {planned.name: str(found)}
        now = datetime.now(UTC)
        await self._change(
            lambda record: record.taken_back(reasons, now=now, reusable=reasons),
            lambda _: self._table.remove_step(before),
        )
        return True

    def _dependence(self, planned: PlannedStep, recorded: Mapping[str, str]) -> Dependence:
        prompts = current_prompts(self._services, planned, recorded)
        return dependence_of(planned, self._table, {**self._extras.get(planned.name, {}), **prompts})

    def _before(self, planned: PlannedStep) -> tuple[Dependence, PastResults]:
        """What the step depends on, and what an earlier attempt has for it. Reads and hashes: beside the loop."""
        # What is asked of models is known once they were asked: prompts join the fingerprint afterwards.
        depends = self._dependence(planned, {})
        read = functools.partial(self._store.read, self.record.run_id)
        return depends, past_results(
            self.record, planned, lambda before: self._dependence(planned, before.fingerprint), read
        )

    async def _step(self, planned: PlannedStep) -> None:
        began, started_at = time.monotonic(), datetime.now(UTC)
        attempt = self.record.attempt_of(planned.name)
        try:
            depends, past = await in_thread(lambda: self._before(planned))
            done = await self._work.do(planned, attempt, depends, past.results)
        except (PipekitError, RecursionError) as error:
            self._bus.emit(StepFailed, step=planned.name, key=planned.key, error=str(error))
            raise
        data, sha256 = await sized(done.content, lambda: _encoded(done.content))
        prompts = {f"prompt {task}": found for task, found in done.prompts.items()}
        step = StepRecord(
            key=planned.key,
            name=planned.name,
            path=step_file(planned.key),
            sha256=sha256,
            size=len(data),
            started_at=started_at,
            duration=time.monotonic() - began,
            model=planned.model,
            usage=done.usage,
            answered_by=dict(done.answered_by),
            attempt=attempt,
            artifacts=planned.step.provides,
            is_whole=planned.step.is_whole,
            each=planned.step.each,
            item_key=done.item_key,
            fingerprint={**depends.parts, **past.prompts, **prompts},
            item_parts=depends.item_parts,
            items=depends.items,
            outputs=tuple(f"output/{file.path}" for file in done.files),
        )
        await self._commit(step, done, data)

    async def _commit(self, step: StepRecord, done: Done, data: bytes) -> None:
        blobs = {f"output/{file.path}": file.content for file in done.files}

        def change(record: RunRecord) -> RunRecord:
            refs = {ref.path: ref for ref in record.outputs}
            made = {path: BlobRef(path=path, sha256=digest(each), size=len(each)) for path, each in blobs.items()}
            after = record.with_step(step, next_step=None, now=datetime.now(UTC))
            after = evolve(after, outputs=tuple({**refs, **made}.values()))
            return evolve(after, current_step=self._next(after))

        def finished(_: RunRecord) -> None:
            self._table.put_step(step, done.content)
            self._made.add(step.name)
            self._bus.emit(CheckpointWritten, step=step.name, path=step.path, sha256=step.sha256, size=step.size)
            self._bus.emit(StepFinished, step=step.name, key=step.key, duration=step.duration, usage=step.usage)
            self._warn_of_size(step.size + sum(map(len, blobs.values())))

        await self._change(change, finished, blobs={step.path: data, **blobs})

    def _next(self, record: RunRecord) -> StepKey | None:
        """The first step of the plan that is to be done and isn't."""
        return next((key for key in self._keys if not record.is_done(key)), None)

    def _warn_of_size(self, more: int) -> None:
        # Added up, because a look at all steps after each of them would cost a long run more than the steps do.
        self._size += more
        record = self.record
        if not self._is_large and self._size > _LARGE and _size(record) > _LARGE:
            self._is_large = True
            self._bus.warn(f"the run keeps more than {_LARGE // 1_000_000} MB; its files: pipekit show {record.run_id}")

    # --- the end -----------------------------------------------------------------------------------------------------

    async def _pause(self, reason: PausedReason, questions: tuple[AskedQuestion, ...] = ()) -> RunRecord:
        questions = tuple(map(_masked, questions))
        return await self._change(
            lambda record: self._paused(record, reason, questions), lambda record: self._tell_pause(record, reason)
        )

    def _paused(self, record: RunRecord, reason: PausedReason, questions: tuple[AskedQuestion, ...] = ()) -> RunRecord:
        return paused(record, self._next(record), reason, questions)

    def _tell_pause(self, record: RunRecord, reason: PausedReason) -> None:
        if record.status == "paused":
            self._bus.emit(RunPaused, reason=reason, next_step=self._name_of(record.current_step))
        else:
            self._tell_end(record)

    def _tell_end(self, record: RunRecord) -> None:
        self._bus.emit(RunFinished, duration=time.monotonic() - self._began, usage=record.usage)

    async def _fail(self, error: PipekitError) -> None:
        error.run_id = self.record.run_id
        # What a step's library puts into its errors is anybody's guess; the record and the journal are for good.
        said = mask(str(error))
        self._bus.emit(RunFailed, step=error.step, error=said, code=error.code)
        try:
            # A cancellation that comes meanwhile comes too late: the run has failed.
            await settled(self._writer.commit(lambda record: self._failed(record, said, error.code)))
        except (StorageError, RunBusyError):
            # The disk refuses this, too, or somebody else has the run; the first error says so, and what is on disk
            # shows as interrupted.
            return

    def _failed(self, record: RunRecord, said: str, code: int) -> RunRecord:
        return failed(record, self._next(record), said, code)

    def _leave(self, error: PipekitError) -> None:
        """End the run from the watchdog's thread, when its own never comes back: with its error, or paused.

        The run is given back, so that it can be gone on with; what its own thread may still write is refused.
        """
        error.run_id = self.record.run_id
        try:
            if isinstance(error, RunStoppedError):
                self._tell_pause(self._writer.leave(lambda record: self._paused(record, "signal")), "signal")
            else:
                said = mask(str(error))
                self._bus.emit(RunFailed, step=error.step, error=said, code=error.code)
                self._writer.leave(lambda record: self._failed(record, said, error.code))
        except PipekitError as refused:
            # As in `_fail`; but a stop that couldn't be kept is no stop.
            error = refused if isinstance(error, RunStoppedError) else error
        finally:
            if self._line is not None:
                self._line.let_go(error)

    def _name_of(self, key: StepKey | None) -> str | None:
        return next((step.name for step in self.plan.steps if step.key == key), None)


def _masked(asked: AskedQuestion) -> AskedQuestion:
    choices = {word: mask(meaning) for word, meaning in asked.choices.items()}
    return evolve(
        asked, text=mask(asked.text), context=mask(asked.context), choices=choices, default=mask_values(asked.default)
    )


def _encoded(content: JSON) -> tuple[bytes, str]:
    data = encode(content)
    return data, digest(data)


def current_prompts(services: Services, planned: PlannedStep, recorded: Mapping[str, JSON]) -> Mapping[str, str]:
    """The digests of the prompts that a finished step used, as they are now."""
    tasks = [part.removeprefix("prompt ") for part in recorded if part.startswith("prompt ")]
    found = {f"prompt {task}": services.prompt_digest(planned, task) for task in tasks}
    return {part: now for part, now in found.items() if now is not None}


def _size(record: RunRecord) -> int:
    """Bytes of all files that a run keeps."""
    steps = [*record.step_outputs.values(), *(past.step for past in record.history)]
    return sum(one.size for one in [*steps, *record.outputs, *((record.input,) if record.input else ())])
