"""Before a run goes on: what of it still holds, what a person edited, and what has to be made again.

Everything here only reads. What it finds out becomes the first commit of the resumed attempt, as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from attrs import evolve, field, frozen

from pipekit.answers import answer_entries, check_answers, earlier_answers
from pipekit.asking import prompt_now
from pipekit.editing import edited_steps
from pipekit.engine.dependence import dependence_of
from pipekit.engine.table import ArtifactTable
from pipekit.errors import StateError
from pipekit.history import edited_hint, fill_table
from pipekit.interfaces.state_stores import Entry
from pipekit.options import Resume
from pipekit.planning.build import make_plan
from pipekit.planning.plan import Plan, PlannedStep
from pipekit.planning.select import Selection
from pipekit.preparing import Setup
from pipekit.serde import JSON, MisfitError, decode, structure
from pipekit.state.artifacts import Fanned, from_file
from pipekit.state.fingerprint import Dependence, Drift, changed_parts, drift
from pipekit.state.ledger import Charge
from pipekit.state.record import RunRecord, StepRecord

__all__ = ["OldRun", "prepare_old"]


@frozen(kw_only=True)
class OldRun:
    """Everything a resumed run goes on from.

    ``record`` is what the attempt begins with: outputs that no longer count are taken back in it. ``blobs`` are files
    that a person edited and that are taken as they are now. ``restarted`` are the steps from ``from_step`` on.
    ``ledger`` is all that it spent, also on what was taken back. ``given`` are the answers that came with this attempt,
    as entries that are still to be kept. ``warnings`` tell what changed without being made again.
    """

    plan: Plan
    before: RunRecord
    record: RunRecord
    table: ArtifactTable
    entries: Sequence[Entry] = ()
    ledger: Sequence[Charge] = ()
    given: Sequence[Entry] = ()
    blobs: Mapping[str, bytes] = field(factory=dict)
    restarted: frozenset[str] = frozenset()
    warnings: Sequence[str] = ()


def prepare_old(setup: Setup, run_id: str, options: Resume) -> OldRun:
    """Look at a run, without changing it. Every kept file is checked before anything reads it.

    `StateError` for damage, for edits that nobody accepted, and (kind ``stale``) when finished steps no longer hold
    and ``options.stale`` doesn't say what to do.
    """
    stored = setup.store.load(run_id)
    before = stored.record
    answers = check_answers(options.answers, before, stored.entries)
    workflow = setup.workflow_of(before)
    setup.check_plugins(before, workflow)
    select = Selection(
        only=options.select.only or before.config.only,
        skip=options.select.skip or before.config.skip,
        until=options.select.until,
    )
    request = evolve(
        setup.request(workflow, select, ()),
        finished={step.name: step for step in before.step_outputs.values()},
        from_step=options.from_step,
        run_id=run_id,
    )
    plan = make_plan(request)
    again = {planned.name for planned in plan.to_run}
    finished = {step.name for step in before.step_outputs.values()}
    taken = dict.fromkeys(again & finished, f"--from-step {options.from_step}")

    edits = _edits(setup, plan, before, without=taken) if options.accept_edits else {}
    record = evolve(before, step_outputs={**before.step_outputs, **{str(step.key): step for step, _ in edits.values()}})
    corrected = edited_steps(setup.store, record, plan.steps, options.edits)
    edits.update({name: (one.step, one.data) for name, one in corrected.items()})
    table = ArtifactTable([planned.name for planned in plan.steps])
    fill_table(table, record, setup.store, setup.input_of, without=taken)
    for one in corrected.values():
        table.put_step(one.step, one.content)
        record = evolve(record, step_outputs={**record.step_outputs, str(one.step.key): one.step})
    if plan.input not in table.names:
        raise setup.input_error(record)

    found = _Drifts(setup, plan, record, table)
    warnings: list[str] = []
    if found.stale and options.stale == "stop":
        if before.status != "completed" or plan.to_run or edits:
            raise found.error(run_id)
        warnings = [f"{name}: {why}; --stale rerun makes it again" for name, why in found.stale.items()]
    elif options.stale == "keep":
        record = found.kept(record)
    rerun = {name: str(why) for name, why in found.caused.items()}
    if options.stale == "rerun":
        rerun.update({name: str(why) for name, why in found.stale.items()})
    if rerun:
        plan = make_plan(evolve(request, rerun=rerun))
        for name in rerun:
            table.remove_step(next(step for step in record.step_outputs.values() if step.name == name))
    record = record.taken_back({**taken, **rerun}, now=datetime.now(UTC), reusable=rerun)
    if options.from_step is not None:
        record = record.anew(again - finished)
    if record != before or plan.to_run:
        # From here on the flags given now are the run's own: the next resume knows them.
        record = evolve(record, config=setup.config_ref(select))
    return OldRun(
        plan=plan,
        before=before,
        record=record,
        table=table,
        entries=[
            *earlier_answers(record, stored.entries),
            *(entry for entry in stored.entries if entry.attempt == record.attempt_of(entry.step)),
        ],
        ledger=stored.ledger,
        given=answer_entries(record, answers),
        restarted=frozenset(again if options.from_step is not None else ()),
        blobs={step.path: data for step, data in edits.values()},
        warnings=warnings,
    )


# --- what no longer holds --------------------------------------------------------------------------------------------


class _Drifts:
    """Finished steps that would come out differently now.

    ``caused`` are those that differ only in what other steps made: a person corrected it, or an attempt that was cut
    short made it anew. They run again without a question; the others are ``stale``.
    """

    def __init__(self, setup: Setup, plan: Plan, record: RunRecord, table: ArtifactTable) -> None:
        self.caused: dict[str, Drift] = {}
        self.stale: dict[str, Drift] = {}
        self._now: dict[str, Dependence] = {}
        extras = setup.extras([planned for planned in plan.steps if planned.decision == "reuse"])
        made = {name for step in record.step_outputs.values() for name in step.artifacts}
        for planned in plan.steps:
            step = record.step_outputs.get(str(planned.key))
            if planned.decision != "reuse" or step is None or not step.fingerprint:
                continue
            now = dependence_of(planned, table, {**extras.get(planned.name, {}), **_prompts(setup, planned, step)})
            comparable = _without_missing(step, table)
            now = now if comparable.items == step.items else evolve(now, items={})
            why = drift(comparable, now)
            if why:
                self._now[planned.name] = now
                inputs = {part.removeprefix("input ") for part in changed_parts(comparable, now)}
                (self.caused if inputs <= made else self.stale)[planned.name] = why

    def error(self, run_id: str) -> StateError:
        """What stops a resume that doesn't say what to do."""
        count = len(self.stale)
        lines = [f"{name}: {why}" for name, why in self.stale.items()]
        return StateError(
            f"{count} finished {'step no longer holds' if count == 1 else 'steps no longer hold'}: " + "\n".join(lines),
            kind="stale",
            run_id=run_id,
            hint=f"make them again:  pipekit resume {run_id} --stale rerun\n"
            f"or keep them as they are:  pipekit resume {run_id} --stale keep",
        )

    def kept(self, record: RunRecord) -> RunRecord:
        """The record with the stale steps marked, and taken for current from now on."""
        steps = dict(record.step_outputs)
        for key, step in record.step_outputs.items():
            if step.name in self.stale:
                now = self._now[step.name]
                steps[key] = evolve(
                    step,
                    fingerprint=now.parts,
                    item_parts=now.item_parts,
                    items=now.items,
                    stale=(*step.stale, str(self.stale[step.name])),
                )
        return evolve(record, step_outputs=steps)


