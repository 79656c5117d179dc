"""The hooks. Everything else is imported inside them, so that an installed plugin costs nothing until it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipekit import hookimpl

if TYPE_CHECKING:
    from pipekit.hookspecs import Factory

pipekit_api = 1


@hookimpl
def pipekit_llm_providers() -> Mapping[str, Factory]:
    """``community``: ``community/ChatLlamaCpp`` and the like."""
    from pipekit_community.chat_models import CommunityProvider

    return {"community": CommunityProvider}


@hookimpl
def pipekit_retrievers() -> Mapping[str, Factory]:
    """``community``: BM25 over files, or any other retriever of langchain-community."""
    from pipekit_community.retrievers import CommunityRetriever

    return {"community": CommunityRetriever}


@hookimpl
def pipekit_loaders() -> Mapping[str, Factory]:
    """Meetings in PDFs."""
    from pipekit_community.loaders import LOADERS

    return LOADERS
