"""``pipekit prune``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.moments import parse_age
from pipekit.cli.options import configured, open_pipeline
from pipekit.cli.runs import moment
from pipekit.cli.terminal import print_json, print_table, say, talk

if TYPE_CHECKING:
    from pipekit.pruning import Pruned

__all__ = ["prune"]


@click.command(cls=SingleCommand, name="prune")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N completed runs.")
@click.option(
    "--older-than", "age", metavar="AGE", help="Only runs that last changed longer ago: 30d, 12h, 2w, 90m; 30 is days."
)
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@configured
def prune(keep: int | None, age: str | None, dry_run: bool, **flags: Any) -> None:
    """Remove old completed runs. Runs that are unfinished, damaged or in use are never touched.

    With both --keep and --older-than a run must fulfil both to go.
    """
    from pipekit.cli.exits import AnsweredError
    from pipekit.pruning import PruneError

    older_than = None if age is None else parse_age(age)
    try:
        pruned = open_pipeline(flags).runs.prune(keep=keep, older_than=older_than, dry_run=dry_run)
    except PruneError as error:
        if not talk().json:
            _tell(error.pruned, dry_run=dry_run)
        raise AnsweredError(error, _document(error.pruned, dry_run=dry_run)) from error
    if talk().json:
        print_json(_document(pruned, dry_run=dry_run))
    else:
        _tell(pruned, dry_run=dry_run)


def _document(pruned: Pruned, *, dry_run: bool) -> dict[str, object]:
    from pipekit.serde import unstructure

    return {
        "dryRun": dry_run,
        "removed": [unstructure(run) for run in pruned.removed],
        "left": [{"run": unstructure(run), "reason": reason} for run, reason in pruned.left],
        "swept": pruned.swept,
    }


def _tell(pruned: Pruned, *, dry_run: bool) -> None:
    if pruned.removed:
        rows = [(run.run_id, moment(run.updated_at), run.input_file) for run in pruned.removed]
        print_table(("run", "last change", "input"), rows)
    count = _runs(len(pruned.removed))
    say(f"{count} would be removed; nothing was changed" if dry_run else f"{count} removed")
    if pruned.left:
        say(f"{_runs(len(pruned.left))} left alone:")
        for reason, number in Counter(reason for _, reason in pruned.left).items():
            say(f"  {number} {reason}")
    if pruned.swept:
        say(f"{pruned.swept} {'leftover' if pruned.swept == 1 else 'leftovers'} of stopped commands removed")


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number or 'no'} runs"
