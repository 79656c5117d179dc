"""The model service of a planned step, put together from its provider and prompts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipekit.engine.bus import Bus
from pipekit.engine.calls import CallLog
from pipekit.interfaces.llm_providers import LLM, ModelOptions
from pipekit.llm.ask import ModelService
from pipekit.llm.prompts import prompt_digest
from pipekit.planning.plan import PlannedStep
from pipekit.preparing import Setup
from pipekit.state.events import CallFinished
from pipekit.state.record import Usage

__all__ = ["model_service", "prompt_now"]


def model_service(setup: Setup, planned: PlannedStep, bus: Bus, log: CallLog) -> LLM:
    """The service `LLM` for one call of a step: its model, its prompts, and the replies that are kept for it."""
    reference = planned.model or ""
    provider, _, model = reference.partition("/")
    settings = setup.configuration.settings.llm

    def told(usage: Usage) -> None:
        log.add(usage)
        bus.emit(CallFinished, step=planned.name, model=reference, usage=usage)

    return ModelService(
        setup.installation.provider(provider),
        model,
        ModelOptions(temperature=settings.temperature, timeout=settings.timeout),
        prompt_folders=_prompt_folders(setup, planned),
        on_call=told,
        on_prompt=log.prompts.__setitem__,
        replies=log,
    )


def prompt_now(setup: Setup, planned: PlannedStep, task: str) -> str | None:
    """The digest of a task's prompt as it is now, None when it is gone."""
    return prompt_digest(task, _prompt_folders(setup, planned))


def _prompt_folders(setup: Setup, planned: PlannedStep) -> Sequence[Path]:
    """The project's prompts before those beside the step's module."""
    return [setup.configuration.folder / "prompts", _beside(planned)]


def _beside(planned: PlannedStep) -> Path:
    """The prompts folder beside the module of the step's function."""
    module = sys.modules.get(planned.step.fn.__module__)
    return Path(getattr(module, "__file__", None) or ".").parent / "prompts"
