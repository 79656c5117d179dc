"""The providers of the core pass the contract that strangers' providers pass."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from pipekit.interfaces import LLMProvider
from pipekit.llm.providers.offline import OfflineProvider
from pipekit.llm.providers.replay import ReplayProvider, ReplaySettings
from pipekit.testing import LLMProviderContract, ScriptedProvider


class TestOfflineProvider(LLMProviderContract):
    model = "offline"
    abilities = frozenset({"models"})

    @pytest.fixture
    def provider(self) -> LLMProvider:
        return OfflineProvider()


class TestReplayProvider(LLMProviderContract):
    model = "replay"
    abilities = frozenset({"models"})

    @pytest.fixture
    def provider(self, tmp_path: Path) -> LLMProvider:
        (tmp_path / "recording.jsonl").touch()
        return ReplayProvider(ReplaySettings(file="recording.jsonl"), tmp_path)


class TestScriptedProvider(LLMProviderContract):
    model = "m"
    secrets = ("ACME_KEY",)
    skip: ClassVar = {
        "test_importing_the_provider_loads_no_vendor": "it is a fake for tests, made of LangChain's own classes"
    }

    @pytest.fixture
    def provider(self) -> LLMProvider:
        return ScriptedProvider("yes", secrets=("ACME_KEY",))
