"""The blocks of the configuration that belong to plugins: a key or a name that nobody knows is told, with its place.

A block is only filled when its plugin is used, and one whose plugin isn't there never is: a misspelt key would do
nothing, in silence.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipekit.config.configuration import Configuration
from pipekit.config.faults import closest, fault, printable, suggestion
from pipekit.config.keys import fold_key
from pipekit.config.tree import Block, Entry
from pipekit.errors import ConfigError, PluginError
from pipekit.plugins.factories import AnnotationsError, block_faults
from pipekit.plugins.loading import normal_names
from pipekit.plugins.registry import KNOWN_PROVIDERS, Contribution, Registry

__all__ = ["check_blocks"]


def check_blocks(registry: Registry, configuration: Configuration) -> tuple[list[ConfigError], list[str]]:
    """The faults of all plugins' blocks, used or not, and warnings about blocks whose plugin isn't there.

    A name that nobody brings is a fault, a misspelling most likely, except where a plugin that may bring it is blocked,
    set aside or switched off. A model provider's is only warned of: a project's file is shared by people who have
    different providers installed, and a model that is used and can't be had is a fault anyway.
    """
    settings = configuration.settings
    faults: list[ConfigError] = []
    warnings: list[str] = []
    for path, hook, blocks in (
        ("output.formats", "pipekit_output_formats", settings.output.formats),
        ("loaders", "pipekit_loaders", settings.loaders),
        ("retrievers", "pipekit_retrievers", settings.retrievers),
        ("llm.providers", "pipekit_llm_providers", settings.llm.providers),
    ):
        known = {fold_key(name): one for name, one in registry.contributions(hook).items()}
        for entry in blocks.entries:
            one = known.get(fold_key(entry.name))
            if one is not None:
                faults += _faults_of(one, Block(entry.value), f"{path}.{entry.name}")
            elif hook == "pipekit_llm_providers":
                warnings += _unknown_provider(entry, registry)
            elif hook != "pipekit_retrievers":  # the plan makes every retriever, and tells of one that isn't there
                unknown = _unknown(entry, path, registry.word(hook), known)
                if configuration.settings.plugins.off or any(plugin.health != "ok" for plugin in registry.plugins):
                    warnings.append(f"{unknown}, or its plugin isn't loaded; see pipekit plugins")
                else:
                    faults.append(unknown)
    store = registry.contributions("pipekit_state_stores").get(settings.store.partition(":")[0])
    if store is not None:
        faults += _faults_of(store, settings.store_block, "store", "url")
    return faults, [*warnings, *_idle_names(registry, configuration)]


def _idle_names(registry: Registry, configuration: Configuration) -> list[str]:
    """A warning for each name in ``plugins.block`` and ``plugins.allow`` that does nothing, though it looks as if.

    A name of nothing that is installed is none of them: the file may be shared. One that is nearly right is.
    """
    wanted = configuration.settings.plugins
    own = normal_names(name for one in registry.plugins if one.builtin for name in (one.name, one.package)) - {""}
    others = [name for one in registry.plugins if not one.builtin for name in (one.name, one.package) if name]
    warnings = []
    for key, names in (("block", wanted.block), ("allow", wanted.allow or ())):
        for name in names:
            said = f"{configuration.origin(f'plugins.{key}')}: plugins.{key} names {printable(name)}"
            same = normal_names([name])
            if same <= own and key == "block":
                warnings.append(f"{said}, which is pipekit's own and is never blocked")
            elif not same <= own | normal_names(others) and (near := closest(name, others)):
                warnings.append(f"{said}, and no plugin is called that; did you mean {near}?")
    return warnings


def _faults_of(one: Contribution, block: Block, path: str, *more: str) -> list[ConfigError]:
    if not block.entries and block.is_mapping:
        return []  # what has to be set is told when the plugin is used
    try:
        return block_faults(one.value, block, path, ignore=more)
    except (PluginError, AnnotationsError):
        return []  # its settings can't be read: told when it is used, and no obstacle until then


def _unknown(entry: Entry, path: str, word: str, known: Mapping[str, Contribution]) -> ConfigError:
    hint = suggestion(entry.name, [one.name for one in known.values()])
    if not hint.startswith("did you mean"):
        hint = f"install the plugin that brings it, or remove the block; {hint or 'there are none'}"
    field = f"{path}.{entry.name}"
    return fault(f"there is no {word} {entry.name}", entry.origin, field=field, hint=hint, kind="unknown-name")


def _unknown_provider(entry: Entry, registry: Registry) -> list[str]:
    if fold_key(entry.name) in map(fold_key, KNOWN_PROVIDERS):
        return []  # spelled right and only not installed; OLLAMA_BASE_URL alone makes such a block
    names = [*registry.contributions("pipekit_llm_providers"), *KNOWN_PROVIDERS]
    said = f"{entry.origin}: no installed plugin brings the model provider {entry.name}, so its block is passed over"
    return [f"{said}; {suggestion(entry.name, names)}"]
