"""One attempt at a run: prepared, carried out by the engine, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from attrs import evolve

from pipekit.answers import open_questions
from pipekit.asking import Models, budget_of, prompt_now
from pipekit.engine.bus import Bus, Listener
from pipekit.engine.calls import CallLog, Services
from pipekit.engine.cancelling import settled, uncancelled
from pipekit.engine.runner import Runner
from pipekit.engine.table import ArtifactTable, TableView
from pipekit.engine.watchdog import Lifeline
from pipekit.errors import PipekitError, RunStoppedError
from pipekit.estimating import Estimate, estimate_rest
from pipekit.forking import fork_run
from pipekit.input_values import Input
from pipekit.installation import AllRetrievers
from pipekit.interfaces.http_connections import keeping_connections
from pipekit.interfaces.llm_providers import LLM
from pipekit.interfaces.state_stores import Entry, Lease, Owner
from pipekit.kept_runs import find_kept_run
from pipekit.options import Resume
from pipekit.outputs import copy_outputs, render
from pipekit.planning.plan import Plan, PlannedStep
from pipekit.planning.select import Selection
from pipekit.preparing import Setup
from pipekit.results import Pause, RunResult
from pipekit.resuming import prepare_old
from pipekit.state.events import RunPaused, RunResumed, RunStarted
from pipekit.state.ledger import Charge
from pipekit.state.record import BlobRef, PausedReason, PlannedRef, RunRecord
from pipekit.taking import create_and_take, leave, pause
from pipekit.workers import in_thread

__all__ = ["Attempt", "run_fork", "run_new", "run_old", "run_once"]


async def run_new(
    setup_of: Callable[[], Setup],
    source: Input,
    select: Selection,
    input_format: str | None,
    tell: Listener,
    line: Lifeline | None = None,
) -> RunResult:
    """Prepare and carry out a new run.

    A cancellation leaves it paused. With a ``line`` to somebody who waits in another thread that is its result, without
    one the cancellation goes on.
    """
    setup = await in_thread(setup_of)
    new = await in_thread(lambda: setup.new_run(source, select, input_format))
    lease, stopped = await settled(in_thread(lambda: create_and_take(setup.store, new)))
    bus = Bus(new.record.run_id, [tell, *setup.registry.listeners])
    bus.emit(RunStarted, input_file=new.record.input_file, steps=tuple(planned.name for planned in new.plan.to_run))
    attempt = Attempt(setup, new.plan, new.record, new.table, bus)
    return await attempt.carry_out(lease, line, stopped=stopped)


async def run_old(
    setup_of: Callable[[], Setup], run: str, options: Resume, tell: Listener, line: Lifeline | None = None
) -> RunResult:
    """Go on with a run that is there already."""
    first = await in_thread(setup_of)
    run_id = await in_thread(lambda: first.runs.resolve(run))
    return await _go_on(first, run_id, options, tell, line)


async def run_fork(
    setup_of: Callable[[], Setup], run: str, options: Resume, tell: Listener, line: Lifeline | None = None
) -> RunResult:
    """Make a new run of what another one has finished, and go on with that."""
    first = await in_thread(setup_of)
    parent = await in_thread(lambda: first.runs.resolve(run))
    setup = await in_thread(lambda: _as_before(first, parent, options))
    run_id, stopped = await settled(in_thread(lambda: fork_run(setup, parent, options)))
    rest = evolve(options, from_step=None, answers={}, edits={})
    return await _go_on(first, run_id, rest, tell, line, stopped=stopped)


async def run_once(
    setup_of: Callable[[], Setup], source: Input, select: Selection, tell: Listener, line: Lifeline | None = None
) -> RunResult:
    """Go on with the run that is there for an input, or carry out a new one; what still holds isn't made again."""
    setup = await in_thread(setup_of)
    kept = await in_thread(lambda: find_kept_run(setup, source, select))
    if kept is None:
        return await run_new(setup_of, source, select, None, tell, line)
    go_on = run_old if kept.is_its_own else run_fork
    return await go_on(setup_of, kept.run_id, Resume(stale="rerun", select=select), tell, line)


