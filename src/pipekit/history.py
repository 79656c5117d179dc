"""The runs of a store: find them, name them, look at them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pipekit.arguments import expect
from pipekit.copying import Copied, CopiedRun, copy_runs
from pipekit.engine.table import ArtifactTable, TableView
from pipekit.errors import PipekitError, RunNotFoundError, StateError, UsageError
from pipekit.interfaces.state_stores import Damage, Owner, Repairable, RunQuery, RunSummary, StateStore
from pipekit.pruning import Pruned, prune
from pipekit.serde import JSON, MisfitError, decode
from pipekit.spending import Spending, spending_of, spending_of_run
from pipekit.state.ids import check_run_id, is_valid_id
from pipekit.state.record import RunRecord, StepRecord
from pipekit.verifying import read_verified

__all__ = ["Runs", "edited_hint", "fill_table", "read_step"]

#: Loads the first artifact of a run again from its kept input: name and plain JSON, or None when nobody can.
InputOf = Callable[[RunRecord, bytes], tuple[str, JSON] | None]


class Runs:
    """The history of a store."""

    def __init__(self, store: StateStore, input_of: InputOf) -> None:
        self._store = store
        self._input_of = input_of

    @property
    def are_kept(self) -> bool:
        """Whether the store promises that they are still there when this process has ended."""
        return "durable" in self._store.abilities

    def find(self, query: RunQuery | None = None) -> Iterable[RunSummary]:
        """Runs, newest first; a damaged one is shown as damaged."""
        return self._store.find(query or RunQuery())

    def resolve(self, text: str) -> str:
        """The run that ``text`` names: a full id, a unique prefix, or ``last``.

        `UsageError` for what can't be an id or fits several, `RunNotFoundError` when nothing fits.
        """
        expect(text, "a run", str, "a run id, its beginning, or last")
        if text == "last":
            newest = next(iter(self._store.find(RunQuery(limit=1))), None)
            if newest is None:
                raise RunNotFoundError("there is no run yet", hint="start one: pipekit run FILE")
            return newest.run_id
        if not is_valid_id(text.rstrip(".-_") or text):
            check_run_id(text)
        # Ids sort newest first, so one that others begin with may stand behind all of them.
        found: list[str] = []
        for run in self._store.find(RunQuery(prefix=text)):
            if run.run_id == text:
                return text
            found.append(run.run_id)
        if len(found) == 1:
            return found[0]
        if not found:
            raise RunNotFoundError(f"no such run: {text}", hint="pipekit list shows the runs there are")
        shown = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
        raise UsageError(f"{text!r} fits several runs: {shown}", kind="ambiguous", hint="give more of the id")

    def get(self, run: str) -> TableView:
        """A run, read only: record, artifacts, original. `StateError` for damaged files, named."""
        run_id = self.resolve(run)
        record = self._store.load(run_id).record
        table = ArtifactTable()
        fill_table(table, record, self._store, self._input_of)
        return TableView(record, table, lambda: _original(self._store, record))

    def look(self, run: str) -> tuple[TableView, Sequence[StateError]]:
        """A run, read only, with what is intact of it, and an error for each of its files that isn't."""
        run_id = self.resolve(run)
        record = self._store.load(run_id).record
        table = ArtifactTable()
        damages: list[StateError] = []
        fill_table(table, record, self._store, self._input_of, on_damage=damages.append)
        return TableView(record, table, lambda: _original(self._store, record)), damages

    def record(self, run: str) -> RunRecord:
        """Where a run stands, without a look at its files."""
        return self._store.load(self.resolve(run)).record

    def spending(self, run: str | None = None, *, since: datetime | None = None) -> Spending:
        """What a run spent on models, or all runs of the store; with ``since`` only what was asked from then on."""
        if run is None:
            return spending_of(self._store, since)
        return spending_of_run(self._store, self.resolve(run), since)

    def prune(
        self, *, keep: int | None, older_than: timedelta | None, dry_run: bool = False, now: datetime | None = None
    ) -> Pruned:
        """Forget old completed runs; see `pipekit.pruning.prune`."""
        return prune(self._store, keep=keep, older_than=older_than, dry_run=dry_run, now=now)

    def copy(
        self,
        runs: Iterable[str],
        to: StateStore,
        *,
        tell: Callable[[str, CopiedRun | PipekitError], None] = lambda _, __: None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> Copied:
        """Copy runs, by their ids, into another store, each whole or not at all; see `pipekit.copying.copy_runs`."""
        if isinstance(runs, str):
            expect(runs, "runs", (), "a list of run ids")
        expect(to, "to", StateStore, "a store: Pipeline.open_store opens one by its address")
        return copy_runs(self._store, to, runs, tell=tell, is_stopped=is_stopped)

    def examine(self, run: str) -> Sequence[Damage]:
        """Everything that is damaged in a run, each with what a repair does about it; changes nothing."""
        return self._repairable().examine(self.resolve(run))

    def repair(self, run: str) -> Sequence[Damage]:
        """Move what is damaged aside, and take back the steps that it belongs to; what was done."""
        return self._repairable().repair(self.resolve(run), Owner.this_process())

    def _repairable(self) -> Repairable:
        if not isinstance(self._store, Repairable):
            raise UsageError(
                f"the store {self._store!r} repairs nothing", kind="no-repair", hint="use the tools of its database"
            )
        return self._store

    def folder(self, run: str) -> Path | None:
        """The run's folder, where the store has folders."""
        return self._store.folder(self.resolve(run))


def _original(store: StateStore, record: RunRecord) -> bytes:
    return store.read(record.run_id, record.input.path) if record.input else b""


def fill_table(
    table: ArtifactTable,
    record: RunRecord,
    store: StateStore,
    input_of: InputOf,
    without: Collection[str] = (),
    on_damage: Callable[[StateError], None] | None = None,
) -> None:
    """Put the run's input and the outputs of its finished steps into the table, each checked against its digest.

    The steps named in ``without`` are left out, and their files not looked at. A damaged file is raised, or told to
    ``on_damage`` and left out.
    """
    if record.input is not None:
        with _telling(on_damage):
            original = _verified(store, record, record.input.path, record.input.sha256, step=None)
            loaded = input_of(record, original)
            if loaded is not None:
                table.put_input(*loaded)
    for key in record.completed_steps:
        step = record.step_outputs[str(key)]
        if step.name in without:
            continue
        with _telling(on_damage, step.name):
            table.put_step(step, read_step(store, record, step))


@contextlib.contextmanager
def _telling(on_damage: Callable[[StateError], None] | None, step: str | None = None) -> Iterator[None]:
    try:
        yield
    except StateError as error:
        error.step = step or error.step  # a store knows files, and not the names of their steps
        if on_damage is None:
            raise
        on_damage(error)


def edited_hint(run_id: str, step: StepRecord) -> str:
    """What to do about a step's file that isn't what was committed."""
    return f"run that step again: pipekit resume {run_id} --from-step {step.key}"


def read_step(store: StateStore, record: RunRecord, step: StepRecord) -> JSON:
    """What a step's file holds, checked against its digest before anything looks at it."""
    data = _verified(store, record, step.path, step.sha256, step=step)
    try:
        return decode(data)
    except MisfitError as error:
        raise StateError(
            f"{step.path} is no JSON: {error}",
            file=step.path,
            run_id=record.run_id,
            step=step.name,
            hint=edited_hint(record.run_id, step),
        ) from error


def _verified(store: StateStore, record: RunRecord, path: str, expected: str, step: StepRecord | None) -> bytes:
    run_id = record.run_id
    hint = "the input can't be made again: start a new run from the original file"
    if step is not None:
        hint = f"changed by a person? pipekit resume {run_id} --accept-edits\n{edited_hint(run_id, step)}"
    return read_verified(store, run_id, path, expected, hint=hint, step=step.name if step else None)
