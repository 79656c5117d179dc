"""The contracts: one class of tests for each kind of plugin."""

from pipekit.testing.contracts.contract import Contract
from pipekit.testing.contracts.llm_providers import ABILITIES, LLMProviderContract
from pipekit.testing.contracts.loaders import LoaderContract
from pipekit.testing.contracts.output_formats import OutputFormatContract
from pipekit.testing.contracts.retrievers import RETRIEVER_ABILITIES, OpenRetriever, RetrieverContract
from pipekit.testing.contracts.state_stores import OpenStore, StateStoreContract
from pipekit.testing.contracts.steps import StepContract

__all__ = [
    "ABILITIES",
    "RETRIEVER_ABILITIES",
    "Contract",
    "LLMProviderContract",
    "LoaderContract",
    "OpenRetriever",
    "OpenStore",
    "OutputFormatContract",
    "RetrieverContract",
    "StateStoreContract",
    "StepContract",
]
