"""A step's own settings: filled from its block, and asked which files they depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import field, frozen

from pipekit.config.steps import STEP_KEYS, ResolvedStep
from pipekit.config.structuring import NoSettings, fill
from pipekit.errors import PipekitError, PluginError
from pipekit.planning.members import Member
from pipekit.serde import unstructure

__all__ = ["StepSettings", "fill_settings", "settings_faults"]


@frozen(kw_only=True)
class StepSettings:
    """The filled value by parameter name, the same as plain JSON, and what it depends on outside of the configuration.

    ``faults`` are of the block itself, ``file_faults`` of files that it names: those matter only to a step that runs.
    """

    values: Mapping[str, Any] = field(factory=dict)
    plain: Mapping[str, Any] = field(factory=dict)
    depends_on: Mapping[str, str] = field(factory=dict)
    faults: Sequence[PipekitError] = ()
    file_faults: Sequence[PipekitError] = ()


def fill_settings(member: Member, block: ResolvedStep, folder: Path) -> StepSettings:
    """The settings of one step; ``folder`` is that of the configuration."""
    parameters = [parameter for parameter in member.signature.parameters if parameter.kind == "settings"]
    faults: list[PipekitError] = []
    if len(parameters) > 1:
        text = f"the step {member.name} takes two settings classes; put all its settings into one"
        faults.append(PluginError(text, kind="signature"))
    cls = parameters[0].annotation if parameters else NoSettings
    value, wrong = fill(cls, block.node, block.path, ignore=STEP_KEYS)
    faults.extend(wrong)
    if not parameters or value is None:
        return StepSettings(faults=faults)
    depends_on, file_faults = _depends_on(member, value, folder)
    return StepSettings(
        values={parameters[0].name: value},
        plain=unstructure(value),
        depends_on=depends_on,
        faults=faults,
        file_faults=file_faults,
    )


def settings_faults(member: Member, block: ResolvedStep) -> Sequence[PipekitError]:
    """What is wrong with the settings of a step in a block that isn't in use."""
    parameters = [parameter for parameter in member.signature.parameters if parameter.kind == "settings"]
    cls = parameters[0].annotation if parameters else NoSettings
    return fill(cls, block.node, block.path, ignore=STEP_KEYS)[1]


def _depends_on(member: Member, value: object, folder: Path) -> tuple[Mapping[str, str], Sequence[PipekitError]]:
    ask = getattr(value, "depends_on", None)
    if not callable(ask):
        return {}, ()
    try:
        found = {str(name): str(digest) for name, digest in dict(ask(folder)).items()}
    except PipekitError as error:
        error.step = error.step or member.name
        return {}, [error]
    except Exception as error:  # noqa: BLE001 - a plugin's own mistake, which the plan reports as one
        said = f"depends_on of the settings of {member.name} raised {type(error).__name__}: {error}"
        plugin = member.package.partition(" ")[0] or None
        return {}, [
            PluginError(said, kind="settings", plugin=plugin, step=member.name, hint="tell the plugin's author")
        ]
    return found, ()
