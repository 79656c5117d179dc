"""``pipekit completion``."""

from __future__ import annotations

import os
from pathlib import PurePath

import click

from pipekit.cli.group import SingleCommand, pipekit_group
from pipekit.cli.terminal import print_json, talk

__all__ = ["completion"]

_SHELLS = ("bash", "zsh", "fish")


@click.command(cls=SingleCommand)
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
def completion(shell: str | None) -> None:
    """Print the completion script of SHELL, by default the one you use.

    \b
        bash:  eval "$(pipekit completion bash)"       in ~/.bashrc
        zsh:   eval "$(pipekit completion zsh)"        in ~/.zshrc
        fish:  pipekit completion fish | source        in ~/.config/fish/config.fish
    """  # noqa: D301 - click's own mark for text that keeps its lines
    from click.shell_completion import get_completion_class

    from pipekit.errors import UsageError

    wanted = shell or PurePath(os.environ.get("SHELL", "")).name
    maker = get_completion_class(wanted) if wanted in _SHELLS else None
    if maker is None:
        raise UsageError("name a shell", kind="no-shell", hint="pipekit completion bash")
    script = maker(pipekit_group, {}, "pipekit", "_PIPEKIT_COMPLETE").source()
    if talk().json:
        print_json({"shell": wanted, "script": script})
    else:
        click.echo(script)
