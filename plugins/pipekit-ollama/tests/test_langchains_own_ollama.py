"""LangChain's own tests of chat models, on the one that is handed over."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_tests.unit_tests import ChatModelUnitTests
from pipekit_ollama.chat_models import GuardedChatOllama


@pytest.mark.filterwarnings("ignore::pytest_benchmark.logger.PytestBenchmarkWarning")
class TestGuardedChatOllama(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[Any]:
        return GuardedChatOllama

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "llama3.2"}

    @pytest.mark.xfail(reason="ChatOllama of langchain-ollama 1.1.0 itself doesn't tell the model of a single call")
    def test_standard_params_model_override(self, model: Any) -> None:
        super().test_standard_params_model_override(model)
