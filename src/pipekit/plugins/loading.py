"""The front: from what the user allows to a registry of what may be used."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import evolve, frozen

from pipekit.config.configuration import Configuration
from pipekit.errors import PipekitError, PluginError
from pipekit.plugins.local import local_candidate
from pipekit.plugins.manager import BUILTINS, Candidate, Loaded, discover, load
from pipekit.plugins.quarantine import Health, PluginInfo
from pipekit.plugins.registry import Contribution, Registry

__all__ = ["PluginOptions", "fatal", "load_plugins", "normal_names", "refusals"]


@frozen(kw_only=True)
class PluginOptions:
    """Which plugins may be loaded; names are those of entry points or packages.

    ``allow`` None allows all that aren't blocked; ``local`` are files relative to ``folder``; ``trust`` runs local
    files that weren't trusted; ``strict`` makes a plugin that had to be set aside an error.
    """

    block: tuple[str, ...] = ()
    allow: tuple[str, ...] | None = None
    local: tuple[str, ...] = ()
    off: bool = False
    strict: bool = False
    folder: Path = Path()
    trust: bool = False

    @classmethod
    def of(cls, configuration: Configuration, *, trust: bool = False) -> PluginOptions:
        """What a configuration says."""
        wanted = configuration.settings.plugins
        return cls(
            block=wanted.block,
            allow=wanted.allow,
            local=wanted.local,
            off=wanted.off,
            strict=wanted.strict,
            folder=configuration.folder,
            trust=trust,
        )


def load_plugins(
    options: PluginOptions,
    *,
    given: Sequence[object] | None = None,
    environ: Mapping[str, str],
    builtins: Mapping[str, str] = BUILTINS,
) -> Registry:
    """Everything that may be used. Raises `PluginError` for a built-in that fails, and with ``strict`` for any."""
    candidates = discover(given, off=options.off, builtins=builtins)
    if not options.off:
        candidates += [local_candidate(options.folder / name, environ, trusted=options.trust) for name in options.local]
    set_aside = refusals(candidates, options)
    contributions: list[Contribution] = []
    plugins: list[PluginInfo] = []
    refused: dict[tuple[str, str], str] = {}
    listeners = []
    strangers: list[tuple[PluginInfo, Loaded]] = []
    for candidate in candidates:
        info = PluginInfo(
            name=candidate.name,
            package=candidate.package,
            version=candidate.version,
            builtin=candidate.builtin,
            local=candidate.local,
        )
        if candidate in set_aside:
            health, reason = set_aside[candidate]
            if health == "set aside" and options.strict:
                raise fatal(candidate, reason)
            plugins.append(evolve(info, health=health, reason=reason))
            continue
        loaded = load(candidate)
        info = evolve(info, load_ms=round(loaded.load_ms, 2))
        if loaded.reason:
            if candidate.builtin or options.strict:
                raise fatal(candidate, loaded.reason, loaded.error)
            hint = loaded.error.hint if isinstance(loaded.error, PipekitError) else ""
            plugins.append(evolve(info, health="set aside", reason=loaded.reason, hint=hint))
            continue
        if loaded.listener is not None:
            listeners.append(loaded.listener)
        if candidate.builtin:
            own = _contributions(info, loaded)
            contributions += own
            plugins.append(_with_names(info, own))
        else:
            strangers.append((info, loaded))
    taken = {(one.hook, one.name): one for one in contributions}
    claims: dict[tuple[str, str], list[PluginInfo]] = defaultdict(list)
    for info, loaded in strangers:
        for one in _contributions(info, loaded):
            claims[one.hook, one.name].append(info)
    for info, loaded in strangers:
        accepted: list[Contribution] = []
        complaints: list[str] = []
        for one in _contributions(info, loaded):
            complaint = _clash(one, taken, claims)
            if complaint:
                complaints += [complaint] if complaint not in complaints else []
                if (one.hook, one.name) not in taken:
                    refused[one.hook, one.name] = complaint
            else:
                accepted.append(one)
        if complaints and options.strict:
            raise fatal(loaded.candidate, complaints[0])
        health = "ok" if not complaints else ("partly" if accepted else "set aside")
        shown = evolve(_with_names(info, accepted), health=health, reason="; ".join(complaints))
        contributions += [evolve(one, plugin=shown) for one in accepted]
        plugins.append(shown)
    return Registry(contributions, plugins, refused=refused, listeners=listeners)


def refusals(candidates: Sequence[Candidate], options: PluginOptions) -> dict[Candidate, tuple[Health, str]]:
    """The plugins that aren't even loaded, each with its health and the reason.

    Those are blocked, or share their name with another one that isn't: against a built-in the newcomer is set aside,
    and of two strangers both.
    """
    refused: dict[Candidate, tuple[Health, str]] = {}
    by_name: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        blocked = "" if candidate.builtin else _blocked(candidate, options)
        if blocked:
            refused[candidate] = ("blocked", blocked)
        else:
            by_name[candidate.name].append(candidate)
    for name, several in by_name.items():
        if len(several) > 1:
            who = " and ".join(_origin(one) for one in several)
            reason = f"two plugins are called {name!r}: {who}; uninstall one, or plugins.block one by its package"
            refused.update({one: ("set aside", reason) for one in several if not one.builtin})
    return refused


def _origin(candidate: Candidate) -> str:
    if candidate.package:
        return f"{candidate.package} {candidate.version}".strip()
    return "a local file" if candidate.local else "one given by the program"


def _blocked(candidate: Candidate, options: PluginOptions) -> str:
    names = normal_names([candidate.name, candidate.package]) - {""}
    if names & normal_names(options.block):
        return "blocked by plugins.block"
    if options.allow is not None and candidate.package and not names & normal_names(options.allow):
        return "not among plugins.allow"
    return ""


def normal_names(names: Iterable[str]) -> set[str]:
    """Names as package indexes compare them: Pipekit_Acme, pipekit.acme and pipekit-acme are one."""
    return {re.sub(r"[-_.]+", "-", name.strip()).lower() for name in names}


def _contributions(info: PluginInfo, loaded: Loaded) -> list[Contribution]:
    """What a plugin gave, each thing once: a step that its module holds under two names is one step."""
    given = {(found.hook, name, id(value)): value for found in loaded.found for name, value in found.given}
    return [Contribution(hook=hook, name=name, value=value, plugin=info) for (hook, name, _), value in given.items()]


def _with_names(info: PluginInfo, contributions: Sequence[Contribution]) -> PluginInfo:
    names: dict[str, tuple[str, ...]] = {}
    for one in contributions:
        kind = one.hook.removeprefix("pipekit_").replace("_", " ")
        names[kind] = (*names.get(kind, ()), one.name)
    return evolve(info, names=names)


def _clash(
    one: Contribution,
    taken: Mapping[tuple[str, str], Contribution],
    claims: Mapping[tuple[str, str], Sequence[PluginInfo]],
) -> str:
    kind = one.hook.removeprefix("pipekit_").replace("_", " ").rstrip("s")
    own = taken.get((one.hook, one.name))
    if own is not None:
        return (
            f"the {kind} {one.name!r} of {one.plugin.label or one.plugin.name} is one of pipekit's own ({own.package})"
        )
    others = claims[one.hook, one.name]
    if len(others) > 1 and all(other is others[0] for other in others):
        who = one.plugin.label or one.plugin.name
        return f"{who} gives two {kind}s called {one.name!r}, so neither is used; its author has to rename one"
    if len(others) > 1:
        who = " and ".join(other.label or other.name for other in others)
        return f"the {kind} {one.name!r} is given by {who}; plugins.block settles which"
    return ""


def fatal(candidate: Candidate, reason: str, cause: BaseException | None = None) -> PluginError:
    """The error of a plugin that can't be used though it has to be."""
    by = "pipekit's own" if candidate.builtin else _origin(candidate)
    error = PluginError(
        f"the plugin {candidate.name} ({by}) can't be used: {reason}",
        kind="broken",
        plugin=candidate.name,
        dist=candidate.package or None,
        version=candidate.version or None,
        hint=_hint_of(cause) or "pipekit plugins shows all; plugins.block leaves one out",
    )
    error.__cause__ = cause
    return error


def _hint_of(cause: BaseException | None) -> str:
    # Only what the plugin's error says itself: the usual hint of its kind says no more than ours.
    hint = cause.hint if isinstance(cause, PipekitError) else ""
    return "" if hint == PluginError.usual_hint else hint
