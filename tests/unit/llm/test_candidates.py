"""One model as it is asked: made once, and told once what an answer must look like."""

from __future__ import annotations

from typing import Any

from attrs import evolve

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
