"""What a plan is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs
from attrs import frozen

from pipekit.config.configuration import Configuration
from pipekit.errors import PipekitError
from pipekit.interfaces.workflows import Workflow
from pipekit.planning.members import Registered
from pipekit.planning.select import ALL, Selection
from pipekit.state.record import StepRecord

__all__ = ["Installed", "PlanRequest"]


class Installed(Protocol):
    """What the plan asks of the plugins that are installed; each raises `PluginError` for a name that isn't there."""

    def secrets_of(self, provider: str) -> Sequence[str]:
        """The environment variables a model provider needs."""
        ...

    def is_priced(self, reference: str) -> bool:
        """Whether it is known what a model costs."""
        ...

    def needs_of(self, output_format: str) -> Sequence[str]:
        """The artifacts an output format reads, ``"name?"`` where it does without."""
        ...


@frozen(kw_only=True)
class PlanRequest:
    """Everything a plan is made of.

    ``finished`` are the finished steps of the run ``run_id`` that is resumed, by name; ``from_step`` reruns from there,
    ``rerun`` names single ones that run again, each with the reason.
    ``faults`` and ``warnings`` were found before (input, plugins), and are reported together with the plan's own.
    """

    workflow: Workflow
    registered: Sequence[Registered]
    configuration: Configuration
    installed: Installed
    environ: Mapping[str, str]
    selection: Selection = ALL
    finished: Mapping[str, StepRecord] = attrs.field(factory=dict)
    run_id: str | None = None
    from_step: str | None = None
    rerun: Mapping[str, str] = attrs.field(factory=dict)
    faults: Sequence[PipekitError] = ()
    warnings: Sequence[str] = ()
