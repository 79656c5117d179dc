"""``pipekit plugin new``: a package for an author to begin with."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipekit.cli.group import SubGroup
from pipekit.cli.terminal import print_json, say, talk

if TYPE_CHECKING:
    from pipekit.scaffolding import Kind, PackageNames

__all__ = ["plugin"]

#: What a package can bring, and the hook that it comes by. Written out, so that help imports nothing.
_HOOKS = {
    "step": "pipekit_steps",
    "provider": "pipekit_llm_providers",
    "format": "pipekit_output_formats",
    "loader": "pipekit_loaders",
    "retriever": "pipekit_retrievers",
    "store": "pipekit_state_stores",
}


@click.group(cls=SubGroup)
def plugin() -> None:
    """Write a package of one's own for pipekit."""


@plugin.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(list(_HOOKS)), required=True, help="What the package brings.")
@click.option(
    "--into",
    type=click.Path(exists=True, file_okay=False),
    default=".",
    show_default=True,
    help="The folder that the package's own folder goes into.",
)
def new(name: str, kind: Kind, into: str) -> None:
    """Write a complete package: pipekit-NAME, with an example that works, its tests, and what builds and checks it.

    NAME is also what the step, provider, format, loader, retriever or store is called. Put what you have in the place
    of the example; the contract among the tests says what everything of its kind must do.
    """
    from pipekit.scaffolding import PackageNames, write_package

    names = PackageNames.of(name)
    _refuse_taken(names, kind)
    made = write_package(names, kind, Path(into))
    if talk().json:
        document = {"name": names.distribution, "kind": kind, "folder": str(made.folder.absolute())}
        print_json({**document, "files": list(made.files)})
        return
    shown = _shown(made.folder)
    say(f"wrote {shown}:")
    for path in made.files:
        say(f"  {path}")
    say()
    say("next, in the environment that pipekit is installed in:")
    say(f"  pip install -e {shown}")
    say("  pipekit plugins")
    say(f"  pytest {shown}    # needs pytest, which the extra testing of pipekit brings")


def _refuse_taken(names: PackageNames, kind: Kind) -> None:
    """A second one of its name would be set aside as soon as it is installed."""
    from pipekit import Pipeline
    from pipekit.errors import UsageError

    registry = Pipeline({}).registry
    hook = _HOOKS[kind]
    if names.slug in registry.names(hook):
        owner = registry.plugin_of(hook, names.slug)
        whose = owner.label if owner and owner.label else "a plugin"
        raise UsageError(
            f"the {registry.word(hook)} {names.slug} is there already, given by {whose}",
            kind="taken-name",
            hint=f"choose another name, such as my-{names.slug}; what there is: pipekit plugins",
        )


def _shown(folder: Path) -> str:
    """The folder as people know it: from the working directory where it lies below."""
    with contextlib.suppress(ValueError):
        return str(folder.absolute().relative_to(Path.cwd()))
    return str(folder)
