"""Pipelines of LLM steps whose finished work is never lost and never paid for twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Names are resolved on first use, so that `import pipekit` and `pipekit --help` load nothing they don't need.
if TYPE_CHECKING:
    from pipekit.errors import PipekitError, StepError
    from pipekit.hookspecs import hookimpl
    from pipekit.interfaces.llm_providers import LLM
    from pipekit.interfaces.output_formats import Rendering
    from pipekit.interfaces.retrievers import Retrieval
    from pipekit.interfaces.steps import Artifacts, Each, Question, Step, StepContext, settings, step
    from pipekit.interfaces.workflows import Workflow
    from pipekit.pipeline import Pipeline, Resume, RunResult, Text
    from pipekit.planning.select import Selection

__all__ = [
    "LLM",
    "Artifacts",
    "Each",
    "PipekitError",
    "Pipeline",
    "Question",
    "Rendering",
    "Resume",
    "Retrieval",
    "RunResult",
    "Selection",
    "Step",
    "StepContext",
    "StepError",
    "Text",
    "Workflow",
    "__version__",
    "hookimpl",
    "settings",
    "step",
]

_HOMES = {
    "LLM": "pipekit.interfaces.llm_providers",
    "Artifacts": "pipekit.interfaces.steps",
    "Each": "pipekit.interfaces.steps",
    "PipekitError": "pipekit.errors",
    "Pipeline": "pipekit.pipeline",
    "Question": "pipekit.interfaces.steps",
    "Rendering": "pipekit.interfaces.output_formats",
    "Resume": "pipekit.pipeline",
    "Retrieval": "pipekit.interfaces.retrievers",
    "RunResult": "pipekit.pipeline",
    "Selection": "pipekit.planning.select",
    "Step": "pipekit.interfaces.steps",
    "StepContext": "pipekit.interfaces.steps",
    "StepError": "pipekit.errors",
    "Text": "pipekit.pipeline",
    "Workflow": "pipekit.interfaces.workflows",
    "hookimpl": "pipekit.hookspecs",
    "settings": "pipekit.interfaces.steps",
    "step": "pipekit.interfaces.steps",
}

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'pipekit' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
