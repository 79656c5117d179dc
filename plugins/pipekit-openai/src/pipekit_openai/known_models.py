"""What is known of OpenAI's models: from the model profiles of langchain-openai 1.7.4, read on 2026-11-25."""

from __future__ import annotations

from attrs import frozen

__all__ = ["KnownModel", "known_model"]


@frozen
class KnownModel:
    """``window``: tokens that go in; ``schema``: it has structured output; ``temperature``: it takes one."""

    window: int
    schema: bool = True
    temperature: bool = True


_KNOWN = {
    "gpt-3.5-turbo": KnownModel(16_385, schema=False),
    "gpt-4": KnownModel(8_192, schema=False),
    "gpt-4-turbo": KnownModel(128_000, schema=False),
    "gpt-4.1": KnownModel(1_047_576),
    "gpt-4o": KnownModel(128_000),
    "gpt-5": KnownModel(272_000, temperature=False),
    "gpt-5.1": KnownModel(272_000),
    "gpt-5.2": KnownModel(272_000),
    "gpt-5.4": KnownModel(1_050_000),
    "gpt-5.4-mini": KnownModel(400_000),
    "gpt-5.4-nano": KnownModel(400_000),
    "gpt-5.5": KnownModel(1_050_000, temperature=False),
    "gpt-5.6": KnownModel(1_050_000, temperature=False),
    "gpt-6-astra": KnownModel(1_050_000, temperature=False),
    "gpt-6-luna": KnownModel(1_050_000, temperature=False),
    "gpt-6-sol": KnownModel(1_050_000, temperature=False),
    "gpt-6.1-sol": KnownModel(1_050_000, temperature=False),
    "gpt-6.1-terra": KnownModel(1_050_000, temperature=False),
    "o1": KnownModel(200_000, temperature=False),
    "o3": KnownModel(200_000, temperature=False),
    "o4-mini": KnownModel(200_000, temperature=False),
}


def known_model(name: str) -> KnownModel | None:
    """The entry that a name or its beginning has: ``gpt-4o-2024-11-20`` is a gpt-4o."""
    while name:
        if name in _KNOWN:
            return _KNOWN[name]
        name = name.rpartition("-")[0]
    return None
