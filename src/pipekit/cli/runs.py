"""``pipekit list``, ``pipekit open`` and ``pipekit format``."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.offers import given_options
from pipekit.cli.options import configured, open_pipeline, run_argument
from pipekit.cli.terminal import print_json, print_table, say, talk

if TYPE_CHECKING:
    from pipekit.pipeline import Pipeline

__all__ = ["format_run", "list_runs", "moment", "open_run"]

_STATUSES = ("running", "completed", "failed", "paused", "interrupted", "damaged", "newer")
#: What people want to look at first.
_READABLE = ("report.html", "summary.md")


def moment(time: datetime | None) -> str:
    """A time as listings show it, UTC like the run ids."""
    return f"{time:%Y-%m-%d %H:%M}Z" if time else ""


@click.command(cls=SingleCommand, name="list")
@click.option("--status", type=click.Choice(_STATUSES), help="Only runs with this status.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@configured
def list_runs(status: Any, limit: int, **flags: Any) -> None:
    """List the runs of this project, newest first."""
    from pipekit.interfaces.state_stores import RunQuery
    from pipekit.serde import unstructure

    pipeline = open_pipeline(flags)
    found = list(pipeline.runs.find(RunQuery(status=status, limit=limit + 1)))
    more = len(found) > limit
    found = found[:limit]
    if talk().json:
        print_json({"runs": [unstructure(run) for run in found], "more": more})
        return
    if not found:
        say(f"no run is {status}" if status else "there is no run yet; start one: pipekit run FILE")
        return
    rows = [
        (
            run.run_id,
            run.status,
            moment(run.started_at),
            len(run.completed_steps),
            run.input_file or " ",
            run.reason or (f"at {run.current_step}" if run.current_step is not None else " "),
        )
        for run in found
    ]
    print_table(("run", "status", "started", "steps", "input", ""), rows)
    if more:
        words = [*given_options(without="limit"), "--limit", str(limit * 5)]
        say(f"there are more: {shlex.join(['pipekit', 'list', *words])}")


@click.command(cls=SingleCommand, name="open")
@run_argument("name", required=False, default="last")
@configured
def open_run(name: str, **flags: Any) -> None:
    """Open the report or the summary of RUN, by default the newest; without a desktop its path is printed."""
    from pipekit.errors import UsageError

    pipeline = open_pipeline(flags)
    run_id = pipeline.runs.resolve(name)
    files = _outputs(pipeline, run_id)
    if not files:
        raise UsageError(
            f"{run_id} has no outputs to open yet",
            kind="no-outputs",
            run_id=run_id,
            hint=f"see where it stands: pipekit show {run_id}",
        )
    path = next((one for wanted in _READABLE for one in files if one.name == wanted), files[0])
    # Elsewhere the path is what a script or a remote shell can use.
    opened = not talk().json and _has_desktop(os.environ) and click.launch(str(path)) == 0
    if talk().json:
        print_json({"runId": run_id, "path": str(path), "opened": opened})
    else:
        say(str(path))


def _outputs(pipeline: Pipeline, run_id: str) -> list[Path]:
    """The output files of a run that can be opened."""
    # The steps' files are not looked at: a damaged one is no reason to keep an intact summary from its reader.
    record = pipeline.runs.record(run_id)
    folder = pipeline.runs.folder(run_id)
    if folder is not None:
        places = [folder / ref.path for ref in record.outputs]
    else:
        configuration = pipeline.configuration
        copies = configuration.folder / (configuration.settings.output.dir or "output") / run_id
        places = [copies / ref.path.removeprefix("output/") for ref in record.outputs]
    return [path for path in places if path.is_file()]


def _has_desktop(environ: Mapping[str, str]) -> bool:
    if not sys.stdout.isatty():
        return False
    if sys.platform in ("darwin", "win32"):
        return "SSH_CONNECTION" not in environ
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


@click.command(cls=SingleCommand, name="format")
@run_argument("name")
@click.option("--formats", metavar="NAMES", help="These formats, parted by commas, in place of the configured ones.")
@configured
def format_run(name: str, formats: str | None, **flags: Any) -> None:
    """Write the outputs of RUN again from what is kept. No model is needed."""
    pipeline = open_pipeline(flags)
    run_id = pipeline.runs.resolve(name)
    wanted = [one.strip() for one in (formats or "").split(",") if one.strip()]
    written = pipeline.format(run_id, wanted)
    if talk().json:
        print_json({"runId": run_id, "outputs": [str(path) for path in written]})
        return
    for path in written:
        say(str(path))
    if not written:
        say(f"nothing was written for {run_id}: no format is configured")
