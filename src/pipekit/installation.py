"""What is installed, made when first needed: stores, providers, loaders, formats, retrievers with their settings."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from attrs import evolve

from pipekit.config.configuration import Configuration
from pipekit.config.faults import closest, fault
from pipekit.config.origin import Origin
from pipekit.config.tree import NO_BLOCK, Entry, Node
from pipekit.errors import PipekitError, PlanError, PluginError
from pipekit.interfaces.llm_providers import LLMProvider, ModelInfo
from pipekit.interfaces.loaders import Loader
from pipekit.interfaces.output_formats import OutputFormat
from pipekit.interfaces.retrievers import Hit, Retriever
from pipekit.interfaces.state_stores import StateStore, StoreURL
from pipekit.plugins.calling import PluginOf, calling_plugin, nobody
from pipekit.plugins.factories import fill_block
from pipekit.plugins.redirects import redirect_fault
from pipekit.plugins.registry import KNOWN_STORES, Contribution, Registry
from pipekit.state.fingerprint import short_digest
from pipekit.workers import in_thread

__all__ = ["AllRetrievers", "Installation", "named"]

T = TypeVar("T")


class Installation:
    """The registry together with one configuration. ``trust`` takes what its project says of where keys go."""

    def __init__(
        self, registry: Registry, configuration: Configuration, *, environ: Mapping[str, str], trust: bool = False
    ) -> None:
        self.registry = registry
        self.configuration = configuration
        self._environ = environ
        self._trust = trust
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.RLock()

    def _once(self, kind: str, name: str, make: Callable[[], T]) -> T:
        with self._lock:
            if (kind, name) not in self._made:
                self._made[kind, name] = make()
            return cast("T", self._made[kind, name])

    def _make(self, entry: Contribution, block: Node | None, path: str, url: StoreURL | None = None) -> Any:
        def settings_of(cls: type) -> object:
            value, faults = fill_block(entry.value, cls, block, path)
            if faults:
                raise PlanError(faults)
            return value

        return self.registry.make(
            entry,
            settings_of=settings_of,
            url=url,
            folder=self.configuration.folder,
            logger=logging.getLogger(f"pipekit.plugins.{entry.plugin.name}"),
        )

    def store(self, text: str) -> StateStore:
        """The store at ``scheme:location``."""
        entry = self.check_store(text)
        scheme, _, location = text.partition(":")
        url = StoreURL(scheme, location, self.configuration.folder)
        # A store that is given in the place of the configured one gets none of its settings.
        settings = self.configuration.settings
        block = settings.store_block if settings.store.startswith(f"{scheme}:") else NO_BLOCK
        made: StateStore = self._once("store", text, lambda: self._make(entry, block, "store", url))
        return made

    def check_store(self, text: str) -> Contribution:
        """What makes the store at ``scheme:location``, without making it.

        `ConfigError` for an address that means none; `PluginError` where the plugin that may bring it isn't loaded.
        """
        tree = self.configuration.tree
        node = tree.at("store.url") or tree.at("store")
        is_configured = text == self.configuration.settings.store
        origin = (
            node.origin if node is not None and is_configured else Origin("default", "" if is_configured else "store=")
        )
        scheme, colon, _ = text.partition(":")
        known = self.registry.names("pipekit_state_stores")
        if not colon or not scheme:
            message = f"store must be scheme:location, not {text!r}"
            is_file = Path(text).suffix in (".db", ".sqlite", ".sqlite3")
            hint = f"did you mean sqlite:{text}?" if is_file else "the default is file:.pipeline"
            raise fault(message, origin, field="store", hint=hint)
        if scheme in known:
            return self.registry.store(scheme)
        near = closest(scheme, known)
        listed = ", ".join(f"{name}:" for name in known)
        unused = self.configuration.settings.plugins.off or any(one.health != "ok" for one in self.registry.plugins)
        if near is None and unused:
            try:
                return self.registry.store(scheme)
            except PluginError as error:
                error.where = str(origin)
                raise
        if scheme in KNOWN_STORES:
            hint = f"install it: pip install . ./plugins/{KNOWN_STORES[scheme]}"
        else:
            hint = f"did you mean {near}:?" if near else "install the plugin that brings it, or choose one of these"
        raise fault(
            f"there is no store {scheme!r}; stores are {listed}",
            origin,
            field="store",
            kind="unknown-name",
            hint=hint,
        )

    def provider(self, name: str) -> LLMProvider:
        """The model provider of this name; `ConfigError` when it would send a key where nobody trusted it to go.

        There is no other way to a provider: whoever asks a model, or a server which models it has, comes by here.
        """
        entry = self.registry.provider(name)
        block = self.configuration.settings.llm.providers.get(name)

        def make() -> LLMProvider:
            made: LLMProvider = self._make(entry, block, f"llm.providers.{name}")
            with self._asking("pipekit_llm_providers", name):
                refused = None if self._trust else redirect_fault(name, made, self.configuration, self._environ)
            if refused is not None:
                raise refused
            return made

        return self._once("provider", name, make)

    def output_format(self, name: str) -> OutputFormat:
        """The output format of this name."""
        entry = self.registry.output_format(name)
        block = self.configuration.settings.output.formats.get(name)
        made: OutputFormat = self._once("format", name, lambda: self._make(entry, block, f"output.formats.{name}"))
        return made

    def loader(self, name: str) -> Loader[Any]:
        """The loader of this name."""
        entry = self.registry.loader(name)
        block = self.configuration.settings.loaders.get(name)
        made: Loader[Any] = self._once("loader", name, lambda: self._make(entry, block, f"loaders.{name}"))
        return made

    def loaders(self) -> tuple[Mapping[str, Loader[Any]], list[PipekitError]]:
        """All loaders that can be made, by name, and an error for each that can't: it is no obstacle to the others."""
        made: dict[str, Loader[Any]] = {}
        errors: list[PipekitError] = []
        for name in self.registry.loaders:
            try:
                made[name] = self.loader(name)
            except PipekitError as error:
                errors.append(error)
        return made, errors

    def retrievers(self) -> Mapping[str, Retriever]:
        """The retrievers that the configuration has a block for, by name."""
        return {block.name: self._retriever(block) for block in self.configuration.settings.retrievers.entries}

    def retriever_faults(self) -> list[PipekitError]:
        """Why those that the configuration has a block for can't be made, one error for each."""
        errors: list[PipekitError] = []
        for block in self.configuration.settings.retrievers.entries:
            try:
                self._retriever(block)
            except PipekitError as error:
                errors.append(error)
        return errors

    def _retriever(self, block: Entry) -> Retriever:
        try:
            entry = self.registry.retriever(block.name)
        except PipekitError as error:
            error.where = error.where or str(block.origin)
            raise
        make = functools.partial(self._make, entry, block.value, f"retrievers.{block.name}")
        made: Retriever = self._once("retriever", block.name, make)
        return made

    def retrievers_digest(self) -> str:
        """Changes when the content of a configured retriever does, or which ones there are."""
        prints: dict[str, str] = {}
        for name, retriever in self.retrievers().items():
            with _calling_retriever(name, self.registry.plugin_of):
                prints[name] = str(retriever.fingerprint())
        return short_digest(prints)

    def secrets_of(self, provider: str) -> Sequence[str]:
        """The environment variables a model provider needs."""
        with self._asking("pipekit_llm_providers", provider):
            return tuple(self.provider(provider).secrets)

    def is_priced(self, reference: str) -> bool:
        """Whether it is known what a model, provider/model, costs."""
        name, _, model = reference.partition("/")
        with self._asking("pipekit_llm_providers", name):
            info = self.told(reference, self.provider(name).describe(model))
            return info.input_price is not None and info.output_price is not None

    def told(self, reference: str, info: ModelInfo) -> ModelInfo:
        """What is known of a model, with what the user says of it before all else."""
        told = named(self.configuration.settings.llm.models, reference)
        if told is None:
            return info
        changed = {key: getattr(told, key) for key in ("window", "methods") if getattr(told, key)}
        prices = {key: getattr(told, key) for key in ("input_price", "output_price", "cached_price")}
        changed.update({key: price for key, price in prices.items() if price is not None})
        # Whoever names a price means it for prompts of any length.
        if told.input_price is not None or told.output_price is not None:
            changed["priced_up_to"] = None
            changed.setdefault("cached_price", None)
        return evolve(info, **changed)

    def needs_of(self, output_format: str) -> Sequence[str]:
        """The artifacts an output format reads."""
        with self._asking("pipekit_output_formats", output_format):
            return tuple(self.output_format(output_format).needs)

    def _asking(self, hook: str, name: str) -> contextlib.AbstractContextManager[None]:
        return calling_plugin(
            f"the {self.registry.word(hook)} {name}",
            self.registry.plugin_of(hook, name),
            hook=hook,
            kind="plugin",
            hint="its author has to mend this; until then, choose another one",
        )

    def close(self) -> None:
        """Close the stores that were opened."""
        with self._lock:
            stores = [made for (kind, _), made in self._made.items() if kind == "store"]
            self._made.clear()
            with contextlib.ExitStack() as closing:
                for store in stores:
                    closing.callback(store.close)


