"""LangChain's own tests of chat models, on the one that is handed over."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_tests.unit_tests import ChatModelUnitTests
from pipekit_anthropic.chat_models import GuardedChatAnthropic


@pytest.mark.filterwarnings("ignore:Unrecognized structured output method 'json_mode'")
@pytest.mark.filterwarnings("ignore::pytest_benchmark.logger.PytestBenchmarkWarning")
class TestGuardedChatAnthropic(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[Any]:
        return GuardedChatAnthropic

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "claude-sonnet-4-6", "api_key": "sk-none"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return (
            {"ANTHROPIC_API_KEY": "sk-of-the-environment"},
            {"model": "claude-sonnet-4-6"},
            {"anthropic_api_key": "sk-of-the-environment"},
        )