def _as_before(first: Setup, run_id: str, options: Resume) -> Setup:
    """The setup for a run that is there already: what it read, with the flags given now above."""
    asked = first.asked.as_before(first.store.load(run_id).record.config)
    if options.budget:
        asked = asked.within(options.budget)
    return first if asked == first.asked else Setup(evolve(asked, store=first.store))


async def _go_on(
    first: Setup,
    run_id: str,
    options: Resume,
    tell: Listener,
    line: Lifeline | None,
    *,
    stopped: asyncio.CancelledError | None = None,
) -> RunResult:
    lease, late = await settled(in_thread(lambda: first.store.acquire(run_id, Owner.this_process())))
    try:
        if stopped or late:
            raise stopped or late or asyncio.CancelledError
        setup = await in_thread(lambda: _as_before(first, run_id, options))
        old = await in_thread(lambda: prepare_old(setup, run_id, options))
    except asyncio.CancelledError:
        await settled(in_thread(lambda: leave(first.store, lease)))
        task = asyncio.current_task()
        if line is None or task is None:
            raise
        task.uncancel()
        raise RunStoppedError("stopped before the run went on", run_id=run_id) from None
    except BaseException:
        await settled(in_thread(lease.release))
        raise
    bus = Bus(run_id, [tell, *setup.registry.listeners])
    for warning in old.warnings:
        bus.warn(warning)
    attempt = Attempt(setup, old.plan, old.record, old.table, bus, old.entries, old.before.outputs, old.ledger)
    if not old.plan.to_run and old.before.status == "completed" and old.record == old.before:
        await uncancelled(in_thread(lease.release))
        return await in_thread(lambda: attempt.result(old.before))
    next_step = old.plan.to_run[0].name if old.plan.to_run else None
    reused = tuple(planned.name for planned in old.plan.steps if planned.decision == "reuse")
    bus.emit(RunResumed, from_step=next_step, reused=reused)
    return await attempt.carry_out(lease, line, begin=old.blobs, given=old.given)


