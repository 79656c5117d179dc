"""What every provider must do: hand over models that answer as they were told to."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal

import pytest

from pipekit.errors import PipekitError
from pipekit.interfaces import LLMProvider, ModelOptions
from pipekit.llm.candidates import Candidate
from pipekit.testing.contracts.asking import ask, ask_now, candidate_of
from pipekit.testing.contracts.provider_tests import ANSWER, ProviderTests
from pipekit.testing.loopback import Received
from pipekit.testing.vendors import Answer, VendorServer

__all__ = ["AnswerTests"]

#: Seconds after which a model with a time limit of half a second has none.
_MOST_PATIENCE = 10.0


class AnswerTests(ProviderTests):
    """``chat_model``, its options, and its answers: those that are no success are seen as such."""

    def test_it_hands_over_a_chat_model_of_langchain(self, provider: LLMProvider) -> None:
        """One that hands over none says so with a `PipekitError`."""
        from langchain_core.language_models import BaseChatModel

        if "chat" in self.abilities:
            assert isinstance(provider.chat_model(self.model, ModelOptions()), BaseChatModel)
        else:
            with pytest.raises(PipekitError):
                provider.chat_model(self.model, ModelOptions())

    def test_each_method_gives_the_answer(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Those that describe() tells, with one request each."""
        asked = self._asked(server)
        for number, method in enumerate(provider.describe(self.model).methods, 1):
            outcome = ask_now(candidate_of(provider, self.model, method))
            assert outcome.problem is None, f"{method}: {outcome.problem} {outcome.message}"
            assert json.loads(outcome.text) == json.loads(ANSWER.text), f"{method} gives other words than the model's"
            assert len(asked.questions) == number, f"{method} takes more than one request"

    def test_the_temperature_is_honoured(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """It stands in the request; left out, it doesn't."""
        asked = self._asked(server)
        self._needs("temperature")
        ask_now(candidate_of(provider, self.model), temperature=0.3125)
        assert _says(asked.questions[-1], 0.3125), "the temperature isn't sent"
        ask_now(candidate_of(provider, self.model))
        assert not _says(asked.questions[-1], 0.3125), "a temperature is sent that nobody asked for"

    def test_the_largest_length_of_an_answer_is_honoured(
        self, provider: LLMProvider, server: VendorServer | None
    ) -> None:
        """It stands in the request."""
        asked = self._asked(server)
        self._needs("max_tokens")
        ask_now(candidate_of(provider, self.model), max_tokens=317)
        assert _says(asked.questions[-1], 317), "max_tokens isn't sent"

    def test_the_time_limit_is_honoured(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """The client itself gives up on a server that says nothing: a run that waits would keep its thread."""
        asked = self._asked(server)
        self._needs("timeout")
        asked.will(asked.say_nothing)
        model = provider.chat_model(self.model, ModelOptions(timeout=0.5))

        async def go() -> None:
            with suppress(asyncio.CancelledError):
                asking = asyncio.ensure_future(model.ainvoke("hello"))
                done, _ = await asyncio.wait([asking], timeout=_MOST_PATIENCE)
                if not done:
                    asked.will(ANSWER)
                    asking.cancel()
                    pytest.fail("the client goes on waiting after its time limit")
                await asking

        with pytest.raises(Exception) as caught:  # noqa: PT011 - which error, failure() tells
            asyncio.run(go())
        self._is_known(provider, caught.value, "timeout")

    def test_two_models_keep_their_own_options(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Steps with different options share a provider; neither sees the other's."""
        asked = self._asked(server)
        options: list[Mapping[str, Any]] = [{}, {}]
        for name, numbers in (("temperature", (0.3125, 0.6875)), ("max_tokens", (317, 631))):
            if name in self.abilities:
                options = [{**given, name: number} for given, number in zip(options, numbers, strict=True)]
        models = [candidate_of(provider, self.model), candidate_of(provider, self.model)]
        for one, given in zip(models, options, strict=True):
            one.model(ModelOptions(timeout=30.0, **given))
        for this, other in ((0, 1), (1, 0), (0, 1)):
            ask_now(models[this], **options[this])
            request = asked.questions[-1]
            assert all(_says(request, number) for number in options[this].values()), "a model lost its options"
            assert not any(_says(request, number) for number in options[other].values()), "it has another model's"

    def test_models_answer_in_several_event_loops(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Each run has a loop of its own: a model outlives one, and runs at once have models of the same provider."""
        asked = self._asked(server)
        asked.will(lambda exchange: asked.answer(exchange, Answer(text=_token(exchange.received))))
        wrong: list[str] = []

        async def several(model: Candidate, run: int) -> None:
            questions = [f"question-{run}-{number}" for number in range(4)]
            asking = (ask(model, one, ModelOptions(timeout=30.0)) for one in questions)
            for question, outcome in zip(questions, await asyncio.gather(*asking), strict=True):
                if outcome.text != question:
                    wrong.append(f"{question} got {outcome}")

        def run(number: int) -> None:
            try:
                model = candidate_of(provider, self.model, "text")
                asyncio.run(several(model, number))
                asyncio.run(several(model, number + 1))
            except BaseException as error:  # noqa: BLE001 - pytest.fail is none of Exception; told below
                wrong.append(repr(error))

        threads = [threading.Thread(target=run, args=(number,)) for number in (1, 3, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not wrong

    def test_the_tokens_are_told(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """They are added up for the run, and checked against its budget."""
        self._asked(server)
        self._needs("usage")
        usage = ask_now(candidate_of(provider, self.model)).usage
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens) == (ANSWER.input_tokens, ANSWER.output_tokens)

    @pytest.mark.parametrize("stop", ["truncated", "declined", "filtered"])
    def test_an_answer_that_is_no_success_is_seen_as_such(
        self, provider: LLMProvider, server: VendorServer | None, stop: Literal["truncated", "declined", "filtered"]
    ) -> None:
        """With every method: half an answer reads like a whole one, so the reason to stop has to come through."""
        asked = self._asked(server)
        self._needs(stop)
        text = {"truncated": '{"title": "Book an en', "declined": "I can't help with that.", "filtered": ""}[stop]
        asked.will(Answer(text=text, stop=stop))
        for method in provider.describe(self.model).methods:
            outcome = ask_now(candidate_of(provider, self.model, method))
            assert outcome.problem == stop, f"{method}: taken for {outcome.problem or 'a success'}"

    def test_an_empty_answer_is_no_success(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Nothing is not an answer."""
        asked = self._asked(server)
        asked.will(Answer(text=""))
        outcome = ask_now(candidate_of(provider, self.model, "text"))
        assert outcome.problem is not None, f"an empty answer became {outcome.text!r}"


def _says(request: Received, number: float) -> bool:
    """Whether a number stands in the body of a request, under whatever name."""
    try:
        return any(type(leaf) in (int, float) and leaf == number for leaf in _leaves(request.json))
    except ValueError:
        return str(number).encode() in request.body


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value


def _token(request: Received) -> str:
    """The question's own word, which the model repeats."""
    found = re.search(rb"question-\d+-\d+", request.body)
    return found.group().decode() if found else "no question"
