from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipekit.errors import ConfigError
from pipekit.interfaces.retrievers import Retriever
from pipekit.retrieval.folders import FolderRetriever, FolderSettings

DATA = Path(__file__).parents[2] / "data" / "backlog"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    (folder / "sub").mkdir(parents=True)
    (folder / "one.md").write_text("---\nid: N-1\ntype: adr\n---\n# Queues\n\nPersistent queues only.", "utf-8")
    (folder / "sub" / "two.markdown").write_text("# Printers\n\nLabels on rolls.", "utf-8")
    (folder / "three.txt").write_text("Printers in a file that is no Markdown.", "utf-8")
    return folder


def _retriever(*paths: object, **options: object) -> FolderRetriever:
    return FolderRetriever(FolderSettings(paths=tuple(str(path) for path in paths), **options))  # type: ignore[arg-type]


def test_it_is_a_retriever(notes: Path) -> None:
    assert isinstance(_retriever(notes), Retriever)


def test_markdown_is_found_in_the_folder_and_those_in_it(notes: Path) -> None:
    retriever = _retriever(notes)
    assert [hit.source for hit in retriever.search("printers", limit=5)] == ["notes/sub/two.markdown"]
    assert [(hit.id, hit.kind) for hit in retriever.search("queues", limit=5)] == [("N-1", "adr")]


def test_paths_are_relative_to_the_given_folder(notes: Path) -> None:
    retriever = FolderRetriever(FolderSettings(paths=("notes",)), notes.parent)
    assert len(retriever.search("printers queues", limit=5)) == 2


def test_a_single_file_can_be_named(notes: Path) -> None:
    assert [hit.source for hit in _retriever(notes / "one.md").search("queues", limit=5)] == ["one.md"]


def test_a_file_named_twice_is_found_once(notes: Path) -> None:
    assert len(_retriever(notes, notes / "one.md", notes).search("queues", limit=5)) == 1


def test_a_missing_folder_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder") as caught:
        _retriever(tmp_path / "nowhere").search("x", limit=1)
    assert caught.value.field == "retrievers.folder.paths"


