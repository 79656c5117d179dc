"""A project's file may not send a user's key elsewhere in silence: where keys go has to be trusted first.

A cloned project could say ``llm.providers.openai.baseUrl: https://…``, and the next run would hand the key of the
user's environment to whoever listens there. What the user says (the user's own file, a variable, a flag, a program)
needs no trust. What a project's file says below ``llm.providers``, in profiles too, is trusted as a whole, as it was
when the user looked at it: parts that were each harmless could be put together anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from pipekit.config.configuration import Configuration
from pipekit.config.discovery import find_user_file
from pipekit.config.faults import fault, masked
from pipekit.config.keys import fold_key
from pipekit.config.origin import Origin
from pipekit.config.tree import EMPTY, Node
from pipekit.errors import ConfigError
from pipekit.interfaces.llm_providers import LLMProvider
from pipekit.plugins.trust import is_trusted, trust_name

__all__ = ["ProviderSetting", "provider_settings", "redirect_fault", "settings_digest", "settings_name"]

_PART = "llm.providers"


@frozen(kw_only=True)
class ProviderSetting:
    """One value that a file gives a model provider: its dotted path, where it stands, and the value, fit to be shown.

    ``name`` is the provider's own name for the setting, folded as keys are.
    """

    path: str
    name: str
    origin: Origin
    shown: str


def provider_settings(configuration: Configuration) -> Sequence[ProviderSetting]:
    """What the project's file says of model providers, in use or not."""
    return [
        setting
        for path, block in _blocks(configuration)
        for entry in block.entries
        for setting in _values(entry.value, f"{path}.{entry.name}")
    ]


def settings_digest(configuration: Configuration) -> str:
    """The digest of all of them together."""
    found = {path: block.plain() for path, block in _blocks(configuration)}
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def settings_name(file: Path) -> str:
    """What stands in the trust file for the settings of a project's file."""
    return trust_name(file, _PART)


def redirect_fault(
    name: str, provider: LLMProvider, configuration: Configuration, environ: Mapping[str, str]
) -> ConfigError | None:
    """What is wrong with asking a provider: a key of the user's would go where somebody else's settings say."""
    found = [
        setting for setting in _redirecting(name, provider, configuration) if not configuration.is_users(setting.origin)
    ]
    # Providers read the process's environment, whatever a program hands over in its place.
    secrets = dict.fromkeys([*provider.secrets, *getattr(provider, "more_secrets", ())])
    keys = [variable for variable in secrets if environ.get(variable) or os.environ.get(variable)]
    if not found or not keys:
        return None
    kept = [setting for setting in found if setting.origin.layer == "run"]
    file = configuration.project_file
    if not kept and file is not None:
        if _is_same(file, find_user_file(environ)):
            return None
        if is_trusted(settings_name(file), settings_digest(configuration), environ):
            return None
    named = ", ".join(keys[:3]) + (", …" if len(keys) > 3 else "")
    first = (kept or found)[0]
    says = "; ".join(f"{setting.path} is {setting.shown}" for setting in (kept or found)[:5])
    if kept:
        message = f"{named} would go where a flag says that was given when the run began: {says}"
        hint = "give it again if it is yours:  " + " ".join(f"--set {shlex.quote(one.path)}=…" for one in kept)
    else:
        message = (
            f"{named} would go where this project says, which you haven't trusted yet or which was changed: {says}"
        )
        hint = f"look at it, then:  pipekit trust {shlex.quote(str(file))}"
    return fault(message, first.origin, field=first.path, hint=hint, kind="untrusted")


def _redirecting(name: str, provider: LLMProvider, configuration: Configuration) -> Iterator[ProviderSetting]:
    """The values in force that decide where requests of this provider and their keys go."""
    block = configuration.settings.llm.providers.get(name) or EMPTY
    declared: Sequence[str] | None = getattr(provider, "redirects", None)
    redirects = None if declared is None else {fold_key(one) for one in declared}
    for setting in _values(block, f"{_PART}.{name}"):
        if redirects is None or setting.name in redirects:
            yield setting


def _project(configuration: Configuration) -> Node | None:
    return next((layer for layer in configuration.layers if layer.origin.layer == "project"), None)


def _blocks(configuration: Configuration) -> Iterator[tuple[str, Node]]:
    """Where the project's file speaks of model providers: at the top, and in each profile."""
    tree = _project(configuration)
    if tree is None:
        return
    profiles = tree.get("profiles") or EMPTY
    for path, node in [("", tree), *((f"profiles.{entry.name}.", entry.value) for entry in profiles.entries)]:
        block = node.at(_PART)
        if block is not None and block.entries:
            yield f"{path}{_PART}", block


def _values(block: Node, path: str) -> Iterator[ProviderSetting]:
    for entry in block.entries:
        below = f"{path}.{entry.name}"
        for place, key, node in _leaves(entry.value, below, entry.name):
            shown = json.dumps(masked(key, node.plain()), ensure_ascii=False)
            yield ProviderSetting(path=place, name=fold_key(entry.name), origin=node.origin, shown=shown)


def _leaves(node: Node, path: str, key: str) -> Iterator[tuple[str, str, Node]]:
    if not node.entries:
        yield path, key, node
    for entry in node.entries:
        # What is below a secret's name is one, whatever it is called itself.
        inner = key if masked(key, "-") == "***" else entry.name
        yield from _leaves(entry.value, f"{path}.{entry.name}", inner)


def _is_same(file: Path, other: Path | None) -> bool:
    return other is not None and file.resolve() == other.resolve()