def _without_missing(step: StepRecord, table: ArtifactTable) -> StepRecord:
    """The step's record without what can't be compared yet: artifacts that are still to be made.

    Once they are, the engine compares them, before it goes on to the step.
    """
    parts = {
        part: found
        for part, found in step.fingerprint.items()
        if not part.startswith("input ") or part.removeprefix("input ") in table
    }
    comparable = all(part in table for part in step.item_parts)
    return evolve(step, fingerprint=parts, items=step.items if comparable else {})


def _prompts(setup: Setup, planned: PlannedStep, step: StepRecord) -> Mapping[str, str]:
    tasks = [part.removeprefix("prompt ") for part in step.fingerprint if part.startswith("prompt ")]
    found = {f"prompt {task}": prompt_now(setup, planned, task) for task in tasks}
    return {part: digest for part, digest in found.items() if digest is not None}


# --- what a person edited --------------------------------------------------------------------------------------------


def _edits(
    setup: Setup, plan: Plan, record: RunRecord, without: Mapping[str, str]
) -> dict[str, tuple[StepRecord, bytes]]:
    """Step files that differ from what was committed and fit their types, as new records with their bytes."""
    found: dict[str, tuple[StepRecord, bytes]] = {}
    for planned in plan.steps:
        step = record.step_outputs.get(str(planned.key))
        if step is None or planned.name in without:
            continue
        data = setup.store.read(record.run_id, step.path)
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 != step.sha256:
            _check_edit(setup, planned, step, data, record.run_id)
            found[step.name] = (evolve(step, sha256=sha256, size=len(data), made_by="human"), data)
    return found


def _check_edit(setup: Setup, planned: PlannedStep, step: StepRecord, data: bytes, run_id: str) -> None:
    try:
        content = decode(data)
        for value in _values(content, step):
            structure(value, planned.signature.returns)
    except (MisfitError, StateError) as error:
        said = error.problems[0] if isinstance(error, MisfitError) else error.message
        folder = setup.store.folder(run_id)
        raise StateError(
            f"the edited {step.path} doesn't fit what {step.name} makes: {said}",
            kind="edit",
            file=str(folder / step.path) if folder else step.path,
            run_id=run_id,
            step=step.name,
            hint=f"correct the file, then again --accept-edits; or {edited_hint(run_id, step)}",
        ) from error


def _values(content: JSON, step: StepRecord) -> Sequence[JSON]:
    """What of a step's file has to fit the step's return type: the whole, or each item's result."""
    if step.each is None:
        return [content]
    made = from_file(
        content,
        provides=step.artifacts,
        is_whole=step.is_whole,
        is_fanned=True,
        id_key=step.item_key,
        name=step.name,
    )
    value = made[step.artifacts[0]]
    assert isinstance(value, Fanned)
    return list(value.results.values())
