"""``pipekit plugins``."""

from __future__ import annotations

from typing import Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.options import configured, open_pipeline
from pipekit.cli.terminal import print_json, print_table, say, talk

__all__ = ["plugins"]


@click.command(cls=SingleCommand)
@configured
def plugins(**flags: Any) -> None:
    """List the plugins, pipekit's own first: what each gives, how long it took to load, and how it is."""
    from pipekit.serde import unstructure

    found = open_pipeline(flags).registry.plugins
    if talk().json:
        print_json({"plugins": [unstructure(plugin) for plugin in found]})
        return
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
