"""``pipekit plugins``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.options import configured, open_pipeline
from pipekit.cli.terminal import print_json, print_table, say, talk

if TYPE_CHECKING:
    from pipekit.plugins.quarantine import PluginInfo

__all__ = ["plugins"]


@click.command(cls=SingleCommand)
@configured
def plugins(**flags: Any) -> None:
    """List the plugins, pipekit's own first: what each gives, how long it took to load, and how it is."""
    from pipekit.cli.exits import AnsweredError
    from pipekit.errors import PluginError

    try:
        _show(open_pipeline(flags).registry.plugins)
    except PluginError as error:
        # Where plugins have to be sound, this is still the page that says what is wrong with which.
        loose = {**flags, "strict_plugins": False, "assignments": (*flags["assignments"], "plugins.strict=false")}
        raise AnsweredError(error, _show(open_pipeline(loose).registry.plugins, ends=False)) from error


def _show(found: Sequence[PluginInfo], *, ends: bool = True) -> Mapping[str, object]:
    """Show the plugins, for people at once and as JSON at the end; the document."""
    from pipekit.serde import unstructure

    document = {"plugins": [unstructure(plugin) for plugin in found]}
    if talk().json:
        if ends:
            print_json(document)
        return document
    rows = [
        (
            plugin.name,
            "built in" if plugin.builtin else plugin.label or ("local file" if plugin.local else "given"),
            f"{plugin.load_ms:.1f} ms",
            plugin.health,
            "; ".join(f"{kind}: {', '.join(names)}" for kind, names in plugin.names.items()) or " ",
        )
        for plugin in found
    ]
    print_table(("plugin", "package", "load", "health", "gives"), rows)
    for plugin in found:
        if plugin.reason:
            say()
            say(f"{plugin.name} is {plugin.health}: {plugin.reason}")
            if plugin.hint:
                say(f"  {plugin.hint}")
    return document
