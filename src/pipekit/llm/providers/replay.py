"""The provider `replay`: the replies of a recording in the place of a model; what isn't recorded is a loud error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipekit.errors import ConfigError, ProviderError
from pipekit.interfaces.llm_providers import ModelInfo, ModelOptions, ProviderFailure
from pipekit.interfaces.steps import settings
from pipekit.llm.asked import Asked
from pipekit.llm.recording import Recording
from pipekit.llm.replies import Reply

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["ReplayProvider", "ReplaySettings"]


@settings
class ReplaySettings:
    """``file``: a recording made with ``--record``, relative to the folder of the configuration."""

    file: str | None = None


class ReplayProvider:
    """Answers from a recording, without LangChain and without any network."""

    secrets: Sequence[str] = ()

    def __init__(self, own: ReplaySettings, folder: Path) -> None:
        if own.file is None:
            raise ConfigError(
                "the model replay needs a recording",
                field="llm.providers.replay.file",
                hint="name one: --replay FILE, made with --record FILE",
            )
        self._recording = Recording(folder / own.file)

    def answer(self, asked: Asked) -> Reply:
        """The recorded reply to a question; `ProviderError` when there is none."""
        reply = self._recording.next(asked)
        if reply is not None:
            return reply
        known = asked.task in self._recording.tasks
        why = "it was asked something else" if known else f"it was never asked {asked.task}"
        raise ProviderError(
            f"the recording {self._recording.path} holds no reply to this question ({asked.task}): {why}",
            kind="refused",
            provider="replay",
            hint="input, prompts, settings and the steps' versions must be those of the recording; or record it again",
        )

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        """There is none: `answer` is asked in its place."""
        del model, options
        raise ProviderError("the model replay answers questions of steps only", kind="refused", provider="replay")

    def describe(self, model: str) -> ModelInfo:
        """What there is to know: recorded replies cost nothing."""
        return ModelInfo(name=model or "replay", input_price=0.0, output_price=0.0)

    def models(self) -> Sequence[ModelInfo]:
        """Itself alone."""
        return [self.describe("replay")]

    def failure(self, error: Exception) -> ProviderFailure | None:
        """No client, so no client's errors."""
        del error
        return None
