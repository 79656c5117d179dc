"""Commands of plugins: found when a name is unknown, listed from a cache.

``pipekit --help`` reads one small file and no entry point. The file is written whenever plugins were asked for a
command, so a listing may be older than what is installed; a command itself never is. Which plugins are asked is what
the configuration says, as everywhere: one that is blocked is not even imported.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipekit.errors import PluginError

if TYPE_CHECKING:
    import click

    from pipekit.plugins.manager import Candidate

__all__ = ["cached_plugin_commands", "find_plugin_command"]


def _cache_file(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path(environ.get("HOME", ".")) / ".cache") / "pipekit" / "commands.json"


def cached_plugin_commands(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Names of plugins' commands with their help, as last seen; empty where nothing was kept or it can't be read."""
    if _are_off(environ):
        return {}
    try:
        content = json.loads(_cache_file(environ).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: text for name, text in content.items() if isinstance(name, str) and isinstance(text, str)}


def _are_off(environ: Mapping[str, str]) -> bool:
    """What PIPEKIT_PLUGINS_OFF says, for whoever can't afford to load the configuration."""
    from pipekit.config.scalars import resolve_scalar

    text = environ.get("PIPEKIT_PLUGINS_OFF", "").strip()
    return text == "1" or resolve_scalar(text) is True


def find_plugin_command(
    name: str, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> click.Command | None:
    """The command of this name that an installed plugin gives, None when none does. Keeps the listing up to date.

    ``folder`` is where the configuration is looked for, the working directory by default. `ConfigError` when it doesn't
    say which plugins are wanted, `PluginError` when two of them give the command.
    """
    import click

    from pipekit.plugins.manager import commands_of

    environ = os.environ if environ is None else environ
    found: dict[str, list[tuple[Candidate, click.Command]]] = {}
    for candidate in _wanted(environ, folder or Path.cwd()):
        for command in commands_of(candidate):
            if isinstance(command, click.Command) and command.name:
                found.setdefault(command.name, []).append((candidate, command))
    listing = {key: several[0][1].get_short_help_str(60) for key, several in sorted(found.items()) if len(several) == 1}
    _keep(listing, environ)
    several = found.get(name, [])
    if len(several) > 1:
        who = " and ".join(f"{one.package} {one.version}".strip() or one.name for one, _ in several)
        raise PluginError(
            f"the command {name!r} is given by {who}",
            kind="clash",
            hook="pipekit_commands",
            hint=f"neither is used until one is blocked: plugins: {{block: [{several[-1][0].name}]}}",
        )
    return several[0][1] if several else None


def _wanted(environ: Mapping[str, str], folder: Path) -> list[Candidate]:
    """The installed plugins that may be loaded."""
    from pipekit.config.configuration import load_configuration
    from pipekit.plugins.loading import PluginOptions, refusals
    from pipekit.plugins.manager import discover

    configuration = load_configuration(None, folder=folder, environ=environ)
    for fault in configuration.faults:
        if (fault.field or "").partition(".")[0] == "plugins":
            raise fault  # with the defaults in its place, a plugin that was meant to be blocked would be imported
    options = PluginOptions.of(configuration)
    if options.off:
        return []
    candidates = discover(None, off=False)
    refused = refusals(candidates, options)
    return [one for one in candidates if not one.builtin and one not in refused]


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
