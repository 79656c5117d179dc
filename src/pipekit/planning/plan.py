"""The plan: which steps run, in which order, with which settings and model, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from attrs import field, frozen

from pipekit.config.faults import masked
from pipekit.config.model import RetrySettings
from pipekit.interfaces.steps import Step
from pipekit.planning.signature import Signature
from pipekit.secrecy import mask
from pipekit.state.record import StepKey

__all__ = ["Decision", "Plan", "PlannedStep", "Reason"]

#: ``run``: will be executed; ``reuse``: finished earlier and kept; ``skip``: left out.
Decision = Literal["run", "reuse", "skip"]


@frozen
class Reason:
    """Why something was decided: a sentence, and the place that says so (``pipekit.yaml:14:3``, ``PIPEKIT_…``)."""

    text: str
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.origin})" if self.origin else self.text


@frozen(kw_only=True)
class PlannedStep:
    """One step of a plan.

    ``model`` is the model reference that the step will use, None where it uses none; ``uses_offline_rule`` says that
    its deterministic rule stands in for a model. ``settings`` is the filled settings value of each settings parameter,
    by parameter name, ``depends_on`` the digests of what they name outside of the configuration. ``timeout`` is in
    seconds without a sign of life; None waits for ever. ``waits_for`` names the steps that have to come first.
    """

    step: Step[..., Any, Any]
    key: StepKey
    decision: Decision
    reason: Reason
    signature: Signature
    package: str = ""
    model: str | None = None
    model_reason: Reason | None = None
    uses_offline_rule: bool = False
    settings: Mapping[str, Any] = field(factory=dict)
    settings_json: Mapping[str, Any] = field(factory=dict)
    depends_on: Mapping[str, str] = field(factory=dict)
    concurrency: int = 8
    timeout: float | None = 600.0
    on_item_error: Literal["fail", "skip"] = "fail"
    min_success: float | None = None
    retry: RetrySettings | None = None
    waits_for: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The step's name."""
        return self.step.name

    @property
    def label(self) -> str:
        """How the step is shown: its number where it has one, and its name."""
        return f"{self.key} {self.name}" if isinstance(self.key, int) else self.name


@frozen(kw_only=True)
class Plan:
    """The resolved steps, in order. ``warnings`` are things a person should know that don't stop the run.

    ``input_size`` is that of the input in bytes, where there is one already.
    """

    workflow: str
    input: str
    input_type: type[object]
    steps: Sequence[PlannedStep]
    warnings: Sequence[str] = ()
    model: str = "offline"
    store: str = ""
    until: str | None = None
    parallel_steps: int = 1
    max_concurrency: int = 64
    input_size: int | None = None

    @property
    def to_run(self) -> Sequence[PlannedStep]:
        """The steps that will be executed, in order."""
        return [planned for planned in self.steps if planned.decision == "run"]

    def find(self, name: str) -> PlannedStep | None:
        """The planned step with this name."""
        return next((planned for planned in self.steps if planned.name == name), None)

    def to_json(self) -> dict[str, object]:
        """The plan as one JSON object, as ``pipekit plan --json`` prints it; secrets are masked."""
        return {
            "workflow": self.workflow,
            "model": self.model,
            "store": mask(self.store),
            "steps": [
                {
                    "step": planned.key,
                    "name": planned.name,
                    "decision": planned.decision,
                    "reason": str(planned.reason),
                    "model": planned.model,
                    "modelReason": str(planned.model_reason) if planned.model_reason else None,
                    "offlineRule": planned.uses_offline_rule,
                    "each": planned.step.each,
                    "needs": [need.name for need in planned.signature.needs],
                    "provides": list(planned.step.provides),
                    "settings": masked("", planned.settings_json),
                    "package": planned.package,
                }
                for planned in self.steps
            ],
            "warnings": list(self.warnings),
        }
