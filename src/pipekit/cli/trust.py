"""``pipekit trust``: a project's own steps run only after their user has said so."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.terminal import print_json, say, talk

__all__ = ["trust"]


@click.command(cls=SingleCommand)
@click.argument("folder", default=".", metavar="[FOLDER]")
@click.option("--yes", is_flag=True, help="Don't ask.")
def trust(folder: str, yes: bool) -> None:
    """Trust the files under plugins.local of the project in FOLDER, as they are now.

    They run on this machine with your rights. A file that changes has to be trusted again.
    """
    from pipekit.config import load_configuration
    from pipekit.errors import InputError, UsageError
    from pipekit.plugins import trust as trusting

    place = Path(folder)
    if not place.is_dir():
        raise InputError(f"no such folder: {folder}", file=folder, kind="missing", hint="pipekit trust FOLDER")
    configuration = load_configuration(None, folder=place.absolute(), environ=os.environ)
    if configuration.faults:
        raise configuration.faults[0]
    files = [configuration.folder / name for name in configuration.settings.plugins.local]
    found = [_state(path, trusting) for path in files]
    if not files:
        raise UsageError(
            f"the project in {folder} names no file under plugins.local, so there is nothing to trust",
            kind="nothing-to-trust",
            hint="name one in pipekit.yaml:  plugins: {local: [steps.py]}",
        )
    new = [one for one in found if not one["trusted"]]
    if not talk().json:
        for one in found:
            state = "trusted already" if one["trusted"] else "new, or changed since it was trusted"
            say(f"{one['path']}: {one['lines']} lines, sha256 {str(one['sha256'])[:12]}…, {state}")
    if new and not yes:
        if talk().json or not sys.stdin.isatty():
            raise UsageError(
                "nobody can be asked here",
                kind="no-terminal",
                hint=f"look at the files, then: pipekit trust {folder} --yes",
            )
        if not click.confirm("These files will run with your rights. Trust them?", default=False):
            raise click.Abort
    trusting.trust([Path(str(one["path"])) for one in new], os.environ)
    if talk().json:
        print_json({"folder": str(configuration.folder), "trusted": [one["path"] for one in found]})
    else:
        say("trusted; they run from now on" if new else "nothing has changed")


def _state(path: Path, trusting: Any) -> dict[str, object]:
    digest = trusting.digest_of(path)
    return {
        "path": str(path),
        "sha256": digest,
        "lines": len(path.read_bytes().splitlines()),
        "trusted": trusting.is_trusted(path, digest, os.environ),
    }
