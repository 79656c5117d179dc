"""Pipelines of LLM steps whose finished work is never lost and never paid for twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipekit.lazy import on_first_use

# Names are resolved on first use, so that `import pipekit` and `pipekit --help` load nothing they don't need.
if TYPE_CHECKING:
    from pipekit.errors import PipekitError, StepError
    from pipekit.hookspecs import hookimpl
    from pipekit.input_values import Merged, Text
    from pipekit.interfaces.llm_providers import LLM
    from pipekit.interfaces.output_formats import Rendering
    from pipekit.interfaces.retrievers import Retrieval
    from pipekit.interfaces.steps import Artifacts, Each, Question, SkipItemError, Step, StepContext, settings, step
    from pipekit.interfaces.workflows import Workflow
    from pipekit.options import Resume
    from pipekit.pipeline import Pipeline
    from pipekit.planning.select import Selection
    from pipekit.results import RunResult

__all__ = [
    "LLM",
    "Artifacts",
    "Each",
    "Merged",
    "PipekitError",
    "Pipeline",
    "Question",
    "Rendering",
    "Resume",
    "Retrieval",
    "RunResult",
    "Selection",
    "SkipItemError",
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
    "Resume": "pipekit.options",
    "Retrieval": "pipekit.interfaces.retrievers",
    "RunResult": "pipekit.results",
    "Selection": "pipekit.planning.select",
    "SkipItemError": "pipekit.interfaces.steps",
    "Step": "pipekit.interfaces.steps",
    "StepContext": "pipekit.interfaces.steps",
    "StepError": "pipekit.errors",
    "Merged": "pipekit.input_values",
    "Text": "pipekit.input_values",
    "Workflow": "pipekit.interfaces.workflows",
    "hookimpl": "pipekit.hookspecs",
    "settings": "pipekit.interfaces.steps",
    "step": "pipekit.interfaces.steps",
}

__version__ = "0.1.0"


__getattr__, __dir__ = on_first_use(__name__, _HOMES)
