"""From an input to the workflow's first artifact, with the loaders that are installed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from pipekit.errors import InputError, PipekitError, PlanError, UsageError
from pipekit.inputs import Given, load_value, pick_loader
from pipekit.installation import Installation
from pipekit.interfaces.workflows import Workflow
from pipekit.merging import unpack
from pipekit.plugins.calling import calling_plugin
from pipekit.plugins.registry import Registry
from pipekit.secrecy import mask
from pipekit.serde import JSON, unstructure
from pipekit.state.record import InputPart, InputRef

__all__ = ["Loaded", "load_again", "load_input", "tell_unloaded"]

_HOOK = "pipekit_loaders"
_log = logging.getLogger("pipekit.inputs")


@frozen(kw_only=True)
class Loaded:
    """The first artifact as a value and as plain JSON, the name of its loader, and what a person should know of it.

    Of a merged input ``loaders`` holds the name for each part.
    """

    loader: str | None
    value: Any
    plain: JSON
    warnings: tuple[str, ...] = ()
    loaders: tuple[str | None, ...] = ()


def load_input(installation: Installation, given: Given, wanted: str | None, workflow: Workflow) -> Loaded:
    """Load a new input with the loader ``wanted``, else the one that is surest of it.

    A loader that can't be made, or raises while it looks, is left out with a warning: one broken plugin must not be in
    the way of every run.
    """
    registry = installation.registry
    if given.kind == "merged":
        check_merges(workflow)
        parts = [load_input(installation, part, wanted, workflow) for part in given.parts]
        value, plain, more = _merge(workflow, [part.value for part in parts], given.name, registry)
        named = zip(given.parts, parts, strict=True)
        told = [f"{given_part.name}: {text}" for given_part, part in named for text in part.warnings]
        return Loaded(
            loader=None,
            value=value,
            plain=plain,
            warnings=tuple(dict.fromkeys((*told, *more))),
            loaders=tuple(part.loader for part in parts),
        )
    if given.kind == "value":
        value, plain = load_value(given, None, workflow.input_type)
        return Loaded(loader=None, value=value, plain=plain)
    if wanted is not None and wanted in registry.loaders:
        installation.loader(wanted)  # what is wrong with the one that was asked for is no warning
    loaders, broken = installation.loaders()
    warnings: list[str] = []
    try:
        name = pick_loader(
            given, loaders, wanted, workflow.input_type, plugin_of=registry.plugin_of, left_out=broken.append
        )
        # Wrong settings are among the plan's own faults; and who named a loader looks for no other.
        left_out = [] if wanted else [error.message for error in broken if not isinstance(error, PlanError)]
        value, plain = load_value(
            given,
            loaders[name] if name else None,
            workflow.input_type,
            called=name or "",
            plugin=registry.plugin_of(_HOOK, name) if name else None,
            warn=warnings.append,
        )
    except InputError as error:
        if broken:
            error.hint = f"{error.hint}; left out: {'; '.join(one.message for one in broken)}"
        raise
    told = [f"{message}; this loader is left out" for message in left_out]
    return Loaded(loader=name, value=value, plain=plain, warnings=(*warnings, *told))


def load_again(installation: Installation, ref: InputRef, original: bytes, workflow: Workflow) -> JSON:
    """The first artifact of an old run as plain JSON: only the loader that it was read with is made."""
    if ref.kind == "merged":
        check_merges(workflow)
        contents = list(unpack(original, ref.name, count=len(ref.parts)))
        values = [
            _load_part(installation, part, content, workflow)[0]
            for part, content in zip(ref.parts, contents, strict=True)
        ]
        return _merge(workflow, values, ref.name, installation.registry)[1]
    return _load_part(installation, ref, original, workflow)[1]


def check_merges(workflow: Workflow) -> None:
    """`UsageError` where a workflow takes one input and no more."""
    if workflow.merge is None:
        raise UsageError(
            f"the workflow {workflow.name} takes one input a run, and can't merge several",
            kind="merge",
            hint="run them one after the other: leave --merge out",
        )


def _load_part(
    installation: Installation, ref: InputRef | InputPart, original: bytes, workflow: Workflow
) -> tuple[Any, JSON]:
    given = Given(name=ref.name, content=original, kind=ref.kind)
    loader = installation.loader(ref.format) if ref.format else None
    plugin = installation.registry.plugin_of(_HOOK, ref.format) if ref.format else None
    return load_value(given, loader, workflow.input_type, called=ref.format or "", plugin=plugin)


def _merge(
    workflow: Workflow, values: Sequence[Any], name: str, registry: Registry
) -> tuple[Any, JSON, tuple[str, ...]]:
    """The values as one, as plain JSON, and what the workflow says that a person should know."""
    assert workflow.merge is not None
    plugin = registry.plugin_of("pipekit_workflows", workflow.name)
    hint = "run the inputs one after the other: leave --merge out"
    with calling_plugin(
        f"merge of the workflow {workflow.name}", plugin, hook="pipekit_workflows", kind="merge", where=name, hint=hint
    ):
        value = workflow.merge(values)
        own = getattr(value, "warnings", ())
        before = tuple(str(text) for one in values for text in getattr(one, "warnings", ()))
        told = own if isinstance(own, tuple) else ()
        # What was said of one input is told with its name already.
        return value, unstructure(value), tuple(text for text in map(str, told) if not text.endswith(before))


def tell_unloaded(run_id: str, error: PipekitError) -> None:
    """Say why the input of an old run isn't there; what its steps made can still be looked at."""
    _log.warning("the input of %s can't be loaded: %s", run_id, mask(str(error)))
