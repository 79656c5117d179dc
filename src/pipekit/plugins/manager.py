"""Find plugins and load them one by one: the built-ins by name, the installed by entry point, given ones, local files.

Each is loaded and asked with a guard of its own. One that fails to import, was made for another API version, raises in
a hook or gives something else than promised is set aside with its reason, and the others go on.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import importlib
import inspect
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy
from attrs import define, field, frozen

from pipekit import hookspecs
from pipekit.errors import PipekitError, PluginError
from pipekit.interfaces.steps import Step
from pipekit.interfaces.workflows import Workflow
from pipekit.plugins.calling import is_stop, said_by
from pipekit.printing import printing_to_stderr

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

__all__ = ["BUILTINS", "GROUP", "LOCAL", "Candidate", "Found", "Loaded", "commands_of", "discover", "load"]

GROUP = "pipekit"
#: What the names of modules made of a project's own files begin with.
LOCAL = "pipekit_local_"
#: The built-ins, by the names that pyproject declares in the same group; reached without a scan.
BUILTINS: Mapping[str, str] = {
    "stores": "pipekit.stores.plugin",
    "llm": "pipekit.llm.plugin",
    "retrieval": "pipekit.retrieval.plugin",
    "backlog": "pipekit.backlog.plugin",
}
DISTRIBUTION = "pipekit-framework"

_LISTS = ("pipekit_steps", "pipekit_workflows", "pipekit_commands")
_MAPPINGS = (
    "pipekit_state_stores",
    "pipekit_llm_providers",
    "pipekit_loaders",
    "pipekit_output_formats",
    "pipekit_retrievers",
    "pipekit_executors",
)


@frozen(kw_only=True, eq=False)
class Candidate:
    """A plugin that could be loaded: its name, where it comes from, and how to get at it."""

    name: str
    get: Callable[[], object]
    package: str = ""
    version: str = ""
    builtin: bool = False
    local: bool = False


@frozen(kw_only=True)
class Found:
    """What a plugin gave through one hook: (name, value) pairs."""

    hook: str
    given: tuple[tuple[str, Any], ...]


@define(kw_only=True)
class Loaded:
    """A plugin after loading: what it gave, its event listener, or the reason why it was set aside."""

    candidate: Candidate
    found: list[Found] = field(factory=list)
    listener: Callable[[Any], None] | None = None
    reason: str = ""
    error: BaseException | None = None
    load_ms: float = 0.0


def discover(given: Sequence[object] | None, *, off: bool, builtins: Mapping[str, str] = BUILTINS) -> list[Candidate]:
    """All plugins there are: built-ins first, then installed ones by name, or the given ones in their place."""
    from pipekit import __version__

    candidates = [
        Candidate(
            name=name,
            get=functools.partial(importlib.import_module, module),
            package=DISTRIBUTION,
            version=__version__,
            builtin=True,
        )
        for name, module in builtins.items()
    ]
    if given is not None:
        candidates.extend(_given(given))
    elif not off:
        candidates.extend(_installed())
    return candidates


def _given(plugins: Sequence[object]) -> list[Candidate]:
    """The plugins that a program hands over, each once; of several with one name the later ones get a number."""
    found: dict[int, Candidate] = {}
    count: Counter[str] = Counter()
    for number, plugin in enumerate(plugins, start=1):
        if id(plugin) not in found:
            name = str(getattr(plugin, "__name__", "") or type(plugin).__name__).rpartition(".")[2] or f"given-{number}"
            count[name] += 1
            called = name if count[name] == 1 else f"{name}-{count[name]}"
            found[id(plugin)] = Candidate(name=called, get=functools.partial(_itself, plugin))
    return list(found.values())


def _itself(plugin: object) -> object:
    return plugin


def _installed() -> list[Candidate]:
    from importlib.metadata import entry_points

    found: list[Candidate] = []
    try:
        entries: Iterable[EntryPoint] = entry_points(group=GROUP)
    except Exception:  # noqa: BLE001 - the list of one package can't be read, of whichever: they are asked one by one
        entries, broken = _entries_one_by_one()
        found += broken
    for entry in entries:
        try:
            package, version = _named_by(entry.dist)
        except Exception as error:  # noqa: BLE001 - what raises without the file depends on the version of Python
            found.append(_unreadable(entry.name, entry.dist, "METADATA", error))
            continue
        if package != DISTRIBUTION:
            found.append(Candidate(name=entry.name, get=entry.load, package=package, version=version))
    return sorted(found, key=lambda candidate: (candidate.name, candidate.package))


def _named_by(dist: Distribution | None) -> tuple[str, str]:
    """Name and version of a package; raises where it doesn't say its name."""
    if dist is None:
        return "", ""
    # Without the file some versions of Python raise, and others give None.
    name: str | None = dist.name
    version: str | None = dist.version
    if not name:
        raise ValueError("it names no package")
    return name, version or ""


