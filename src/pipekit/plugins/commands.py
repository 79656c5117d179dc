"""Commands of plugins: found when a name is unknown, listed from a cache.

``pipekit --help`` reads one small file and no entry point. The file is written whenever plugins were asked for a
command, so a listing may be older than what is installed; a command itself never is.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

__all__ = ["cached_plugin_commands", "find_plugin_command"]


def _cache_file(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path(environ.get("HOME", ".")) / ".cache") / "pipekit" / "commands.json"


def cached_plugin_commands(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Names of plugins' commands with their help, as last seen; empty where nothing was kept or it can't be read."""
    if environ.get("PIPEKIT_PLUGINS_OFF") == "1":
        return {}
    try:
        content = json.loads(_cache_file(environ).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: text for name, text in content.items() if isinstance(name, str) and isinstance(text, str)}


def find_plugin_command(name: str, environ: Mapping[str, str] | None = None) -> click.Command | None:
    """The command of this name that an installed plugin gives, None when none does. Keeps the listing up to date."""
    import click

    from pipekit.plugins.manager import commands_of, discover

    environ = os.environ if environ is None else environ
    if environ.get("PIPEKIT_PLUGINS_OFF") == "1":
        return None
    found: dict[str, click.Command] = {}
    for candidate in discover(None, off=False):
        if not candidate.builtin:
            for command in commands_of(candidate):
                if isinstance(command, click.Command) and command.name:
                    found.setdefault(command.name, command)
    _keep({key: command.get_short_help_str(60) for key, command in sorted(found.items())}, environ)
    return found.get(name)


def _keep(listing: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Write the listing anew; it is only a cache, so a disk that refuses is no error."""
    file = _cache_file(environ)
    if not listing and not file.exists():
        return
    temporary = file.with_name(f".commands.{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(listing), encoding="utf-8")
        temporary.replace(file)