def named(blocks: Mapping[str, T], name: str) -> T | None:
    """The block of this name, however it is spelled."""
    return next((block for key, block in blocks.items() if key.casefold() == name.casefold()), None)


class AllRetrievers:
    """The service `Retrieval`: all configured retrievers as one."""

    def __init__(self, retrievers: Mapping[str, Retriever], plugin_of: PluginOf = nobody) -> None:
        self._retrievers = retrievers
        self._plugin_of = plugin_of

    @property
    def sources(self) -> Sequence[str]:
        """Names of the configured retrievers."""
        return list(self._retrievers)

    async def search(self, query: str, *, limit: int = 5, kind: str | None = None) -> Sequence[Hit]:
        """At most ``limit`` hits of all retrievers together, best first."""
        hits: list[Hit] = []
        for name, retriever in self._retrievers.items():
            hits.extend(await in_thread(functools.partial(self._searched, name, retriever, query, limit, kind)))
        return sorted(hits, key=lambda hit: -hit.relevance)[:limit]

    def _searched(self, name: str, retriever: Retriever, query: str, limit: int, kind: str | None) -> list[Hit]:
        with _calling_retriever(name, self._plugin_of):
            given: Sequence[object] = retriever.search(query, limit=limit, kind=kind)
            hits = [hit for hit in given if isinstance(hit, Hit)]
            if len(hits) < len(given):
                raise TypeError("gave something that is no Hit")
            return hits


def _calling_retriever(name: str, plugin_of: PluginOf) -> contextlib.AbstractContextManager[None]:
    return calling_plugin(
        f"the retriever {name}",
        plugin_of("pipekit_retrievers", name),
        hook="pipekit_retrievers",
        kind="retriever",
        hint=f"run without it: take retrievers.{name} out of the configuration",
    )
