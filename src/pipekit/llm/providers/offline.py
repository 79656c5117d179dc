"""The provider `offline`: no model at all. Steps that have a deterministic rule use that instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from pipekit.errors import ProviderError
from pipekit.interfaces.llm_providers import ModelInfo, ModelOptions, ProviderFailure

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["OfflineProvider"]


class OfflineProvider:
    """Stands for "no model": the plan gives a step's own rule in its place, so there is never anything to ask."""

    secrets: Sequence[str] = ()

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        """There is none; raises `ProviderError`."""
        del model, options
        self._refuse()

    def describe(self, model: str) -> ModelInfo:
        """What there is to know: no window, and it costs nothing."""
        return ModelInfo(name=model or "offline", methods=(), input_price=0.0, output_price=0.0)

    def models(self) -> Sequence[ModelInfo]:
        """Itself alone."""
        return [self.describe("offline")]

    def failure(self, error: Exception) -> ProviderFailure | None:
        """No client, so no client's errors."""
        del error
        return None

    def _refuse(self) -> NoReturn:
        raise ProviderError(
            "the model offline can't be asked: it stands for deterministic rules, and this step asked a model",
            kind="refused",
            provider="offline",
            hint="give the step an offline= rule, or choose a model with --model provider/model",
        )
