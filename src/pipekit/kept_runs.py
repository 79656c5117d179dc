"""A run that is there already for an input and a configuration, so that nothing is paid for twice."""

from __future__ import annotations

from pathlib import PurePath

from attrs import evolve, frozen

from pipekit.config.secret_settings import kept_settings
from pipekit.errors import PipekitError
from pipekit.input_values import Input
from pipekit.inputs import read_input
from pipekit.interfaces.state_stores import RunQuery
from pipekit.options import Resume
from pipekit.planning.select import Selection
from pipekit.preparing import Setup
from pipekit.resuming import prepare_old
from pipekit.state.fingerprint import digest
from pipekit.state.record import ConfigRef, RunRecord

__all__ = ["KeptRun", "find_kept_run"]


@frozen
class KeptRun:
    """A run of the same input with the same flags.

    ``is_its_own`` says that the run itself is gone on with: it isn't finished, or nothing of it changed. Of any other
    the steps that still hold are taken into a new run, and the old one stays what it was.
    """

    run_id: str
    is_its_own: bool


def find_kept_run(setup: Setup, source: Input, select: Selection) -> KeptRun | None:
    """The best of them: a completed one that still holds, else the newest unfinished, else the newest completed one."""
    limit = setup.configuration.settings.run.max_input_bytes
    given = read_input(source, input_type=setup.workflow.input_type, limit=limit, folder=setup.asked.folder)
    sha256, name = digest(given.content), PurePath(given.name).name
    flags = setup.config_ref(select)
    unfinished: str | None = None
    outdated: str | None = None
    for run in setup.store.find(RunQuery()):
        if run.workflow != setup.workflow.name or PurePath(run.input_file).name != name:
            continue
        try:
            record = setup.store.load(run.run_id).record
        except PipekitError:
            continue  # damaged: somebody has to look at it, and another run can be had
        if record.input is None or record.input.sha256 != sha256 or _flags(record) != flags:
            continue
        if record.status != "completed":
            unfinished = unfinished or run.run_id
        elif _holds(setup, record):
            return KeptRun(run.run_id, is_its_own=True)
        else:
            outdated = outdated or run.run_id
    if unfinished is not None:
        return KeptRun(unfinished, is_its_own=True)
    return None if outdated is None else KeptRun(outdated, is_its_own=False)


def _flags(record: RunRecord) -> ConfigRef:
    """The flags that a run began with; records of earlier versions name their store among them."""
    return evolve(record.config, settings=kept_settings(record.config.settings))


def _holds(setup: Setup, record: RunRecord) -> bool:
    """Whether a completed run would come out the same now: nothing changed that its steps depend on."""
    try:
        old = prepare_old(setup, record.run_id, Resume())
    except PipekitError:
        return False
    return not old.plan.to_run and not old.warnings and old.record == old.before
