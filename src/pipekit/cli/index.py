"""``pipekit index``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.options import configured, open_pipeline
from pipekit.cli.terminal import one_line, print_json, say, talk

if TYPE_CHECKING:
    from pipekit.retrieval.stored_index import Changes

__all__ = ["index"]

#: Addresses that are listed of each kind; --json has them all.
_SHOWN = 20


@click.command(cls=SingleCommand)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--runs", is_flag=True, help="Also the Markdown that completed runs wrote.")
@click.option("--into", metavar="FILE", help="The index, in place of the one that retrievers.index.path names.")
@click.option("--anew", is_flag=True, help="Make it from nothing; without a PATH, of all that it was made of.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@configured
def index(paths: tuple[str, ...], runs: bool, into: str | None, anew: bool, dry_run: bool, **flags: Any) -> None:
    """Collect Markdown below PATH, and earlier runs, in an index that runs search.

    What changed there is read again, what is gone is taken out, and all else that is indexed stays. Without a PATH
    everything that was indexed before is looked at.
    """
    pipeline = open_pipeline(flags)
    place, changes = pipeline.index(
        [Path(path) for path in paths],
        runs=runs,
        into=None if into is None else Path(into).absolute(),
        anew=anew,
        dry_run=dry_run,
        tell=lambda text: None if talk().json else say(text, err=True),
    )
    if talk().json:
        print_json(_document(place, changes, dry_run=dry_run))
        return
    _tell(place, changes, dry_run=dry_run)
    if not into and not pipeline.configuration.settings.retrievers.get("index"):
        say("runs search it when the configuration says:  retrievers: {index: {}}")


def _document(place: Path, changes: Changes, *, dry_run: bool) -> dict[str, object]:
    return {
        "index": str(place),
        "dryRun": dry_run,
        "added": changes.added,
        "changed": changes.changed,
        "removed": changes.removed,
        "unchanged": changes.unchanged,
        "leftOut": [{"source": source, "reason": reason} for source, reason in changes.left_out],
        "warnings": changes.warnings,
    }


def _tell(place: Path, changes: Changes, *, dry_run: bool) -> None:
    for word, addresses in (("added", changes.added), ("changed", changes.changed), ("removed", changes.removed)):
        _list(word, addresses)
    _list("left out", [f"{source}: {reason}" for source, reason in changes.left_out])
    _list("check", changes.warnings)
    counts = f"{len(changes.added)} added, {len(changes.changed)} changed, {len(changes.removed)} removed"
    ending = "; nothing was changed" if dry_run else ""
    say(f"{place}: {counts}, {changes.unchanged} unchanged, {len(changes.left_out)} left out{ending}")


def _list(word: str, lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        say(f"{word}: {one_line(line)}")
    if len(lines) > _SHOWN:
        say(f"{word}: {len(lines) - _SHOWN} more (--json lists all)")
