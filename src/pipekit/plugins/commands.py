"""Commands of plugins: found when a name is unknown, listed from a cache.

``pipekit --help`` reads one small file and no entry point. The file is written whenever plugins were asked for a
command, so a listing may be older than what is installed; a command itself never is. Which plugins are asked is what
the configuration says, as everywhere: one that is blocked is not even imported.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipekit.errors import PluginError, UsageError

if TYPE_CHECKING:
    import click

    from pipekit.plugins.loading import PluginOptions
    from pipekit.plugins.manager import Candidate, Loaded
    from pipekit.plugins.quarantine import PluginInfo

__all__ = ["PluginCommand", "builtin_command", "cached_plugin_commands", "find_plugin_command"]


def _cache_file(environ: Mapping[str, str]) -> Path:
    from pipekit.config.user_folders import user_folder

    return user_folder("cache", environ) / "commands.json"


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


def builtin_command(plugin: str, name: str) -> click.Command:
    """The command of this name that a built-in plugin gives; no configuration is read for it."""
    from pipekit.plugins.manager import commands_of, discover

    (candidate,) = (one for one in discover([], off=True) if one.name == plugin)
    loaded = commands_of(candidate)
    if loaded.error is not None:
        raise loaded.error  # a mistake of pipekit's own
    command: click.Command = next(one for found in loaded.found for called, one in found.given if called == name)
    return command


class PluginCommand(NamedTuple):
    """A command, and the plugin that gives it."""

    command: click.Command
    plugin: PluginInfo


def find_plugin_command(
    name: str, environ: Mapping[str, str] | None = None, folder: Path | None = None, *, own: Sequence[str] = ()
) -> PluginCommand | None:
    """The command of this name that an installed plugin gives, None when none does. Keeps the listing up to date.

    ``folder`` is where the configuration is looked for, the working directory by default; ``own`` are pipekit's own
    commands, one of which may have been meant. `ConfigError` when it doesn't
    say which plugins are wanted, `PluginError` when two of them give the command, or when one can't be asked and all
    have to be sound. `UsageError` when nobody gives it and somebody can't be asked.
    """
    from pipekit.plugins.loading import fatal
    from pipekit.plugins.manager import commands_of
    from pipekit.plugins.quarantine import PluginInfo

    environ = os.environ if environ is None else environ
    options, candidates = _wanted(environ, folder or Path.cwd())
    found: dict[str, list[PluginCommand]] = {}
    failed: list[Loaded] = []
    for candidate in candidates:
        loaded = commands_of(candidate)
        if loaded.reason:
            if options.strict:
                raise fatal(candidate, loaded.reason, loaded.error)
            failed.append(loaded)
        info = PluginInfo(name=candidate.name, package=candidate.package, version=candidate.version)
        for called, command in (pair for one in loaded.found for pair in one.given):
            found.setdefault(called, []).append(PluginCommand(command, info))
    _keep(
        {
            called: several[0].command.get_short_help_str(60)
            for called, several in sorted(found.items())
            if len(several) == 1
        },
        environ,
    )
    several = found.get(name, [])
    if len(several) > 1:
        who = " and ".join(one.plugin.label or one.plugin.name for one in several)
        raise PluginError(
            f"the command {name!r} is given by {who}",
            kind="clash",
            hook="pipekit_commands",
            hint=f"neither is used until one is blocked: plugins: {{block: [{several[-1].plugin.name}]}}",
        )
    if not several and failed:
        raise _nobodys(name, failed, [*own, *found])
    return several[0] if several else None


def _nobodys(name: str, failed: Sequence[Loaded], known: Sequence[str]) -> UsageError:
    from pipekit.plugins.loading import fatal

    near = difflib.get_close_matches(name, known, n=1)
    return UsageError(
        f"there is no command {name!r}, or its plugin can't be asked: "
        + "; ".join(fatal(one.candidate, one.reason).message for one in failed),
        kind="unknown-command",
        hint=f"did you mean {near[0]}? see pipekit plugins" if near else "see pipekit --help, and pipekit plugins",
    )


def _wanted(environ: Mapping[str, str], folder: Path) -> tuple[PluginOptions, list[Candidate]]:
    """The installed plugins that may be loaded, and what the configuration says about them."""
    from pipekit.config.configuration import load_configuration
    from pipekit.plugins.loading import PluginOptions, refusals
    from pipekit.plugins.manager import discover

    configuration = load_configuration(None, folder=folder, environ=environ)
    for fault in configuration.faults:
        if (fault.field or "").partition(".")[0] == "plugins":
            raise fault  # with the defaults in its place, a plugin that was meant to be blocked would be imported
    options = PluginOptions.of(configuration)
    if options.off:
        return options, []
    candidates = discover(None, off=False)
    refused = refusals(candidates, options)
    return options, [one for one in candidates if not one.builtin and one not in refused]


def _keep(listing: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Write the listing anew; it is only a cache, so a disk that refuses is no error."""
    file = _cache_file(environ)
    if not listing and not file.exists():
        return
    temporary = file.with_name(f".commands.{os.urandom(4).hex()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(listing), encoding="utf-8")
        temporary.replace(file)
