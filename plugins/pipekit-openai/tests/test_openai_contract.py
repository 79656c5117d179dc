"""The contract that every provider of models passes, on this one and the vendor's real client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from wirekit.contract import ContractServer
from wirekit.vendors import VENDORS

from pipekit.interfaces import LLMProvider
from pipekit.testing import LLMProviderContract, VendorServer

VENDOR = VENDORS["openai"]


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # a client builds answers unchecked
class TestOpenAIProvider(LLMProviderContract):
    model = VENDOR.model
    secrets = ("OPENAI_API_KEY",)
    vendor = ("openai", "langchain_openai")

    @pytest.fixture
    def server(self) -> Iterator[VendorServer]:
        with ContractServer(VENDOR) as server:
            yield server

    @pytest.fixture
    def provider(self, server: VendorServer) -> LLMProvider:
        return VENDOR.make(server.url)
