"""The contracts: one class of tests for each kind of plugin."""

from pipekit.testing.contracts.contract import Contract
from pipekit.testing.contracts.llm_providers import ABILITIES, LLMProviderContract

__all__ = ["ABILITIES", "Contract", "LLMProviderContract"]
