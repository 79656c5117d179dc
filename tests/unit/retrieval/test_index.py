from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.retrieval.documents import Document
from pipekit.retrieval.index import MAX_WORDS, TextIndex, query_words

DOCUMENTS = (
    Document(source="a.md", id="A", title="Label printers", text="Printers accept fixed width files.", kind="doc"),
    Document(source="b.md", id="B", title="Refund rules for groups", text="Schools get money back.", kind="doc"),
    Document(
        source="c.md", id="C", title="Replace the wallet framework", text="Ported in 14 days. The printers were slow."
    ),
    Document(
        source="d.md",
        id="D",
        title="ADR: persistent queue",
        text="Background work goes through a queue.",
        kind="adr",
        tags=("jobs",),
        attributes={"status": "accepted"},
    ),
    Document(source="e.md", id="E", title="Allergen data", text="Allergens are missing.", kind="work-item"),
)


@pytest.fixture(scope="module")
def index() -> TextIndex:
    return TextIndex.build(DOCUMENTS)


def _ids(index: TextIndex, query: str, kind: str | None = None) -> list[str]:
    return [hit.id for hit in index.search(query, limit=5, kind=kind)]


def test_the_document_about_the_words_comes_first(index: TextIndex) -> None:
    assert _ids(index, "which files can the printers read") == ["A", "C"]


def test_other_forms_of_a_word_are_found(index: TextIndex) -> None:
    assert _ids(index, "printing refunds")[:1] == ["B"]
    assert _ids(index, "allergies") == ["E"]


def test_tags_count(index: TextIndex) -> None:
    assert _ids(index, "a job") == ["D"]


def test_a_kind_leaves_the_others_out(index: TextIndex) -> None:
    assert _ids(index, "printers", kind="work-item") == ["C"]
    assert _ids(index, "printers", kind="adr") == []


def test_a_hit_says_what_it_is_and_where_it_stands(index: TextIndex) -> None:
    (hit,) = index.search("persistent queue", limit=5)
    assert (hit.title, hit.source, hit.kind, hit.id) == ("ADR: persistent queue", "d.md", "adr", "D")
    assert hit.snippet == "Background work goes through a queue."
    assert hit.attributes == {"status": "accepted"}


def test_relevance_says_how_much_of_the_query_a_document_covers(index: TextIndex) -> None:
    (full, *_) = index.search("label printers fixed width", limit=1)
    (part, *_) = index.search("label stickers for greenhouse plants with waterproof ink", limit=1)
    assert full.relevance == 1.0
    assert 0 < part.relevance < 0.3


def test_hits_come_best_first(index: TextIndex) -> None:
    relevances = [hit.relevance for hit in index.search("printers files refund queue", limit=5)]
    assert len(relevances) > 2
    assert relevances == sorted(relevances, reverse=True)


@pytest.mark.parametrize("query", ["", "   ", "the of and", "?!", "zebra"])
def test_a_query_without_a_known_word_finds_nothing(index: TextIndex, query: str) -> None:
    assert list(index.search(query, limit=5)) == []


@pytest.mark.parametrize("limit", [0, -1])
def test_no_room_means_no_hits(index: TextIndex, limit: int) -> None:
    assert list(index.search("printers", limit=limit)) == []


@pytest.mark.parametrize(
    "query",
    [
        'printers" OR "queue',
        "printers*",
        "title:printers",
        "NEAR(printers files)",
        "printers AND NOT queue",
        "^printers",
        "'",
    ],
)
def test_the_syntax_of_the_database_means_nothing_in_a_query(index: TextIndex, query: str) -> None:
    words = " ".join(query_words(query))
    assert list(index.search(query, limit=5)) == list(index.search(words, limit=5))


@given(st.text(max_size=200))
def test_any_text_is_a_query(query: str) -> None:
    for hit in TextIndex.build(DOCUMENTS[:2]).search(query, limit=3):
        assert 0.0 < hit.relevance <= 1.0


def test_only_the_first_words_of_an_endless_query_are_looked_at() -> None:
    assert len(query_words(" ".join(f"word{n}" for n in range(500)))) == MAX_WORDS


def test_words_that_most_documents_have_are_dropped() -> None:
    documents = [Document(source=f"{n}.md", id=str(n), title=f"Report {n}", text="weekly figures") for n in range(200)]
    documents.append(Document(source="x.md", id="x", title="Report on otters", text="weekly figures"))
    index = TextIndex.build(documents)
    assert _ids(index, "weekly report on otters") == ["x"]
    assert _ids(index, "weekly report") == []


def test_a_long_document_gives_one_hit_with_the_part_that_fits() -> None:
    text = "\n".join(f"## Chapter {n}\n\nAbout topic{n} and nothing else.\n" for n in range(20))
    (hit,) = TextIndex.build([Document(source="book.md", title="A book", text=text)]).search("topic7", limit=5)
    assert hit.snippet == "About topic7 and nothing else."


def test_a_document_of_many_parts_leaves_the_others_their_places() -> None:
    book = "\n".join(f"## Chapter {n}\n\nThe otter and the heron, {n}.\n" for n in range(500))
    documents = [Document(source=f"{n}.md", id=f"{n:03}", title=f"Otter {n}", text="Fish.") for n in range(150)]
    documents += [Document(source=f"x{n}.md", id=f"x{n:04}", title=f"Note {n}", text="Reeds.") for n in range(6000)]
    index = TextIndex.build([Document(source="book.md", id="book", title="Otter, heron", text=book), *documents])
    assert _ids(index, "an otter and a heron") == ["book", "000", "001", "002", "003"]
    assert len(index.search("an otter and a heron", limit=100)) == 100


def test_a_snippet_is_short_and_holds_the_words() -> None:
    filler = "lorem ipsum dolor sit amet " * 20
    (hit,) = TextIndex.build(
        [Document(source="long.md", title="Long", text=f"{filler} the walrus sleeps {filler}")]
    ).search("walrus", limit=1)
    assert "walrus" in hit.snippet
    assert len(hit.snippet) < 300
    assert hit.snippet.startswith("… ")
    assert hit.snippet.endswith(" …")


def test_an_index_in_a_file_answers_like_one_in_memory(tmp_path: Path, index: TextIndex) -> None:
    TextIndex.build(DOCUMENTS, tmp_path / "index.db").close()
    kept = TextIndex.open(tmp_path / "index.db")
    assert kept is not None
    assert list(kept.search("label printers", limit=5)) == list(index.search("label printers", limit=5))
    assert [path.name for path in tmp_path.iterdir()] == ["index.db"]
    kept.close()


def test_a_file_that_is_no_index_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "junk.db").write_bytes(b"no database at all" * 300)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.close()
    assert TextIndex.open(tmp_path / "missing.db") is None
    assert TextIndex.open(tmp_path / "junk.db") is None
    assert TextIndex.open(tmp_path / "other.db") is None
