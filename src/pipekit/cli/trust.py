"""``pipekit trust``: a project's own steps run, and its settings say where keys go, only after its user has said so."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.terminal import one_line, print_json, say, talk

if TYPE_CHECKING:
    from pipekit.config.configuration import Configuration

__all__ = ["trust"]


@click.command(cls=SingleCommand)
@click.argument("place", default=".", metavar="[FOLDER]")
@click.option("--yes", is_flag=True, help="Don't ask.")
def trust(place: str, yes: bool) -> None:
    """Trust what the project in FOLDER brings, as it is now; a configuration file may be named in its place.

    That is the files under plugins.local, which run on this machine with your rights, and the settings under
    llm.providers, which may say where your keys go. What changes has to be trusted again.
    """
    from pipekit.errors import UsageError
    from pipekit.plugins import trust as trusting

    configuration = _configuration(place)
    found = [*_files(configuration), *_settings(configuration)]
    if not found:
        raise UsageError(
            f"the project in {place} names no file under plugins.local and sets nothing under llm.providers, "
            "so there is nothing to trust",
            kind="nothing-to-trust",
            hint="name a file in pipekit.yaml:  plugins: {local: [steps.py]}",
        )
    new = {name: digest for name, digest, _, _ in found if not trusting.is_trusted(name, digest, os.environ)}
    if not talk().json:
        for name, digest, shown, details in found:
            state = "new, or changed since it was trusted" if name in new else "trusted already"
            say(f"{shown}, sha256 {digest[:12]}…, {state}")
            for line in details:
                say(f"  {one_line(line)}")
    if new and not yes:
        if talk().json or not sys.stdin.isatty():
            raise UsageError(
                "nobody can be asked here",
                kind="no-terminal",
                hint=f"look at what it brings, then: {shlex.join(['pipekit', 'trust', place, '--yes'])}",
            )
        question = "Files will run with your rights, and keys will go where these settings say. Trust them?"
        if not click.confirm(question, default=False):
            raise click.Abort
    # What was shown is trusted, whatever the files hold by now.
    trusting.trust(new, os.environ)
    if talk().json:
        print_json({"folder": str(configuration.folder), "trusted": [name for name, _, _, _ in found]})
    else:
        say("trusted; they count from now on" if new else "nothing has changed")


def _configuration(place: str) -> Configuration:
    from pipekit.config import load_configuration
    from pipekit.errors import InputError

    path = Path(place)
    if path.is_file():
        configuration = load_configuration(path.absolute(), folder=Path.cwd(), environ=os.environ)
    elif path.is_dir():
        configuration = load_configuration(None, folder=path.absolute(), environ=os.environ)
    else:
        raise InputError("no such folder", file=place, kind="missing", hint="pipekit trust FOLDER")
    if configuration.faults:
        raise configuration.faults[0]
    return configuration


#: Name in the trust file, digest, how it is shown, and lines that tell more of it.
_Found = tuple[str, str, str, list[str]]


def _files(configuration: Configuration) -> list[_Found]:
    from pipekit.plugins import trust as trusting

    found: list[_Found] = []
    for name in configuration.settings.plugins.local:
        path = configuration.folder / name
        content = trusting.content_of(path)
        digest = trusting.digest_of_content(content)
        found.append((trusting.trust_name(path), digest, f"{path}: {_lines(len(content.splitlines()))}", []))
    return found


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number} lines"


def _settings(configuration: Configuration) -> list[_Found]:
    from pipekit.plugins.redirects import provider_settings, settings_digest, settings_name

    file = configuration.project_file
    settings = provider_settings(configuration)
    if file is None or not settings:
        return []
    lines = [f"{one.origin}: {one.path} is {one.shown}" for one in settings]
    return [(settings_name(file), settings_digest(configuration), f"{file}: where keys go", lines)]
