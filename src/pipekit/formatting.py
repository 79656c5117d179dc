"""Write a run's outputs again from what is kept."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import attrs

from pipekit.engine.table import ArtifactTable, TableView
from pipekit.errors import PlanError, StateError, UsageError
from pipekit.history import fill_table
from pipekit.interfaces.output_formats import FormatName
from pipekit.interfaces.state_stores import Owner, StateStore
from pipekit.outputs import changed_copies, copy_outputs, read_output, render
from pipekit.planning.build import make_plan, rendering_steps
from pipekit.planning.plan import PlannedStep
from pipekit.planning.select import Selection
from pipekit.preparing import Setup
from pipekit.state.fingerprint import digest
from pipekit.state.record import BlobRef, RunRecord

__all__ = ["format_again"]


def format_again(setup: Setup, run: str, formats: Sequence[str]) -> Sequence[Path]:
    """Render the formats of a run anew and keep the files in place of the old ones; their paths.

    Without ``formats`` those of the steps that render. Raises like a resume does.
    """
    store = setup.store
    run_id = setup.runs.resolve(run)
    lease = store.acquire(run_id, Owner.this_process())
    try:
        record = store.load(run_id).record
        table = ArtifactTable()
        fill_table(table, record, store, setup.input_of)
        view = TableView(record, table, lambda: store.read(run_id, record.input.path) if record.input else b"")
        names = [FormatName(name) for name in formats] or _configured(setup, record)
        for name in names:
            _check_needs(setup, name, table, run_id)
        replies = setup.raw_replies(run_id)
        made = render(names, setup.installation.output_format, view, setup.registry.plugin_of, replies=replies)
        files = {f"output/{file.path}": file.content for _, file in made}
        wanted = setup.output_folder(run_id)
        _check_unchanged(store, record, files, wanted)
        before = record.outputs
        refs = {ref.path: ref for ref in before}
        refs.update({path: BlobRef(path=path, sha256=digest(data), size=len(data)) for path, data in files.items()})
        record = attrs.evolve(record, outputs=tuple(refs.values()), updated_at=datetime.now(UTC))
        store.commit(lease, record, files)
        if wanted is not None:
            copied = copy_outputs(store, record, wanted, before)
            return [path for path in copied if f"output/{path.relative_to(wanted).as_posix()}" in files]
        folder = store.folder(run_id)
        return [folder / path for path in files] if folder else []
    finally:
        lease.release()


def _check_unchanged(store: StateStore, record: RunRecord, paths: Container[str], folder: Path | None) -> None:
    """Nothing that somebody wrote into an output, or into its copy, is written over."""
    for ref in record.outputs:
        if ref.path in paths:
            try:
                read_output(store, record, ref)
            except StateError as error:
                if error.kind != "missing":
                    raise
    changed = changed_copies(record, folder, paths) if folder else []
    if changed:
        raise StateError(
            f"{changed[0]} was changed since it was copied there",
            kind="edit",
            file=str(changed[0]),
            run_id=record.run_id,
            hint="move it elsewhere, then again; or write the outputs to another folder: --set output.dir=FOLDER",
        )


def _configured(setup: Setup, record: RunRecord) -> list[FormatName]:
    """The formats that the workflow's rendering steps are set to."""
    finished = {step.name: step for step in record.step_outputs.values()}
    request = attrs.evolve(setup.request(setup.workflow_of(record), Selection(), ()), finished=finished)
    names = rendering_steps(request)
    if not names:
        raise UsageError("no step of this workflow renders outputs", hint="name formats: --formats json,summary")
    # Only these steps are looked at, so that a missing key or model elsewhere is no obstacle.
    try:
        plan = make_plan(attrs.evolve(request, selection=Selection(only=names)))
    except PlanError as error:
        if any(fault.kind != "need" for fault in error.faults):
            raise
        raise UsageError(
            f"{record.run_id} hasn't made yet what its outputs need",
            kind="need",
            run_id=record.run_id,
            hint=f"go on with it first: pipekit resume {record.run_id}",
        ) from error
    return [name for planned in plan.steps if planned.name in names for name in _formats_of(planned)]


def _formats_of(planned: PlannedStep) -> list[FormatName]:
    names: list[FormatName] = []
    for value in planned.settings.values():
        attrs.resolve_types(type(value))
        for field in attrs.fields(type(value)):
            if field.type is FormatName or FormatName in get_args(field.type):
                given = getattr(value, field.name)
                names.extend([FormatName(given)] if isinstance(given, str) else given or ())
    return names


def _check_needs(setup: Setup, name: str, table: ArtifactTable, run_id: str) -> None:
    for need in setup.installation.needs_of(name):
        if not need.endswith("?") and need not in table.names:
            raise UsageError(
                f"the output format {name} needs {need!r}, which this run hasn't made yet",
                kind="need",
                run_id=run_id,
                hint=f"choose other formats: pipekit format {run_id} --formats NAME\n"
                f"or have it made first: pipekit resume {run_id}",
            )
