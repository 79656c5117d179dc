"""The contract that every provider of models passes, on this one and the vendor's real client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pipekit_ollama.provider import OllamaProvider, OllamaSettings
from wirekit.contract import ContractServer
from wirekit.vendors import VENDORS

from pipekit.interfaces import LLMProvider
from pipekit.testing import ABILITIES, LLMProviderContract, VendorServer

VENDOR = VENDORS["ollama"]


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # a client builds answers unchecked
class TestOllamaProvider(LLMProviderContract):
    model = VENDOR.model
    secrets = ("ACME_KEY",)
    vendor = ("ollama", "langchain_ollama")
    abilities = ABILITIES - {"declined", "filtered"}

    @pytest.fixture
    def server(self) -> Iterator[VendorServer]:
        with ContractServer(VENDOR) as server:
            yield server

    @pytest.fixture
    def provider(self, server: VendorServer) -> LLMProvider:
        return OllamaProvider(OllamaSettings(base_url=server.url, api_key_variable="ACME_KEY"))
