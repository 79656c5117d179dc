"""The built-in retrievers, registered like anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipekit.hookspecs import hookimpl

if TYPE_CHECKING:
    from pipekit.hookspecs import Factory

pipekit_api = 1


@hookimpl
def pipekit_retrievers() -> Mapping[str, Factory]:
    """``folder``: Markdown files with YAML front matter; ``index``: what ``pipekit index`` has collected."""
    from pipekit.retrieval.folders import FolderRetriever
    from pipekit.retrieval.indexed import IndexRetriever

    return {"folder": FolderRetriever, "index": IndexRetriever}