class Attempt:
    """One attempt at a run: the parts put together, carried out, and what came of it."""

    def __init__(
        self,
        setup: Setup,
        plan: Plan,
        record: RunRecord,
        table: ArtifactTable,
        bus: Bus,
        entries: Sequence[Entry] = (),
        outputs: Sequence[BlobRef] = (),
        ledger: Sequence[Charge] = (),
    ) -> None:
        """``outputs`` are those that the run had before, and ``ledger`` is what it spent."""
        self._setup = setup
        self._before = outputs
        self._plan = plan
        self._record = record
        self._table = table
        self._bus = bus
        self._entries = entries
        self._budget = budget_of(setup, record.run_id, ledger, bus.warn)
        self._models = Models(setup, self._budget)
        for warning in plan.warnings:
            bus.warn(warning)

    async def carry_out(
        self,
        lease: Lease,
        line: Lifeline | None = None,
        *,
        begin: Mapping[str, bytes] | None = None,
        given: Sequence[Entry] = (),
        stopped: asyncio.CancelledError | None = None,
    ) -> RunResult:
        """Run to the end of the plan, and give the run back.

        A cancelled run is paused; with a ``line`` that is its result, without one the cancellation goes on.
        A resumed run ``begin``s with a commit: what is taken back, and the files that come with it. ``stopped`` is a
        cancellation that came while the run was taken.
        """
        runner: Runner | None = None
        late: asyncio.CancelledError | None = None
        try:
            try:
                if stopped is not None:
                    raise stopped
                runner = await self._runner(lease, line, begin, given)
                async with keeping_connections():
                    record = await runner.run()
            except asyncio.CancelledError as error:
                if runner is None:
                    record = await self._stopped(lease)
                else:
                    record = runner.record
                if line is None:
                    raise
                stopped = error
            result, late = await settled(in_thread(lambda: self.result(record)))
        finally:
            try:
                self._models.close()
            finally:
                _, later = await settled(in_thread(lease.release))
        stopped = stopped or late or later
        task = asyncio.current_task()
        if stopped is not None and (line is None or task is None):
            raise stopped
        if stopped is not None and task is not None:
            task.uncancel()
        return result

    async def _stopped(self, lease: Lease) -> RunRecord:
        record, _ = await settled(in_thread(lambda: pause(self._setup.store, lease)))
        if record.status == "paused":
            first = next((step.name for step in self._plan.steps if step.key == record.current_step), None)
            self._bus.emit(RunPaused, reason="signal", next_step=first)
        return record

    async def _runner(
        self,
        lease: Lease,
        line: Lifeline | None,
        begin: Mapping[str, bytes] | None,
        given: Sequence[Entry],
    ) -> Runner:
        """The engine of this attempt, once what it begins with is kept."""
        store = self._setup.store
        record = self._record if begin is None else self._started()
        if begin is not None:
            await uncancelled(in_thread(lambda: store.commit(lease, record, begin)))
        if given:
            await uncancelled(in_thread(lambda: store.append(lease, given)))
        extras = await in_thread(lambda: self._setup.extras(self._plan.steps))
        runner: Runner | None = None
        runner = Runner(
            plan=self._plan,
            record=record,
            store=store,
            lease=lease,
            table=self._table,
            services=self._services(lambda: runner.record if runner else record),
            bus=self._bus,
            extras=extras,
            entries=[*self._entries, *given],
            line=line,
        )
        return runner

    def _started(self) -> RunRecord:
        """The record at the start of a resumed attempt: running, owned by this process, next step known."""
        owner = Owner.this_process()
        planned = {ref.name: ref for ref in self._record.planned}
        for step in self._plan.to_run:
            planned[step.name] = PlannedRef(key=step.key, name=step.name, package=step.package)
        done = {str(key) for key in self._record.completed_steps}
        left = (step.key for step in self._plan.steps if step.decision != "skip" and str(step.key) not in done)
        first = next(left, None)
        return evolve(
            self._record,
            status="running",
            paused_reason=None,
            error=None,
            error_code=None,
            current_step=first,
            questions=open_questions(self._record, self._entries),
            planned=tuple(planned.values()),
            updated_at=datetime.now(UTC),
            owner_pid=owner.pid,
            owner_host=owner.host,
        )

    def _services(self, record: Callable[[], RunRecord]) -> Services:
        setup, table = self._setup, self._table

        def original() -> bytes:
            ref = record().input
            return setup.store.read(record().run_id, ref.path) if ref else b""

        return Services(
            project=setup.configuration.folder,
            retrieval=AllRetrievers(setup.installation.retrievers(), setup.registry.plugin_of),
            llm=self._llm,
            render=lambda formats: render(
                formats,
                setup.installation.output_format,
                TableView(record(), table, original),
                setup.registry.plugin_of,
                replies=setup.raw_replies(record().run_id),
            ),
            prompt_digest=lambda planned, task: prompt_now(setup, planned, task),
        )

    def _llm(self, planned: PlannedStep, log: CallLog) -> LLM:
        return self._models.service(planned, self._bus, log)

    def result(self, record: RunRecord) -> RunResult:
        """What came of the run, with the outputs copied to where the user wants them."""
        store = self._setup.store
        folder = store.folder(record.run_id)
        wanted = self._setup.output_folder(record.run_id)
        if wanted is not None and record.outputs:
            outputs = copy_outputs(store, record, wanted, self._before, self._bus.warn)
        else:
            outputs = [folder / ref.path for ref in record.outputs] if folder else []
        next_step = next((step.name for step in self._plan.steps if step.key == record.current_step), None)
        paused = record.paused_reason if record.status == "paused" else None
        return RunResult(
            run_id=record.run_id,
            status="paused" if paused else "completed",
            pause=self._pause(record, paused, next_step) if paused else None,
            outputs=tuple(outputs),
            folder=folder,
            usage=record.usage,
            questions=record.questions,
            warnings=tuple(self._bus.warnings),
            view=TableView(
                record, self._table, lambda: store.read(record.run_id, record.input.path) if record.input else b""
            ),
        )

    def _pause(self, record: RunRecord, reason: PausedReason, next_step: str | None) -> Pause:
        left = [step.name for step in self._plan.steps if step.decision != "skip" and not record.is_done(step.key)]
        larger = self._budget.larger if self._budget is not None and reason == "budget" else None
        expected: Estimate | None = None
        if reason in ("budget", "signal"):
            with contextlib.suppress(PipekitError):  # a prompt that is gone by now is told when the run goes on
                expected = estimate_rest(self._setup, self._plan, record)
        return Pause(reason, next_step, tuple(left), larger, expected)
