"""``pipekit runs copy``: runs taken along into another store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SubGroup
from pipekit.cli.moments import parse_moment
from pipekit.cli.options import configured, known_runs, open_pipeline, store_from_here
from pipekit.cli.terminal import print_json, say, talk

if TYPE_CHECKING:
    from pipekit.copying import Copied, CopiedRun
    from pipekit.errors import PipekitError
    from pipekit.history import Runs
    from pipekit.interfaces.state_stores import StateStore
    from pipekit.pipeline import Pipeline

__all__ = ["runs"]

_KILO = 1000


@click.group(cls=SubGroup)
def runs() -> None:
    """Copy runs into another store."""


@runs.command()
@click.argument("names", metavar="[RUN]...", nargs=-1, shell_complete=known_runs)
@click.option("--to", metavar="URL", help="The store to copy to: sqlite:FILE, file:FOLDER, or a plugin's.")
@click.option("--from", "source", metavar="URL", help="The store to copy from; without --to into the one in use.")
@click.option("--all", "every", is_flag=True, help="All runs of the store.")
@click.option(
    "--since", metavar="WHEN", help="All that changed since then: an age (30d, 12h, 2w), or a day (2026-11-01)."
)
@configured
def copy(
    names: Sequence[str], to: str | None, source: str | None, every: bool, since: str | None, **flags: Any
) -> None:
    """Copy RUNs with all that is kept of them: record, input, every file, answers, models' replies, history.

    Nothing is taken out of the store that is copied from. Each run arrives whole or not at all, and is read back. One
    that is there already is compared: the same again is well, another one is refused. So whatever stopped a copy, the
    same command goes on with it.
    """
    from pipekit.cli.exits import AnsweredError
    from pipekit.cli.offers import look_in
    from pipekit.cli.running import Stopper
    from pipekit.errors import UsageError
    from pipekit.interfaces.state_stores import RunQuery

    if to is None and source is None:
        raise UsageError("say where to copy to", hint="such as --to sqlite:runs.db")
    pipeline = open_pipeline(flags)
    in_use = pipeline.configuration.settings.store
    begin = in_use if source is None else _address(source, "--from")
    end = in_use if to is None else _address(to, "--to")
    if source is not None:
        look_in(begin)
    folder = pipeline.configuration.folder
    if _place(begin, folder) == _place(end, folder):
        raise UsageError(
            f"the store to copy to is the one to copy from: {end}", hint="name another one: --to sqlite:FILE"
        )
    found = pipeline.runs if source is None else pipeline.runs_in(_open(pipeline, begin, "--from"))
    wanted = _wanted(found, names, every=every, since=since)
    target = _open(pipeline, end, "--to")
    next(iter(target.find(RunQuery(limit=1))), None)  # one that can't be read is told once, and not of every run
    told = _Told(len(wanted))
    try:
        with Stopper(in_turn=True) as stopper:
            copied = found.copy(wanted, target, tell=told.tell, is_stopped=lambda: stopper.code is not None)
        document = _document(copied, to or end)
        if not talk().json:
            _say_summary(copied, to or end)
            if not wanted:
                say(f"there is no run to copy in {source or begin}")
        error = _end(copied, len(wanted), stopper.code)
        if error is not None:
            raise AnsweredError(error, document) from error
        if talk().json:
            print_json(document)
    finally:
        pipeline.close()


def _wanted(found: Runs, names: Sequence[str], *, every: bool, since: str | None) -> list[str]:
    """The ids of the runs to copy, oldest first where they were not named one by one."""
    from pipekit.errors import UsageError
    from pipekit.interfaces.state_stores import RunQuery

    ways = (bool(names), every, since is not None)
    if sum(ways) != 1:
        raise UsageError(
            "say which runs to copy, in one way" if sum(ways) > 1 else "say which runs to copy",
            hint="name them: pipekit runs copy RUN RUN --to URL; or: --all; or those of late: --since 30d",
        )
    if names:
        return list(dict.fromkeys(found.resolve(name) for name in names))
    moment = None if since is None else parse_moment(since, "pipekit runs copy --since 30d --to URL")
    # What nobody can read says no time, and is named rather than left behind.
    listed = [
        run.run_id
        for run in found.find(RunQuery())
        if moment is None or run.updated_at is None or run.updated_at >= moment
    ]
    return listed[::-1]


def _address(url: str, flag: str) -> str:
    from pipekit.errors import ConfigError

    try:
        return store_from_here(url, flag)
    except ConfigError as error:
        error.message = f"{flag} takes no password: others could read it in the list of processes"
        error.where = ""
        error.hint = "leave it out of the address; its database has other ways, such as PGPASSWORD or a password file"
        raise


def _open(pipeline: Pipeline, address: str, flag: str) -> StateStore:
    from pipekit.errors import ConfigError

    try:
        return pipeline.open_store(address)
    except ConfigError as error:
        if error.field == "store":
            error.where = flag
        raise


def _place(address: str, folder: Path) -> tuple[str, str]:
    """Where a store's runs lie; an address of one of ours may be written in several ways."""
    scheme, _, location = address.partition(":")
    return scheme, str((folder / location).resolve()) if scheme in ("file", "sqlite") else location


