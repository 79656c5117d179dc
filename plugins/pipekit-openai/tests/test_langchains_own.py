"""LangChain's own tests of chat models, on the one that is handed over."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_tests.unit_tests import ChatModelUnitTests
from pipekit_openai.chat_models import GuardedChatOpenAI


@pytest.mark.filterwarnings("ignore::pytest_benchmark.logger.PytestBenchmarkWarning")
class TestGuardedChatOpenAI(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[Any]:
        return GuardedChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "gpt-4o", "api_key": "sk-none"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return (
            {"OPENAI_API_KEY": "sk-of-the-environment"},
            {"model": "gpt-4o"},
            {"openai_api_key": "sk-of-the-environment"},
        )
