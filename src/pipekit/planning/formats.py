"""Settings that name output formats: each has to be there, and what it needs has to be made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import get_args

import attrs

from pipekit.config.configuration import Configuration
from pipekit.config.origin import Origin
from pipekit.config.steps import resolve_step_blocks
from pipekit.errors import ConfigError, PipekitError, UsageError
from pipekit.interfaces.output_formats import FormatName
from pipekit.planning.members import aliases
from pipekit.planning.plan import PlannedStep, Reason

__all__ = ["format_faults"]


def format_faults(
    steps: Sequence[PlannedStep],
    made: Collection[str],
    unmade: Mapping[str, tuple[str, Reason]],
    configuration: Configuration,
    needs_of: Callable[[str], Sequence[str]],
) -> list[PipekitError]:
    """What is wrong with the formats that the steps to run name; ``made`` are the artifacts that there will be.

    ``unmade`` are those of steps that are left out: the step's name and why.
    ``needs_of`` gives what a format reads, ``"name?"`` where it does without, and raises for one that isn't there.
    """
    faults: list[PipekitError] = []
    for planned in steps:
        if planned.decision != "run":
            continue
        for setting, name, origin in _named(planned, configuration):
            try:
                needs = needs_of(name)
            except PipekitError as error:
                error.where = error.where or str(origin)
                faults.append(error)
                continue
            unmet = [need for need in needs if need not in made and not need.endswith("?")]
            faults += [_unmet(name, setting, need, origin, unmade.get(need)) for need in unmet]
    return faults


def _unmet(name: str, setting: str, need: str, origin: Origin, left_out: tuple[str, Reason] | None) -> PipekitError:
    text = f"the output format {name} needs {need!r}, which "
    if left_out is None:
        text += "is not made in this run"
        hint = f"take {name} out of {setting}, or run the step that makes {need!r}"
        return UsageError(text, kind="need", where=str(origin), hint=hint)
    step, reason = left_out
    text += f"{step} makes, and that step is {reason.text}"
    hint = f"run {step}, or take {name} out of {setting}"
    if reason.origin:
        return ConfigError(text, kind="need", where=reason.origin, hint=hint)
    return UsageError(text, kind="need", where=str(origin), hint=hint)


def _named(planned: PlannedStep, configuration: Configuration) -> Iterator[tuple[str, str, Origin]]:
    """Each format that a step's settings name: the setting, the format, and where it stands."""
    for value in planned.settings.values():
        attrs.resolve_types(type(value))
        for field in attrs.fields(type(value)):
            if field.type is FormatName or FormatName in get_args(field.type):
                given = getattr(value, field.name)
                names = [given] if isinstance(given, str) else list(given or ())
                origins = _origins(planned, field.name, len(names), configuration)
                for name, origin in zip(names, origins, strict=True):
                    yield f"steps.{planned.name}.{field.name}", name, origin


def _origins(planned: PlannedStep, setting: str, count: int, configuration: Configuration) -> list[Origin]:
    """Where the entries of a list were set: each at its own place, or all where the whole was."""
    blocks, _ = resolve_step_blocks(configuration, aliases({planned.name: planned.key}))
    block = blocks[planned.name]
    entries = [entry.origin for entry in block.node.get(setting) or ()]
    return entries if len(entries) == count else [block.origin(setting)] * count
