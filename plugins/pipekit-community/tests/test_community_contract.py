"""The contract that every provider of models passes.

Without a server: langchain-community's classes have no protocol in common, and errors of their own making.
"""

from __future__ import annotations

import pytest
from pipekit_community.chat_models import CommunityProvider, CommunitySettings

from pipekit.interfaces import LLMProvider
from pipekit.testing import LLMProviderContract


class TestCommunityProvider(LLMProviderContract):
    model = "FakeListChatModel"
    secrets = ("ACME_KEY",)
    vendor = ("langchain_community",)

    @pytest.fixture
    def provider(self) -> LLMProvider:
        arguments = {"FakeListChatModel": {"responses": ["yes"]}}
        return CommunityProvider(CommunitySettings(arguments=arguments, secrets=("ACME_KEY",)))
