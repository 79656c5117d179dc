"""One model as it is asked: made once, and told once what an answer must look like."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from attrs import evolve
from langchain_core.language_models import BaseChatModel

from pipekit.interfaces import ModelInfo, ModelOptions
from pipekit.llm.candidates import Candidate
from pipekit.llm.limits import Account, Limits
from pipekit.testing import ScriptedProvider
from pipekit.testing.fakes import ScriptedModel

SCHEMA = {"type": "object", "properties": {"points": {"type": "integer"}}}


class Described(ScriptedModel):
    """Counts how often it is told a schema."""

    def __init__(self, *script: str) -> None:
        super().__init__(script)
        self._told: list[Any] = []

    def with_structured_output(self, schema: Any, **how: Any) -> Any:
        self._told.append((schema, how))
        return super().with_structured_output(schema, **how)


class Provider(ScriptedProvider):
    """Hands over one model for all options."""

    def __init__(self) -> None:
        super().__init__("{}")
        self.described = Described("{}")

    def chat_model(self, model: str, options: ModelOptions) -> Any:
        return self.described


def candidate(provider: Provider) -> Candidate:
    return Candidate(
        reference="a/m",
        provider_name="a",
        name="m",
        provider=provider,
        info=ModelInfo(name="m"),
        account=Account(Limits()),
    )


def test_a_model_is_told_a_schema_once_and_not_at_every_call() -> None:
    provider = Provider()
    one = candidate(provider)
    first = one.held_to(dict(SCHEMA), "json_schema", ModelOptions())
    assert one.held_to(dict(SCHEMA), "json_schema", ModelOptions()) is first
    assert provider.described._told == [(SCHEMA, {"method": "json_schema", "include_raw": True})]


def test_another_schema_method_or_option_makes_another() -> None:
    one = candidate(Provider())
    made = {
        id(one.held_to(schema, method, options))
        for schema in (SCHEMA, {"type": "object"})
        for method in ("json_schema", "function_calling")
        for options in (ModelOptions(), ModelOptions(temperature=0.5))
    }
    assert len(made) == 8


def test_what_is_known_otherwise_is_another_candidate() -> None:
    provider = Provider()
    one = candidate(provider)
    one.held_to(SCHEMA, "json_schema", ModelOptions())
    evolve(one, info=ModelInfo(name="m", window=1)).held_to(SCHEMA, "json_schema", ModelOptions())
    assert len(provider.described._told) == 2


def test_plain_text_needs_no_schema() -> None:
    provider = Provider()
    assert candidate(provider).held_to(None, "text", ModelOptions()) is provider.described
    assert provider.described._told == []


class Tooled(Described):
    """Is told a schema in LangChain's own way: a chain that asks, and then reads the answer."""

    def __init__(self) -> None:
        super().__init__("no JSON at all")

    def bind_tools(self, tools: Any, **how: Any) -> Any:
        return self.bind()

    def with_structured_output(self, schema: Any, **how: Any) -> Any:
        return BaseChatModel.with_structured_output(self, {"title": "Points", **schema}, **how)


def test_langchains_reading_of_an_answer_is_left_out() -> None:
    provider = Provider()
    provider.described = Tooled()
    asked = candidate(provider).held_to(SCHEMA, "function_calling", ModelOptions())
    answer = asyncio.run(asked.ainvoke("How many?"))
    assert answer.text == "no JSON at all"


def test_items_that_come_at_once_share_one_model() -> None:
    class Slow(Provider):
        made = 0

        def chat_model(self, model: str, options: ModelOptions) -> Any:
            self.made += 1
            time.sleep(0.05)
            return Described("{}")

    provider = Slow()
    one = candidate(provider)
    with ThreadPoolExecutor(8) as threads:
        models = list(threads.map(lambda _: one.model(ModelOptions()), range(8)))
    assert provider.made == 1
    assert len({id(model) for model in models}) == 1
