"""A model is asked with the rendered prompt, and its answer is checked before a step sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from pipekit.errors import PluginError, ProviderError, StepError
from pipekit.interfaces import ModelInfo, ModelOptions, ProviderFailure
from pipekit.llm.ask import ModelService
from pipekit.llm.providers.offline import OfflineProvider
from pipekit.state.record import Usage


@frozen
class Verdict:
    is_good: bool
    reason_given: str


class FakeProvider:
    """Hands over a model that says what it is told to."""

    secrets: Sequence[str] = ()

    def __init__(self, *replies: str | AIMessage | Exception) -> None:
        self._replies = list(replies)
        self.model = GenericFakeChatModel(messages=iter(self._next, None))

    def _next(self) -> Any:
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        return self.model

    def describe(self, model: str) -> ModelInfo:
        return ModelInfo(name=model)

    def models(self) -> Sequence[ModelInfo]:
        return []

    def failure(self, error: Exception) -> ProviderFailure | None:
        return ProviderFailure(kind="rate", message="too many") if isinstance(error, OSError) else None


GOOD = '{"isGood": true, "reasonGiven": "it is"}'


def ask(folder: Path, *replies: str | AIMessage | Exception, usages: list[Usage] | None = None) -> Verdict:
    (folder / "judge.md").write_text("Judge {{ text }}")
    told = usages.append if usages is not None else (lambda _: None)
    service = ModelService(FakeProvider(*replies), "m", ModelOptions(), prompt_folders=[folder], on_call=told)
    return asyncio.run(service.ask("judge", returns=Verdict, text="a </text> b"))


@pytest.mark.parametrize("reply", [GOOD, f"Here:\n```json\n{GOOD}\n```\nDone."])
def test_a_valid_answer_becomes_a_value(tmp_path: Path, reply: str) -> None:
    assert ask(tmp_path, reply) == Verdict(True, "it is")


def test_an_answer_that_does_not_fit_is_sent_back_once(tmp_path: Path) -> None:
    usages: list[Usage] = []
    assert ask(tmp_path, '{"isGood": "yes"}', GOOD, usages=usages).is_good
    assert len(usages) == 2


@pytest.mark.parametrize(
    "reply", ["", "no JSON", '{"isGood": "true", "reasonGiven": ""}', f"```\n{GOOD}\n```\n```\n{GOOD}\n```"]
)
def test_two_answers_that_do_not_fit_are_an_error(tmp_path: Path, reply: str) -> None:
    with pytest.raises(StepError, match="gave no valid answer to judge"):
        ask(tmp_path, reply, reply)


def test_an_answer_that_was_cut_off_is_never_a_success(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="cut off"):
        ask(tmp_path, AIMessage(GOOD, response_metadata={"finish_reason": "length"}))


def test_a_vendors_error_is_translated(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="too many") as caught:
        ask(tmp_path, OSError("429"))
    assert caught.value.kind == "rate"
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        ask(tmp_path, ZeroDivisionError("x"))


def test_a_missing_prompt_is_named_with_its_place(tmp_path: Path) -> None:
    service = ModelService(FakeProvider(), "m", ModelOptions(), prompt_folders=[tmp_path], on_call=lambda _: None)
    with pytest.raises(PluginError, match="no prompt for the task 'other'") as caught:
        asyncio.run(service.ask("other", returns=str))
    assert str(tmp_path / "other.md") in caught.value.where


def test_the_offline_provider_never_pretends_to_be_a_model() -> None:
    with pytest.raises(ProviderError, match="deterministic rules"):
        OfflineProvider().chat_model("offline", ModelOptions())
