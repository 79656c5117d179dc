"""Walk the plan: one step after the other, a checkpoint after each, a clean stop at any time."""

from __future__ import annotations

import asyncio
import functools
import inspect
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from attrs import evolve

from pipekit.engine.bus import Bus
from pipekit.engine.context import Notebook, UnansweredQuestionError
from pipekit.engine.table import ArtifactTable
from pipekit.engine.threads import in_thread, uncancelled
from pipekit.engine.work import Done, Services, StepWork
from pipekit.errors import InternalError, PipekitError, StorageError
from pipekit.interfaces.state_stores import Entry, Lease, StateStore
from pipekit.planning.plan import Plan, PlannedStep
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
from pipekit.state.fingerprint import digest, fingerprint
from pipekit.state.record import AskedQuestion, BlobRef, PausedReason, RunRecord, StepKey, StepRecord, step_file

__all__ = ["Runner", "expected_fingerprint"]

T = TypeVar("T")


class Runner:
    """Takes one run from where its record stands to the end of its plan, or to a stop."""

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
        entries: Mapping[tuple[str, str, str], JSON] | None = None,
    ) -> None:
        self.plan = plan
        self.record = record
        self._store = store
        self._lease = lease
        self._table = table
        self._bus = bus
        self._stop_reason: PausedReason = "signal"
        notebook = Notebook(entries or {}, self._append)
        self._work = StepWork(run_id=record.run_id, table=table, services=services, bus=bus, notebook=notebook)

    async def run(self) -> RunRecord:
        """The record at the end. Raises the error of a failed run; a cancellation leaves the run paused."""
        started = time.monotonic()
        current: PlannedStep | None = None
        try:
            for position, planned in enumerate(self.plan.steps):
                if not self._is_to_run(planned):
                    continue
                current = planned
                await self._step(planned, self._next_key(position))
                if self.plan.until == planned.name:
                    return await self._pause("until")
        except UnansweredQuestionError as error:
            return await self._pause("question", (error.asked,))
        except asyncio.CancelledError:
            await uncancelled(self._pause(self._stop_reason))
            raise
        except PipekitError as error:
            await self._fail(error, current)
            raise
        except Exception as error:
            mistake = InternalError(f"{type(error).__name__} in the engine: {error}", step=current and current.name)
            await self._fail(mistake, current)
            raise mistake from error
        done = evolve(self.record, status="completed", current_step=None, error=None, error_code=None, questions=())
        await self._commit(done, {})
        self._bus.emit(RunFinished, duration=time.monotonic() - started, usage=self.record.usage)
        return self.record

    def _is_to_run(self, planned: PlannedStep) -> bool:
        if planned.decision == "skip":
            self._bus.emit(StepSkipped, step=planned.name, key=planned.key, reason=str(planned.reason))
        elif planned.decision == "reuse":
            self._bus.emit(StepReused, step=planned.name, key=planned.key)
        return planned.decision == "run"

    def _next_key(self, position: int) -> StepKey | None:
        following = (step.key for step in self.plan.steps[position + 1 :] if step.decision == "run")
        return next(following, None)

    async def _step(self, planned: PlannedStep, next_key: StepKey | None) -> None:
        began, started_at = time.monotonic(), datetime.now(UTC)
        before = self.record.step_outputs.get(str(planned.key))
        attempt = before.attempt + 1 if before else 1
        try:
            done = await self._work.do(planned, attempt)
        except (PipekitError, RecursionError) as error:
            self._bus.emit(StepFailed, step=planned.name, key=planned.key, error=str(error))
            raise
        data = encode(done.content)
        step = StepRecord(
            key=planned.key,
            name=planned.name,
            path=step_file(planned.key),
            sha256=digest(data),
            size=len(data),
            started_at=started_at,
            duration=time.monotonic() - began,
            model=planned.model,
            usage=done.usage,
            attempt=attempt,
            artifacts=planned.step.provides,
            is_whole=planned.step.is_whole,
            each=planned.step.each,
            item_key=done.item_key,
            fingerprint=expected_fingerprint(planned, self._table),
        )
        outputs, blobs = self._outputs(done)
        record = self.record.with_step(step, next_step=next_key, now=datetime.now(UTC))
        await self._commit(evolve(record, outputs=outputs), {step.path: data, **blobs})
        self._table.put_step(step, done.content)
        self._bus.emit(CheckpointWritten, step=planned.name, path=step.path, sha256=step.sha256, size=step.size)
        self._bus.emit(StepFinished, step=planned.name, key=planned.key, duration=step.duration, usage=step.usage)

    def _outputs(self, done: Done) -> tuple[tuple[BlobRef, ...], dict[str, bytes]]:
        """References to all output files after this step, and the new ones' bytes by path in the run."""
        blobs = {f"output/{file.path}": file.content for file in done.files}
        refs = {ref.path: ref for ref in self.record.outputs}
        refs.update({path: BlobRef(path=path, sha256=digest(data), size=len(data)) for path, data in blobs.items()})
        return tuple(refs.values()), blobs

    async def _append(self, entry: Entry) -> None:
        await uncancelled(in_thread(functools.partial(self._store.append, self._lease, [entry])))

    async def _commit(self, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
        record = evolve(record, updated_at=datetime.now(UTC))
        await uncancelled(in_thread(functools.partial(self._store.commit, self._lease, record, blobs)))
        self.record = record

    async def _pause(self, reason: PausedReason, questions: tuple[AskedQuestion, ...] = ()) -> RunRecord:
        paused = evolve(
            self.record, status="paused", paused_reason=reason, error=None, error_code=None, questions=questions
        )
        if paused.current_step is None:
            # Everything is done already: the stop came too late to leave anything.
            paused = evolve(paused, status="completed", paused_reason=None)
        await self._commit(paused, {})
        if paused.status == "paused":
            self._bus.emit(RunPaused, reason=reason, next_step=self._name_of(paused.current_step))
        else:
            self._bus.emit(RunFinished, duration=0.0, usage=self.record.usage)
        return self.record

    async def _fail(self, error: PipekitError, planned: PlannedStep | None) -> None:
        error.run_id = self.record.run_id
        self._bus.emit(RunFailed, step=planned.name if planned else None, error=str(error), code=error.code)
        failed = evolve(
            self.record, status="failed", paused_reason=None, error=str(error), error_code=error.code, questions=()
        )
        try:
            await uncancelled(self._commit(failed, {}))
        except StorageError:
            # The disk refuses this, too; the first error says so, and the run stays resumable as interrupted.
            return

    def _name_of(self, key: StepKey | None) -> str | None:
        return next((step.name for step in self.plan.steps if step.key == key), None)


def expected_fingerprint(planned: PlannedStep, table: ArtifactTable) -> dict[str, str]:
    """What the step's output would depend on if it ran now."""
    reads = [need.name for need in planned.signature.needs if need.name in table]
    if planned.step.each is not None:
        reads.append(planned.step.each)
    if planned.signature.service("artifacts") is not None:
        reads.extend(name for name in table.names if name not in planned.step.provides)
    return fingerprint(
        version=f"{planned.package or 'own'} {planned.step.version}".strip(),
        settings=dict(planned.settings_json),
        model=planned.model,
        code=None if planned.package else _code(planned.step.fn),
        inputs={name: table.digest(name) for name in reads if name in table},
        extras=planned.depends_on,
    )


def _code(fn: Callable[..., Any]) -> str | None:
    """The digest of a function's source, for steps that no package version speaks for."""
    try:
        return digest(inspect.getsource(fn).encode())
    except (OSError, TypeError):
        return None