def _entries_one_by_one() -> tuple[list[EntryPoint], list[Candidate]]:
    """The entry points of all packages that can say theirs, and a candidate for each that can't and has one of ours."""
    from importlib.metadata import distributions

    entries: dict[str, list[EntryPoint]] = {}
    broken: list[Candidate] = []
    for dist in distributions():
        folder = _folder(dist)
        try:
            # Of two versions of a package the first one found counts, as for Python itself.
            entries.setdefault(folder.partition("-")[0].lower(), list(dist.entry_points.select(group=GROUP)))
        except Exception as error:  # noqa: BLE001 - as above
            path = Path(str(dist.locate_file(folder))) / "entry_points.txt"
            with contextlib.suppress(OSError):
                if f"[{GROUP}]".encode() in path.read_bytes():
                    broken.append(_unreadable(folder.partition("-")[0], dist, "entry_points.txt", error))
    return [entry for several in entries.values() for entry in several], broken


def _unreadable(name: str, dist: Distribution | None, file: str, error: Exception) -> Candidate:
    folder = _folder(dist) if dist is not None else ""

    def get() -> object:
        raise PluginError(
            f"{file} of its package can't be read ({folder or 'not found'}): {type(error).__name__}: {said_by(error)}",
            kind="metadata",
            hint="install its package again",
        ) from error

    return Candidate(name=name, get=get, package=folder.partition("-")[0])


def _folder(dist: Distribution) -> str:
    """The name of the folder that describes a package: pipekit_acme-1.2.dist-info."""
    return getattr(getattr(dist, "_path", None), "name", "")


def load(candidate: Candidate) -> Loaded:
    """Load one plugin and ask all its hooks but the commands; whatever goes wrong sets it aside."""

    def ask(plugin: object, manager: pluggy.PluginManager, loaded: Loaded) -> None:
        loaded.found = _ask(manager, plugin)
        loaded.listener = _listener(manager)

    return _asked(candidate, ask)


def commands_of(candidate: Candidate) -> Loaded:
    """Load one plugin and ask it for its commands alone, with the same guard."""

    def ask(_: object, manager: pluggy.PluginManager, loaded: Loaded) -> None:
        import click

        results = [list(result) for result in manager.hook.pipekit_commands()]
        given = tuple((str(one.name), one) for result in results for one in result if isinstance(one, click.Command))
        if len(given) < sum(map(len, results)):
            raise PluginError("pipekit_commands gave something that is no click command", kind="junk")
        loaded.found = [Found(hook="pipekit_commands", given=given)]

    return _asked(candidate, ask)


def _asked(candidate: Candidate, ask: Callable[[object, pluggy.PluginManager, Loaded], None]) -> Loaded:
    loaded = Loaded(candidate=candidate)
    began = time.perf_counter()
    try:
        with _guarded():
            plugin = candidate.get()
            _check_version(plugin)
            ask(plugin, _registered(plugin, candidate.name), loaded)
    except BaseException as error:  # a plugin's SystemExit is its own failure, as everything else
        if is_stop(error):
            raise
        loaded.reason = str(error) if isinstance(error, PipekitError) else f"{type(error).__name__}: {said_by(error)}"
        loaded.error = error
        loaded.found = []
    loaded.load_ms = (time.perf_counter() - began) * 1000
    return loaded


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """What a plugin prints while it loads goes to standard error, and the working directory stays what it was."""
    folder = os.getcwd()  # noqa: PTH109
    try:
        with printing_to_stderr():
            yield
    finally:
        if os.getcwd() != folder:  # noqa: PTH109
            os.chdir(folder)


