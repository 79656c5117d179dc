"""What an author writes against: protocols, and the values that cross them.

One module for each kind of plugin. Protocols hold plain synchronous methods, which the engine calls in threads;
an implementation imports what is heavy inside its methods. Attributes of protocols are read-only properties, so
that a plain class attribute (``suffixes = (".txt",)``) fits.
"""

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
from pipekit.interfaces.steps import Artifacts, Each, Question, Step, StepContext, settings, step
from pipekit.interfaces.workflows import Workflow
from pipekit.state.record import RunRecord, StepRecord, Usage

__all__ = [
    "LLM",
    "Artifacts",
    "Each",
    "Entry",
    "Executor",
    "FormatName",
    "Hit",
    "LLMProvider",
    "Lease",
    "Loader",
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
