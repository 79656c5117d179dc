"""Every hook of pipekit: the front door for plugins, ours and everybody's.

A plugin is a module named by an entry point in the group ``pipekit``::

    [project.entry-points.pipekit]
    estimates = "pipekit_estimates.plugin"

It sets ``pipekit_api = 1``, holds functions marked with `hookimpl`, and imports everything else inside them, so that
an installed plugin that isn't used costs nothing. Hooks are called one plugin at a time, the built-ins first, then by
the plugin's name. A plugin that raises, returns something else than promised, or was made for another API version is
set aside with its reason (``pipekit plugins`` shows it); the rest goes on.

Hooks that give implementations return factories: classes or functions, called once and late. A factory's parameters
are filled like a step's: a class marked `settings` gets the author's settings, `StoreURL` (stores) the address,
``logging.Logger`` a logger, ``Path`` the folder of the configuration file. It may have none.

Hooks take no arguments today (but `pipekit_event`). Arguments may be added; an implementation names those it wants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from pipekit.interfaces.steps import Step
    from pipekit.interfaces.workflows import Workflow
    from pipekit.state.events import Event

__all__ = ["API_VERSION", "Factory", "hookimpl", "hookspec"]

#: The version of this page. A plugin states the one it was made for as ``pipekit_api``; left out means 1.
API_VERSION = 1

#: Makes one implementation; see the module's text for how its parameters are filled.
Factory = Callable[..., Any]

hookspec = pluggy.HookspecMarker("pipekit")
hookimpl = pluggy.HookimplMarker("pipekit")


# --- what runs -----------------------------------------------------------------------------------------------------


@hookspec
def pipekit_steps() -> Iterable[Step[..., Any, Any]]:  # type: ignore[empty-body]
    """Steps of this plugin. Called once before a plan is made.

    A step with ``workflow="backlog"`` joins that workflow when the plugin is installed; any other runs only where a
    workflow or the configuration names it. Since API version 1.
    """


@hookspec
def pipekit_workflows() -> Iterable[Workflow]:  # type: ignore[empty-body]
    """Workflows of this plugin, chosen by ``workflow:`` in the configuration or ``--workflow``.

    A workflow may bring a ``scorer`` (`pipekit.interfaces.Scorer`) for ``pipekit eval``.

    Called once before a plan is made. Since API version 1.
    """


# --- what a run uses: name → factory -------------------------------------------------------------------------------


@hookspec
def pipekit_state_stores() -> Mapping[str, Factory]:  # type: ignore[empty-body]
    """State stores by URL scheme: ``{"sqlite": SqliteStore}`` serves ``store: sqlite:runs.db``.

    Implements `pipekit.interfaces.StateStore`. Since API version 1.
    """


@hookspec
def pipekit_llm_providers() -> Mapping[str, Factory]:  # type: ignore[empty-body]
    """Providers by the first part of a model reference: ``{"acme": AcmeProvider}`` serves ``acme/large``.

    Implements `pipekit.interfaces.LLMProvider`. ``offline`` and ``replay`` are reserved. Since API version 1.
    """


@hookspec
def pipekit_loaders() -> Mapping[str, Factory]:  # type: ignore[empty-body]
    """Loaders by the name that ``--input-format`` takes.

    Implements `pipekit.interfaces.Loader`. Since API version 1.
    """


@hookspec
def pipekit_output_formats() -> Mapping[str, Factory]:  # type: ignore[empty-body]
    """Output formats by the name that ``formats: [...]`` takes.

    Implements `pipekit.interfaces.OutputFormat`. Since API version 1.
    """


@hookspec
def pipekit_retrievers() -> Mapping[str, Factory]:  # type: ignore[empty-body]
    """Retrievers by name; one is used where the configuration has a block ``retrievers.<name>``.

    Implements `pipekit.interfaces.Retriever`. Since API version 1.
    """


@hookspec
def pipekit_executors() -> Mapping[str, Factory]:  # type: ignore[empty-body]
    """Ways to run many runs, by name.

    Implements `pipekit.interfaces.Executor`. Since API version 1.
    """


# --- what people see -----------------------------------------------------------------------------------------------


@hookspec
def pipekit_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]
    """Commands for the command line. Called only for a name that pipekit itself doesn't know.

    A command can't replace one of pipekit's own. Since API version 1.
    """


@hookspec
def pipekit_event(event: Event) -> None:
    """Told every event of every run of the pipeline that owns this plugin, in order.

    Called on the engine's thread, so it must be quick. What it raises is logged and never changes the run.
    Since API version 1.
    """