def _check_version(plugin: object) -> None:
    version = getattr(plugin, "pipekit_api", 1)
    if version != hookspecs.API_VERSION:
        raise PluginError(
            f"it was made for version {version!r} of the plugin API, this is version {hookspecs.API_VERSION}",
            kind="api-version",
        )


def _registered(plugin: object, name: str) -> pluggy.PluginManager:
    """A manager that holds this plugin alone, so that one plugin's hooks can't hide or wrap another's."""
    manager = pluggy.PluginManager("pipekit")
    manager.add_hookspecs(hookspecs)
    known = [name for name in dir(hookspecs) if name.startswith("pipekit_")]
    for attribute in dir(plugin):
        if not attribute.startswith("pipekit_"):
            continue
        value = getattr(plugin, attribute)
        if not inspect.isroutine(value):
            continue  # such as a package called pipekit_… that the plugin imports
        marked = hasattr(value, "pipekit_impl")
        if not marked and attribute in known and not hasattr(value, "pipekit_spec"):
            raise PluginError(f"its {attribute} is not marked with @hookimpl, so it is no hook", kind="unknown-hook")
        if marked and attribute not in known:
            near = difflib.get_close_matches(attribute, known, n=1)
            raise PluginError(
                f"it has a hook that doesn't exist: {attribute}" + (f"; did you mean {near[0]}?" if near else ""),
                kind="unknown-hook",
            )
    manager.register(plugin, name)
    manager.check_pending()
    return manager


def _ask(manager: pluggy.PluginManager, plugin: object) -> list[Found]:
    found: list[Found] = []
    for hook in (*_LISTS, *_MAPPINGS):
        if hook == "pipekit_commands":
            continue  # asked only for a command name that nobody knows
        for result in getattr(manager.hook, hook)():
            check = _named if hook in _MAPPINGS else _listed
            found.append(Found(hook=hook, given=check(hook, result)))
    if isinstance(plugin, ModuleType) and not any(one.hook == "pipekit_steps" for one in found):
        # A small file of one's own needs no hook: the steps in it are what it gives.
        own = [(value.name, value) for value in vars(plugin).values() if isinstance(value, Step)]
        if own and plugin.__name__.startswith(LOCAL):
            found.append(Found(hook="pipekit_steps", given=tuple(own)))
    return found


def _listed(hook: str, result: object) -> tuple[tuple[str, Any], ...]:
    wanted: type = Step if hook == "pipekit_steps" else Workflow
    if isinstance(result, (str, bytes, Mapping)) or not isinstance(result, Iterable):
        raise PluginError(f"{hook} gave {type(result).__name__}, not a list of {wanted.__name__}s", kind="junk")
    values = list(result)
    for value in values:
        if not isinstance(value, wanted):
            raise PluginError(f"{hook} gave {value!r}, which is no {wanted.__name__}", kind="junk")
    return tuple((_name(hook, value.name), value) for value in values)


def _named(hook: str, result: object) -> tuple[tuple[str, Any], ...]:
    if not isinstance(result, Mapping):
        raise PluginError(f"{hook} gave {type(result).__name__}, not a mapping of names to factories", kind="junk")
    for name, factory in result.items():
        if not callable(factory):
            raise PluginError(f"{hook} gave {factory!r} for {name!r}, which can't be called", kind="junk")
    return tuple((_name(hook, name), factory) for name, factory in result.items())


def _name(hook: str, name: object) -> str:
    from pipekit.state.ids import is_valid_id

    if not isinstance(name, str) or not is_valid_id(name):
        raise PluginError(f"{hook} gave the name {name!r}; names are lower case letters, digits, . _ -", kind="junk")
    return name


def _listener(manager: pluggy.PluginManager) -> Callable[[Any], None] | None:
    if not manager.hook.pipekit_event.get_hookimpls():
        return None

    def tell(event: Any) -> None:
        manager.hook.pipekit_event(event=event)

    return tell
