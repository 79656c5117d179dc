"""The model service of a planned step, put together from its provider and prompts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pipekit.engine.bus import Bus
from pipekit.interfaces.llm_providers import LLM, ModelOptions
from pipekit.llm.ask import ModelService
from pipekit.planning.plan import PlannedStep
from pipekit.preparing import Setup
from pipekit.state.events import CallFinished
from pipekit.state.record import Usage

__all__ = ["model_service"]


def model_service(setup: Setup, planned: PlannedStep, bus: Bus, on_call: Callable[[Usage], None]) -> LLM:
    """The service `LLM` for one step: its model, the project's prompts before those beside the step's module."""
    reference = planned.model or ""
    provider, _, model = reference.partition("/")
    settings = setup.configuration.settings.llm

    def told(usage: Usage) -> None:
        on_call(usage)
        bus.emit(CallFinished, step=planned.name, model=reference, usage=usage)

    return ModelService(
        setup.installation.provider(provider),
        model,
        ModelOptions(temperature=settings.temperature, timeout=settings.timeout),
        prompt_folders=[setup.configuration.folder / "prompts", _beside(planned)],
        on_call=told,
    )


def _beside(planned: PlannedStep) -> Path:
    """The prompts folder beside the module of the step's function."""
    module = sys.modules.get(planned.step.fn.__module__)
    return Path(getattr(module, "__file__", None) or ".").parent / "prompts"
