"""One call of one model whose client blocks: it has a thread, and is left behind in it when its time is over."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, SimpleChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from pipekit.interfaces import ModelOptions
from pipekit.llm.calling import call_model
from pipekit.llm.candidates import Candidate
from pipekit.llm.replies import CallError
from pipekit.testing import ScriptedProvider
from pipekit.testing.contracts.asking import candidate_of

ASKED = [HumanMessage("Is somebody there?")]


class Blocking(BaseChatModel):
    """A model whose client knows no event loop."""

    answers: Callable[[], str]

    @property
    def _llm_type(self) -> str:
        return "blocking"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self.answers()))])


class Simple(SimpleChatModel):
    """The same in LangChain's simplest form."""

    answers: Callable[[], str]

    @property
    def _llm_type(self) -> str:
        return "simple"

    def _call(self, messages: list[BaseMessage], *_: Any, **__: Any) -> str:
        return self.answers()


each_form = pytest.mark.parametrize("form", [Blocking, Simple])


class Providing(ScriptedProvider):
    """Hands over one of them."""

    def __init__(self, model: BaseChatModel) -> None:
        super().__init__("never")
        self.blocking = model

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:
        del model, options
        return self.blocking

    def failure(self, error: Exception) -> None:
        del error


def candidate(form: Callable[..., BaseChatModel], answers: Callable[[], str]) -> Candidate:
    return candidate_of(Providing(form(answers=answers)), "m")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What hangs goes on when the test is over."""
    event = threading.Event()
    yield event
    event.set()


@each_form
def test_a_call_that_never_ends_is_left_behind_and_its_loop_ends_at_once(form: Any, gate: threading.Event) -> None:
    model = candidate(form, lambda: str(gate.wait(30)))

    async def main() -> None:
        with pytest.raises(CallError) as caught:
            await call_model(model, ASKED, None, ModelOptions(timeout=0.1))
        assert caught.value.kind == "timeout"

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 5


@each_form
def test_as_many_are_asked_at_once_as_the_account_allows(form: Any) -> None:
    meeting = threading.Barrier(24)  # more than the threads that a loop has of its own

    async def main() -> list[str]:
        model = candidate(form, lambda: f"{meeting.wait(10) >= 0}")
        replies = await asyncio.gather(*(call_model(model, ASKED, None, ModelOptions()) for _ in range(24)))
        return [reply.text for reply in replies]

    assert asyncio.run(main()) == ["True"] * 24


@each_form
def test_its_error_comes_as_any_other(form: Any) -> None:
    def fail() -> str:
        raise TimeoutError("the socket timed out")

    with pytest.raises(CallError, match="no answer in time") as caught:
        asyncio.run(call_model(candidate(form, fail), ASKED, None, ModelOptions()))
    assert caught.value.kind == "timeout"
