from __future__ import annotations

from pipekit.retrieval import plugin
from pipekit.retrieval.folders import FolderRetriever


def test_the_folder_retriever_is_registered_by_name() -> None:
    assert plugin.pipekit_retrievers() == {"folder": FolderRetriever}
    assert plugin.pipekit_api == 1
