"""A new run that begins with the finished work of another one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from attrs import evolve

from pipekit import __version__
from pipekit.answers import answer_entries
from pipekit.interfaces.state_stores import Owner
from pipekit.options import Resume
from pipekit.planning.select import Selection
from pipekit.preparing import Setup
from pipekit.resuming import OldRun, prepare_old
from pipekit.serde import JSON
from pipekit.state.ids import new_run_id
from pipekit.state.ledger import CHARGE
from pipekit.state.record import RunRecord
from pipekit.taking import create
from pipekit.verifying import read_verified

__all__ = ["fork_run"]


def fork_run(setup: Setup, parent: str, options: Resume) -> str:
    """Make a new run of what ``parent`` has finished up to ``options.from_step``; its id.

    Whatever would stop a resume of the parent stops this too, before anything is made. The parent may be under way:
    what it has committed by now is taken.
    """
    old = prepare_old(setup, parent, options)
    record = _forked(setup, old, options)
    blobs = {
        step.path: old.blobs.get(step.path) or _read(setup, old, step.path, step.sha256)
        for step in record.step_outputs.values()
    }
    blobs.update({ref.path: _read(setup, old, ref.path, ref.sha256) for ref in record.outputs})
    ref = record.input
    source = b"" if ref is None else _read(setup, old, ref.path, ref.sha256)
    # What the parent spent stays its own: the sum over all runs is what was spent.
    entries = [entry for entry in old.entries if entry.step not in old.restarted and entry.kind != CHARGE]
    create(setup.store, record, source, blobs, [*entries, *answer_entries(record, _answered(old))])
    return record.run_id


def _answered(old: OldRun) -> Mapping[str, JSON]:
    """The answers that came with the fork, held against the questions of the parent: the fork has asked nothing yet."""
    return {f"{entry.step}/{entry.key}": entry.value["answer"] for entry in old.given}


def _forked(setup: Setup, old: OldRun, options: Resume) -> RunRecord:
    """The new run's record. Steps that are only stale come along; the new run takes them back itself."""
    now = datetime.now(UTC)
    owner = Owner.this_process()
    before = old.before
    edited = {str(step.key): step for step in old.record.step_outputs.values() if step.path in old.blobs}
    steps = {key: step for key, step in {**before.step_outputs, **edited}.items() if step.name not in old.restarted}
    paths = {path for step in steps.values() for path in step.outputs}
    kept = Selection(only=options.select.only or before.config.only, skip=options.select.skip or before.config.skip)
    return evolve(
        before,
        run_id=new_run_id(now),
        parent_run_id=before.run_id,
        started_at=now,
        updated_at=now,
        status="running",
        paused_reason=None,
        error=None,
        error_code=None,
        questions=(),
        current_step=next((planned.key for planned in old.plan.to_run), None),
        completed_steps=tuple(key for key in before.completed_steps if str(key) in steps),
        step_outputs=steps,
        outputs=tuple(ref for ref in before.outputs if ref.path in paths),
        attempts={name: count for name, count in before.attempts.items() if name not in old.restarted},
        history=(),
        replaced=0,
        config=setup.config_ref(kept),
        owner_pid=owner.pid,
        owner_host=owner.host,
        pipekit_version=__version__,
    )


def _read(setup: Setup, old: OldRun, path: str, sha256: str) -> bytes:
    run_id = old.before.run_id
    return read_verified(setup.store, run_id, path, sha256, hint=f"see what can be saved: pipekit repair {run_id}")
