"""What is known of Anthropic's models: from the model profiles of langchain-anthropic 1.7.10, read on 2026-11-25."""

from __future__ import annotations

from attrs import frozen

__all__ = ["KnownModel", "known_model"]


@frozen
class KnownModel:
    """``window``: tokens that go in; ``most``: tokens that come out.

    ``schema``: it has structured output; ``temperature``: it takes one.
    """

    window: int
    most: int
    schema: bool = True
    temperature: bool = True


_KNOWN = {
    "claude-fable-5": KnownModel(1_000_000, 128_000, temperature=False),
    "claude-haiku-4-5": KnownModel(200_000, 64_000),
    "claude-haiku-5-5": KnownModel(1_000_000, 128_000, schema=False, temperature=False),
    "claude-opus-4-5": KnownModel(200_000, 64_000),
    "claude-opus-4-6": KnownModel(1_000_000, 128_000),
    "claude-opus-4-7": KnownModel(1_000_000, 128_000, temperature=False),
    "claude-opus-4-8": KnownModel(1_000_000, 128_000, temperature=False),
    "claude-opus-5": KnownModel(1_000_000, 128_000, temperature=False),
    "claude-sonnet-4-5": KnownModel(200_000, 64_000),
    "claude-sonnet-4-6": KnownModel(1_000_000, 128_000),
    "claude-sonnet-5": KnownModel(1_000_000, 128_000, temperature=False),
}


def known_model(name: str) -> KnownModel | None:
    """The entry that a name or its beginning has: ``claude-opus-4-5-20251101`` is a claude-opus-4-5."""
    while name:
        if name in _KNOWN:
            return _KNOWN[name]
        name = name.rpartition("-")[0]
    return None
