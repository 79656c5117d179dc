"""Kind and name → what a plugin gave, with a word on what is missing, doubled or nearly right."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from pipekit.config.faults import fault
from pipekit.config.origin import Origin
from pipekit.errors import PluginError, UsageError
from pipekit.interfaces.state_stores import StoreURL
from pipekit.interfaces.workflows import Workflow
from pipekit.plugins.calling import calling_plugin
from pipekit.plugins.factories import arguments_of
from pipekit.plugins.quarantine import PluginInfo

__all__ = ["Contribution", "Registry"]

#: Plugins of this repository that aren't installed with the core: what they give, and their folder.
KNOWN_PROVIDERS = {
    "anthropic": "pipekit-anthropic",
    "openai": "pipekit-openai",
    "ollama": "pipekit-ollama",
    "community": "pipekit-community",
}
KNOWN_STORES = {"postgresql": "pipekit-postgres", "postgres": "pipekit-postgres"}

_WORDS = {
    "pipekit_state_stores": "store",
    "pipekit_llm_providers": "model provider",
    "pipekit_loaders": "loader",
    "pipekit_output_formats": "output format",
    "pipekit_retrievers": "retriever",
    "pipekit_executors": "executor",
    "pipekit_steps": "step",
    "pipekit_workflows": "workflow",
}


@frozen(kw_only=True)
class Contribution:
    """One thing that a plugin gave through a hook: a step, a workflow, or the factory of an implementation."""

    hook: str
    name: str
    value: Any
    plugin: PluginInfo

    @property
    def package(self) -> str:
        """The package and version it came from; empty for a program's own."""
        return self.plugin.label


class Registry:
    """Everything that the loaded plugins give. ``listeners`` are told every event."""

    def __init__(
        self,
        contributions: Sequence[Contribution],
        plugins: Sequence[PluginInfo],
        *,
        refused: Mapping[tuple[str, str], str] | None = None,
        listeners: Sequence[Callable[[Any], None]] = (),
    ) -> None:
        self.plugins = tuple(plugins)
        self.listeners = tuple(listeners)
        self._refused = dict(refused or {})
        self._by_hook: dict[str, dict[str, Contribution]] = {hook: {} for hook in _WORDS}
        for one in contributions:
            self._by_hook[one.hook][one.name] = one

    def __repr__(self) -> str:
        given = ", ".join(f"{len(found)} {_WORDS[hook]}s" for hook, found in self._by_hook.items() if found)
        return f"<Registry: {len(self.plugins)} plugins, {given}>"

    @property
    def steps(self) -> Sequence[Contribution]:
        """All registered steps, in order of registration."""
        return list(self._by_hook["pipekit_steps"].values())

    @property
    def loaders(self) -> Mapping[str, Contribution]:
        """All loaders by name."""
        return self._by_hook["pipekit_loaders"]

    def contributions(self, hook: str) -> Mapping[str, Contribution]:
        """All that came through a hook, by name."""
        return self._by_hook[hook]

    def plugin_of(self, hook: str, name: str) -> PluginInfo | None:
        """The plugin that gave this; None when none did."""
        found = self._by_hook[hook].get(name)
        return None if found is None else found.plugin

    @staticmethod
    def word(hook: str) -> str:
        """What a person calls the contributions of a hook."""
        return _WORDS[hook]

    def names(self, hook: str) -> list[str]:
        """The names that a hook's contributions go by."""
        return list(self._by_hook[hook])

    def workflow(self, name: str, where: Origin | None = None) -> Workflow:
        """The workflow of this name; ``where`` is the place of the configuration that names it, if it does."""
        found = self._by_hook["pipekit_workflows"].get(name)
        if found is None:
            if ("pipekit_workflows", name) in self._refused:
                raise self._missing("pipekit_workflows", name)
            message = f"there is no workflow {name!r}"
            hint = self._near("pipekit_workflows", name) or (
                f"workflows are: {', '.join(self.names('pipekit_workflows')) or 'none'}"
            )
            if where is not None:
                raise fault(message, where, field="workflow", kind="unknown-workflow", hint=hint)
            raise UsageError(message, kind="unknown-workflow", hint=hint)
        return found.value  # type: ignore[no-any-return]

    def store(self, scheme: str) -> Contribution:
        """The state store of a URL scheme; `PluginError` when nothing gives it, as for all that follow."""
        return self._get("pipekit_state_stores", scheme)

    def provider(self, name: str) -> Contribution:
        """The model provider of this name."""
        return self._get("pipekit_llm_providers", name)

    def loader(self, name: str) -> Contribution:
        """The loader of this name."""
        return self._get("pipekit_loaders", name)

    def output_format(self, name: str) -> Contribution:
        """The output format of this name."""
        return self._get("pipekit_output_formats", name)

    def retriever(self, name: str) -> Contribution:
        """The retriever of this name."""
        return self._get("pipekit_retrievers", name)

    def _get(self, hook: str, name: str) -> Contribution:
        found = self._by_hook[hook].get(name)
        if found is None:
            raise self._missing(hook, name)
        return found

    def _missing(self, hook: str, name: str) -> PluginError:
        word = _WORDS[hook]
        refused = self._refused.get((hook, name))
        if refused:
            return PluginError(
                f"the {word} {name!r} can't be used: {refused}", kind="set-aside", hook=hook, hint="see pipekit plugins"
            )
        message = f"no installed plugin brings the {word} {name!r}"
        if hook == "pipekit_llm_providers" and name in KNOWN_PROVIDERS:
            folder = KNOWN_PROVIDERS[name]
            install = f"install it: pip install . ./plugins/{folder}   (or run with --model offline)"
            return PluginError(message, kind="missing", plugin=folder, dist=folder, hook=hook, hint=install)
        hint = self._near(hook, name) or (
            f"there are: {', '.join(self.names(hook)) or 'none'}; pipekit plugins shows what is installed"
        )
        return PluginError(message, kind="missing", hook=hook, hint=hint)

    def _near(self, hook: str, name: str) -> str:
        """Where a missing one may be: under a name like it, else in a plugin that was set aside; empty for neither."""
        near = difflib.get_close_matches(name, self.names(hook), n=1)
        if near:
            return f"did you mean {near[0]}?"
        broken = [plugin for plugin in self.plugins if plugin.health == "set aside"]
        if not broken:
            return ""
        named = ", ".join(f"{plugin.name} ({plugin.reason})" for plugin in broken)
        what_to_do = (broken[0].hint if len(broken) == 1 else "") or "see pipekit plugins"
        return f"it may be in a plugin that was set aside: {named}; {what_to_do}"

    def make(
        self,
        entry: Contribution,
        *,
        settings_of: Callable[[type], object],
        url: StoreURL | None = None,
        folder: Path,
        logger: logging.Logger,
    ) -> Any:
        """Call a factory, its parameters filled by their annotations; `PluginError` when it misbehaves."""
        with calling_plugin(
            f"the {_WORDS[entry.hook]} {entry.name!r}",
            entry.plugin,
            hook=entry.hook,
            kind="factory",
            did="can't be made:",
            hint="its author has to mend this; --debug shows where it was raised",
        ):
            return entry.value(
                **arguments_of(entry.value, settings_of, {StoreURL: url, Path: folder, logging.Logger: logger})
            )
