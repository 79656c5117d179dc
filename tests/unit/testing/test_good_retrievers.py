"""The retrievers of the core pass the contract that strangers' retrievers pass."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipekit.interfaces import Retriever
from pipekit.retrieval.documents import Document
from pipekit.retrieval.folders import FolderRetriever, FolderSettings
from pipekit.retrieval.indexed import IndexRetriever, IndexSettings
from pipekit.retrieval.markdown_files import markdown_files
from pipekit.retrieval.stored_index import Indexed, update_index
from pipekit.testing import RetrieverContract
from pipekit.testing.contracts.retrievers import OpenRetriever

_TYPES = {"work-item": "feature", "adr": "adr", "lesson": "lesson", "doc": "doc"}


def write_documents(documents: Sequence[Document], folder: Path) -> None:
    """The documents as the files that people write."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in documents:
        front = {"id": one.id, "title": one.title, "type": _TYPES[one.kind], "tags": list(one.tags), **one.attributes}
        lines = [f"{key}: {json.dumps(value)}" for key, value in front.items()]
        path = folder / one.source
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(["---", *lines, "---", one.text, ""]), encoding="utf-8")


class TestFolderRetriever(RetrieverContract):
    @pytest.fixture
    def open_retriever(self, tmp_path: Path) -> OpenRetriever:
        number = itertools.count()

        def open_(documents: Sequence[Document]) -> Retriever:
            folder = tmp_path / str(next(number)) / "past"
            write_documents(documents, folder)
            return FolderRetriever(FolderSettings(paths=("past",)), folder.parent)

        return open_


class TestIndexRetriever(RetrieverContract):
    @pytest.fixture
    def open_retriever(self, tmp_path: Path) -> OpenRetriever:
        number = itertools.count()

        def open_(documents: Sequence[Document]) -> Retriever:
            folder = tmp_path / str(next(number)) / "past"
            write_documents(documents, folder)
            files = markdown_files(folder, set(), lambda *_: None)
            found = [Indexed(file.source, file.content) for file in files]
            update_index(folder.parent / "index.db", lambda _: found, ["past"])
            return IndexRetriever(IndexSettings(path="index.db"), folder.parent)

        return open_