class _Told:
    """Says what came of each run, as it comes."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._done = 0

    def tell(self, run_id: str, outcome: CopiedRun | PipekitError) -> None:
        """One line on standard error; with ``--json`` nothing."""
        from pipekit.errors import PipekitError

        self._done += 1
        if talk().json or self._count == 1:
            return
        if isinstance(outcome, PipekitError):
            said = f"not copied: {outcome.message}"
        elif outcome.is_new:
            said = f"copied, {_count(outcome.files, 'file')}, {_size(outcome.size)}"
        else:
            said = "is there already, the same"
        say(f"{self._done} of {self._count}: {run_id}: {said}", err=True)


def _document(copied: Copied, to: str) -> dict[str, Any]:
    def shown(run: CopiedRun) -> dict[str, Any]:
        return {"runId": run.run_id, "files": run.files, "bytes": run.size}

    return {
        "to": to,
        "copied": [shown(run) for run in copied.runs if run.is_new],
        "there": [shown(run) for run in copied.runs if not run.is_new],
        "failed": [{"runId": run_id, "error": error.to_dict()} for run_id, error in copied.failed],
        "notReached": list(copied.not_reached),
    }


def _say_summary(copied: Copied, to: str) -> None:
    new = [run for run in copied.runs if run.is_new]
    same = len(copied.runs) - len(new)
    size = sum(run.size for run in new)
    parts = [f"{_count(len(new), 'run')} copied to {to}" + (f", {_size(size)}, read back and compared" if new else "")]
    parts += [f"{_count(same, 'run')} there already, the same"] if same else []
    parts += [f"{_count(len(copied.failed), 'run')} not copied"] if copied.failed else []
    parts += [f"{_count(len(copied.not_reached), 'run')} not reached"] if copied.not_reached else []
    say("; ".join(parts))
    if new and not copied.failed and not copied.not_reached:
        say(f"look at them there: pipekit list --store {to}")


def _end(copied: Copied, count: int, code: int | None) -> PipekitError | None:
    """How the call ends where some were not copied; of one run, and where the target refused, with its own error."""
    from pipekit.errors import BatchError

    if copied.refusal is not None:
        return copied.refusal
    if copied.not_reached:
        return _stopped(copied, code)
    if not copied.failed:
        return None
    if count == 1:
        return copied.failed[0][1]
    hints = dict.fromkeys(error.hint for _, error in _one_of_each(copied.failed))
    lines = [*hints, "then the same command again: it copies what is left"]
    return BatchError(
        f"{len(copied.failed)} of {count} runs were not copied", failed=copied.failed, hint="\n".join(lines)
    )


def _one_of_each(failed: Iterable[tuple[str, PipekitError]]) -> list[tuple[str, PipekitError]]:
    """The first failure of each kind: a thousand runs that fail alike need one way out."""
    return list({(error.code, error.kind): (run_id, error) for run_id, error in reversed(list(failed))}.values())[::-1]


def _stopped(copied: Copied, code: int | None) -> PipekitError:
    from pipekit.errors import RunStoppedError

    left = len(copied.not_reached)
    return RunStoppedError(
        f"stopped between two runs; {_count(left, 'run')} not reached",
        code=code or 130,
        hint="the same command again goes on: runs that are there already are compared and left as they are",
    )


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number or 'no'} {what}s"


def _size(number: int) -> str:
    if number < _KILO:
        return f"{number} bytes"
    size = float(number)
    for unit in ("kB", "MB", "GB"):
        size /= _KILO
        if size < _KILO or unit == "GB":
            break
    return f"{size:.1f} {unit}"
