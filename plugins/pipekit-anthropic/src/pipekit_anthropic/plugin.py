"""The hook. The provider is imported inside it, so that an installed plugin costs nothing until it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipekit import hookimpl

if TYPE_CHECKING:
    from pipekit.hookspecs import Factory

pipekit_api = 1


@hookimpl
def pipekit_llm_providers() -> Mapping[str, Factory]:
    """``anthropic``."""
    from pipekit_anthropic.provider import AnthropicProvider

    return {"anthropic": AnthropicProvider}
