from __future__ import annotations

from pipekit.retrieval import plugin
from pipekit.retrieval.folders import FolderRetriever
from pipekit.retrieval.indexed import IndexRetriever


def test_the_retrievers_are_registered_by_name() -> None:
    assert plugin.pipekit_retrievers() == {"folder": FolderRetriever, "index": IndexRetriever}
    assert plugin.pipekit_api == 1
