from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipekit.errors import ConfigError
from pipekit.interfaces.retrievers import Retriever
from pipekit.retrieval import stored_index
from pipekit.retrieval.indexed import DEFAULT_PATH, IndexRetriever, IndexSettings
from pipekit.retrieval.stored_index import Indexed, update_index


def _index(folder: Path, files: Mapping[str, str]) -> None:
    found = [Indexed(f"n/{name}", text.encode()) for name, text in files.items()]
    update_index(folder / DEFAULT_PATH, lambda _: found, ["n"])


def _retriever(folder: Path) -> IndexRetriever:
    return IndexRetriever(IndexSettings(), folder)


def test_it_is_a_retriever(tmp_path: Path) -> None:
    assert isinstance(_retriever(tmp_path), Retriever)


def test_it_finds_what_was_indexed_with_its_kind_and_decision(tmp_path: Path) -> None:
    _index(tmp_path, {"a.md": "---\nid: A-1\ntype: adr\n---\n# Queues\n\n## Decision\n\nPersistent ones."})
    (hit,) = _retriever(tmp_path).search("queues", limit=5, kind="adr")
    assert (hit.id, hit.source, hit.attributes["decision"]) == ("A-1", "n/a.md", "Persistent ones.")
    assert list(_retriever(tmp_path).search("queues", limit=5, kind="doc")) == []


def test_a_changed_index_is_seen_by_who_has_it_open(tmp_path: Path) -> None:
    _index(tmp_path, {"a.md": "# Queues"})
    retriever = _retriever(tmp_path)
    before = retriever.fingerprint()
    assert retriever.fingerprint() == before
    assert list(retriever.search("walrus", limit=5)) == []
    _index(tmp_path, {"a.md": "# Walrus"})
    assert len(retriever.search("walrus", limit=5)) == 1
    assert retriever.fingerprint() != before


def test_the_same_content_indexed_elsewhere_has_the_same_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    _index(tmp_path, {"a.md": "# Queues", "b.md": "# B"})
    _index(tmp_path / "other", {"b.md": "# B"})
    _index(tmp_path / "other", {"b.md": "# B", "a.md": "# Queues"})
    assert _retriever(tmp_path).fingerprint() == _retriever(tmp_path / "other").fingerprint()


def test_while_there_is_no_index_nothing_is_found_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    retriever = _retriever(tmp_path)
    with caplog.at_level(logging.WARNING):
        retriever.fingerprint()
        assert list(retriever.search("walrus", limit=5)) == []
    assert [record.message for record in caplog.records] == [
        f"there is no index at {tmp_path / DEFAULT_PATH}; make it: pipekit index PATH"
    ]
    _index(tmp_path, {"a.md": "# Walrus"})
    assert len(retriever.search("walrus", limit=5)) == 1


def test_an_index_of_other_settings_names_the_setting_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _index(tmp_path, {"a.md": "# Walrus"})
    monkeypatch.setattr(stored_index, "INDEX_SETTINGS", {**stored_index.INDEX_SETTINGS, "gramSize": "4"})
    with pytest.raises(ConfigError, match="gramSize 3 and not 4") as caught:
        _retriever(tmp_path).fingerprint()
    assert caught.value.field == "retrievers.index.path"
    assert "--anew" in (caught.value.hint or "")


@pytest.mark.parametrize("content", [b"", b"no database" * 100])
def test_a_file_that_is_no_index_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DEFAULT_PATH).write_bytes(content)
    with pytest.raises(ConfigError, match="no index"):
        _retriever(tmp_path).search("walrus", limit=5)


@pytest.mark.parametrize("spoilt", [100, 5000, 20000])
def test_a_damaged_index_is_an_error_with_a_way_out_and_never_a_traceback(tmp_path: Path, spoilt: int) -> None:
    _index(tmp_path, {f"{number}.md": f"# Walrus {number}" for number in range(50)})
    path = tmp_path / DEFAULT_PATH
    content = path.read_bytes()
    path.write_bytes(content[:spoilt] + b"\xff" * (len(content) - spoilt))
    with pytest.raises(ConfigError, match="damaged") as caught:
        _retriever(tmp_path).search("walrus walrsu 7", limit=50)
    assert "--anew" in (caught.value.hint or "")


def test_many_threads_can_search_at_once(tmp_path: Path) -> None:
    _index(tmp_path, {"a.md": "# Queues", "b.md": "# Printers"})
    retriever = _retriever(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: len(retriever.search("printers queues", limit=5)), range(40)))
    assert found == [2] * 40


@pytest.mark.parametrize("path", ["", "index", ".db", "a/.db", "../.ssh/authorized_keys"])
def test_a_path_that_is_no_place_for_an_index_is_refused(path: str) -> None:
    with pytest.raises(ValueError):
        IndexSettings(path=path)
