"""What an author writes against: protocols, and the values that cross them.

One module for each kind of plugin. Protocols hold plain synchronous methods, which the engine calls in threads;
an implementation imports what is heavy inside its methods. Attributes of protocols are read-only properties, so
that a plain class attribute (``suffixes = (".txt",)``) fits.

Names are resolved on first use: an author of one kind of plugin loads the modules of that kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipekit.lazy import on_first_use

if TYPE_CHECKING:
    from pipekit.interfaces.executors import Executor
    from pipekit.interfaces.http_failures import http_failure, retry_after
    from pipekit.interfaces.llm_providers import LLM, LLMProvider, ModelInfo, ModelOptions, ProviderFailure
    from pipekit.interfaces.loaders import Loader, Source
    from pipekit.interfaces.output_formats import (
        FormatName,
        OutputFile,
        OutputFormat,
        RenderedFile,
        Rendering,
        RunView,
    )
    from pipekit.interfaces.retrievers import Hit, Retrieval, Retriever
    from pipekit.interfaces.scorers import GoldFault, Metric, Score, Scorer, Share
    from pipekit.interfaces.state_stores import (
        Entry,
        Lease,
        Owner,
        RunQuery,
        RunSummary,
        StateStore,
        StoredRun,
        StoreURL,
    )
    from pipekit.interfaces.steps import Artifacts, Each, Question, SkipItemError, Step, StepContext, settings, step
    from pipekit.interfaces.workflows import Figure, Workflow
    from pipekit.state.record import RunRecord, StepRecord, Usage

_HOMES = {
    "LLM": "pipekit.interfaces.llm_providers",
    "Artifacts": "pipekit.interfaces.steps",
    "Each": "pipekit.interfaces.steps",
    "Entry": "pipekit.interfaces.state_stores",
    "Executor": "pipekit.interfaces.executors",
    "Figure": "pipekit.interfaces.workflows",
    "FormatName": "pipekit.interfaces.output_formats",
    "GoldFault": "pipekit.interfaces.scorers",
    "Hit": "pipekit.interfaces.retrievers",
    "LLMProvider": "pipekit.interfaces.llm_providers",
    "Lease": "pipekit.interfaces.state_stores",
    "Loader": "pipekit.interfaces.loaders",
    "Metric": "pipekit.interfaces.scorers",
    "ModelInfo": "pipekit.interfaces.llm_providers",
    "ModelOptions": "pipekit.interfaces.llm_providers",
    "OutputFile": "pipekit.interfaces.output_formats",
    "OutputFormat": "pipekit.interfaces.output_formats",
    "Owner": "pipekit.interfaces.state_stores",
    "ProviderFailure": "pipekit.interfaces.llm_providers",
    "Question": "pipekit.interfaces.steps",
    "RenderedFile": "pipekit.interfaces.output_formats",
    "Rendering": "pipekit.interfaces.output_formats",
    "Retrieval": "pipekit.interfaces.retrievers",
    "Retriever": "pipekit.interfaces.retrievers",
    "RunQuery": "pipekit.interfaces.state_stores",
    "RunRecord": "pipekit.state.record",
    "RunSummary": "pipekit.interfaces.state_stores",
    "RunView": "pipekit.interfaces.output_formats",
    "Score": "pipekit.interfaces.scorers",
    "Scorer": "pipekit.interfaces.scorers",
    "Share": "pipekit.interfaces.scorers",
    "Source": "pipekit.interfaces.loaders",
    "StateStore": "pipekit.interfaces.state_stores",
    "SkipItemError": "pipekit.interfaces.steps",
    "Step": "pipekit.interfaces.steps",
    "StepContext": "pipekit.interfaces.steps",
    "StepRecord": "pipekit.state.record",
    "StoreURL": "pipekit.interfaces.state_stores",
    "StoredRun": "pipekit.interfaces.state_stores",
    "Usage": "pipekit.state.record",
    "Workflow": "pipekit.interfaces.workflows",
    "http_failure": "pipekit.interfaces.http_failures",
    "retry_after": "pipekit.interfaces.http_failures",
    "settings": "pipekit.interfaces.steps",
    "step": "pipekit.interfaces.steps",
}

__all__ = [
    "LLM",
    "Artifacts",
    "Each",
    "Entry",
    "Executor",
    "Figure",
    "FormatName",
    "GoldFault",
    "Hit",
    "LLMProvider",
    "Lease",
    "Loader",
    "Metric",
    "ModelInfo",
    "ModelOptions",
    "OutputFile",
    "OutputFormat",
    "Owner",
    "ProviderFailure",
    "Question",
    "RenderedFile",
    "Rendering",
    "Retrieval",
    "Retriever",
    "RunQuery",
    "RunRecord",
    "RunSummary",
    "RunView",
    "Score",
    "Scorer",
    "Share",
    "SkipItemError",
    "Source",
    "StateStore",
    "Step",
    "StepContext",
    "StepRecord",
    "StoreURL",
    "StoredRun",
    "Usage",
    "Workflow",
    "http_failure",
    "retry_after",
    "settings",
    "step",
]

__getattr__, __dir__ = on_first_use(__name__, _HOMES)