@pytest.mark.parametrize("paths", [(), ("",)])
def test_settings_without_a_path_are_refused(paths: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        FolderSettings(paths=paths)


def test_an_empty_folder_finds_nothing(tmp_path: Path) -> None:
    assert list(_retriever(tmp_path).search("anything", limit=5)) == []


def test_one_broken_file_is_a_warning_and_the_rest_is_found(notes: Path, caplog: pytest.LogCaptureFixture) -> None:
    (notes / "broken.md").write_text("---\ntitle: [open\n---\nWalrus text.", "utf-8")
    (notes / "binary.md").write_bytes(b"\x00\x01walrus")
    (notes / "latin.md").write_bytes("Walrus café".encode("latin-1"))
    retriever = _retriever(notes)
    with caplog.at_level(logging.WARNING):
        found = {hit.source for hit in retriever.search("walrus", limit=5)}
    assert found == {"notes/broken.md", "notes/latin.md"}
    assert sorted(warning.split(":", 1)[0] for warning in retriever.warnings) == [
        "notes/binary.md",
        "notes/broken.md",
        "notes/latin.md",
    ]
    assert len(caplog.records) == 3


def test_windows_line_ends_and_a_byte_order_mark_are_read(notes: Path) -> None:
    (notes / "windows.md").write_bytes(b"\xef\xbb\xbf---\r\nid: W-1\r\n---\r\n# Walrus\r\n")
    retriever = _retriever(notes)
    assert [hit.id for hit in retriever.search("walrus", limit=5)] == ["W-1"]
    assert retriever.warnings == ()


def test_hidden_folders_are_left_out(notes: Path) -> None:
    (notes / ".git").mkdir()
    (notes / ".git" / "readme.md").write_text("Walrus", "utf-8")
    assert list(_retriever(notes).search("walrus", limit=5)) == []


def test_a_link_out_of_the_folder_is_left_out_with_a_warning(notes: Path) -> None:
    outside = notes.parent / "secret.md"
    outside.write_text("Walrus", "utf-8")
    (notes / "link.md").symlink_to(outside)
    retriever = _retriever(notes)
    assert list(retriever.search("walrus", limit=5)) == []
    assert "leads out of notes" in retriever.warnings[0]


def test_the_fingerprint_changes_with_content_and_names_and_nothing_else(notes: Path) -> None:
    first = _retriever(notes).fingerprint()
    assert _retriever(notes).fingerprint() == first
    (notes / "three.txt").write_text("changed", "utf-8")
    assert _retriever(notes).fingerprint() == first
    (notes / "one.md").rename(notes / "uno.md")
    renamed = _retriever(notes).fingerprint()
    assert renamed != first
    (notes / "uno.md").write_text("changed", "utf-8")
    assert _retriever(notes).fingerprint() not in (first, renamed)


def test_after_a_changed_fingerprint_the_new_content_is_found(notes: Path) -> None:
    retriever = _retriever(notes)
    assert list(retriever.search("walrus", limit=5)) == []
    (notes / "new.md").write_text("Walrus", "utf-8")
    retriever.fingerprint()
    assert len(retriever.search("walrus", limit=5)) == 1


def test_a_kept_index_gives_the_same_hits(notes: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    without = list(_retriever(notes).search("printers queues", limit=5))
    assert list(_retriever(notes, cache=str(cache)).search("printers queues", limit=5)) == without
    assert len(list(cache.iterdir())) == 1
    assert list(_retriever(notes, cache=str(cache)).search("printers queues", limit=5)) == without


def test_a_damaged_kept_index_is_made_anew(notes: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    _retriever(notes, cache=str(cache)).fingerprint()
    (kept,) = cache.iterdir()
    content = kept.read_bytes()
    kept.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    assert len(_retriever(notes, cache=str(cache)).search("printers queues", limit=5)) == 2


def test_old_kept_indexes_are_removed(notes: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for number in range(8):
        (notes / "one.md").write_text(f"Number {number}", "utf-8")
        _retriever(notes, cache=str(cache)).fingerprint()
    assert len(list(cache.glob("pipekit-index-*.db"))) == 4


def test_nothing_that_is_not_the_indexs_own_is_removed_or_written_through(notes: Path, tmp_path: Path) -> None:
    """A project's file may name any folder as its cache."""
    cache = tmp_path / "cache"
    _retriever(notes, cache=str(cache)).fingerprint()
    (kept,) = cache.iterdir()
    theirs = [tmp_path / "elsewhere.db", *(cache / f"index-{number}.db" for number in range(8))]
    kept.rename(theirs[0])
    kept.symlink_to(theirs[0])
    for path in theirs[1:]:
        path.write_bytes(b"theirs")
    before = {path: path.read_bytes() for path in theirs}
    (notes / "one.md").write_text("Walrus", "utf-8")

    assert len(_retriever(notes, cache=str(cache)).search("walrus", limit=5)) == 1

    assert {path: path.read_bytes() for path in theirs} == before


def test_a_link_in_the_place_of_a_kept_index_is_replaced_and_not_followed(notes: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    _retriever(notes, cache=str(cache)).fingerprint()
    (kept,) = cache.iterdir()
    kept.rename(tmp_path / "elsewhere.db")
    kept.symlink_to(tmp_path / "elsewhere.db")
    before = (tmp_path / "elsewhere.db").read_bytes()
    assert len(_retriever(notes, cache=str(cache)).search("printers queues", limit=5)) == 2
    assert not kept.is_symlink()
    assert (tmp_path / "elsewhere.db").read_bytes() == before


def test_many_threads_can_search_at_once(notes: Path) -> None:
    retriever = _retriever(notes)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: len(retriever.search("printers queues", limit=5)), range(40)))
    assert found == [2] * 40


def test_the_past_of_the_sample_team_is_found_again() -> None:
    """Recall among the first five, over 25 queries of which half share hardly a word with the text they mean."""
    from ruamel.yaml import YAML

    queries = YAML(typ="safe", pure=True).load((DATA / "retrieval.gold.yaml").read_text("utf-8"))["queries"]
    retriever = _retriever(DATA)
    recalls: dict[str, list[float]] = {"lexical": [], "paraphrase": []}
    for query in queries:
        found = {hit.id for hit in retriever.search(query["query"], limit=5)}
        recalls[query["kind"]].append(len(found & set(query["relevant"])) / len(query["relevant"]))
    assert sum(recalls["lexical"]) / len(recalls["lexical"]) >= 0.95
    assert sum(recalls["paraphrase"]) / len(recalls["paraphrase"]) >= 0.7
