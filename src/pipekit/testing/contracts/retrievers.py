"""What every retriever must do, however it finds things."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Literal, get_args

import pytest
from attrs import evolve

from pipekit.interfaces import Hit, Retriever
from pipekit.retrieval.documents import Document
from pipekit.serde import encode, unstructure
from pipekit.testing.contracts.contract import Contract

__all__ = ["DOCUMENTS", "RETRIEVER_ABILITIES", "OpenRetriever", "RetrieverAbility", "RetrieverContract"]

#: What a retriever may lack. ``words``: a document is found by a word that only it has; ``nothing``: where nothing fits
#: it finds nothing; ``kinds``: it can be asked for documents of one kind; ``changes``: its fingerprint follows the
#: content.
RetrieverAbility = Literal["words", "nothing", "kinds", "changes"]
RETRIEVER_ABILITIES: frozenset[RetrieverAbility] = frozenset(get_args(RetrieverAbility))
#: A retriever over these documents, opened as another process would.
OpenRetriever = Callable[[Sequence[Document]], Retriever]

DOCUMENTS = (
    Document(
        source="items/booking.md",
        id="A-1",
        title="Book an entry time",
        text="Visitors reserve an hour for the museum on the website, so that nobody waits in the rain.",
        kind="work-item",
        tags=("booking",),
        attributes={"type": "feature", "status": "done"},
    ),
    Document(
        source="items/guide.md",
        id="A-2",
        title="The audio guide stops",
        text="On newer phones the sound of the guide stops as soon as the screen is locked.",
        kind="work-item",
        attributes={"type": "bug"},
    ),
    Document(
        source="decisions/offline.md",
        id="ADR-7",
        title="The scanner works without a network",
        text="We decided that tickets are checked against a signed list, which the scanner loads every morning.",
        kind="adr",
        attributes={"status": "accepted"},
    ),
    Document(
        source="lessons/holiday.md",
        id="L-3",
        title="Sold out at Easter",
        text="Two tour operators bought everything within minutes: a limit for each customer was missing.",
        kind="lesson",
    ),
    Document(
        source="docs/hostile.md",
        id="D-9",
        title='Quotes " and <b>markup</b> | \u202epipes',
        text="Words like NEAR and NOT mean nothing here, and neither do * or ; DROP TABLE giraffe; --",
        kind="doc",
    ),
)
_ODD = (
    "",
    " ",
    '"',
    "'",
    "*",
    "NOT",
    "a AND",
    "NEAR(a b)",
    "title:book",
    "'; DROP TABLE x; --",
    "\x00",
    "\ud800",
    "👩‍💻",
)


class RetrieverContract(Contract):
    """Subclass it as ``TestAcmeRetriever`` and write the fixture ``open_retriever``.

    It returns a function that is given documents and returns a retriever over them; called twice with the same ones, it
    returns what two processes would have. ``abilities`` are all, but for those that are taken away.
    """

    abilities: ClassVar[frozenset[RetrieverAbility]] = RETRIEVER_ABILITIES

    # --- what an author writes ---------------------------------------------------------------------------------------

    @pytest.fixture
    def open_retriever(self) -> OpenRetriever:
        """Documents → a retriever over them."""
        pytest.fail(f"{type(self).__name__} needs a fixture `open_retriever`: a function of documents")

    # --- the tests ---------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("reserve an hour for the museum, with a list", "A-1"),
            ("sound stops when the screen is locked, says the website", "A-2"),
            ("signed list of tickets for the museum", "ADR-7"),
            ("tour operators bought everything for an hour", "L-3"),
            ("giraffe", "D-9"),
        ],
    )
    def test_what_a_query_is_about_comes_first(self, open_retriever: OpenRetriever, query: str, wanted: str) -> None:
        """The document whose words it has."""
        self._needs("words")
        hits = open_retriever(DOCUMENTS).search(query, limit=3)
        assert hits, f"{query!r} finds nothing"
        assert hits[0].id == wanted, f"{query!r} finds {hits[0].title!r} first"

    def test_a_hit_says_what_was_found(self, open_retriever: OpenRetriever) -> None:
        """With what it was indexed with, and a piece of its text; nothing of it is changed."""
        by_id = {one.id: one for one in DOCUMENTS}
        hits = self._hits(open_retriever)
        for hit in hits:
            assert isinstance(hit, Hit), f"{hit!r} is no Hit"
            document = by_id.get(hit.id)
            assert document is not None, f"nothing with the id {hit.id!r} was indexed"
            assert (hit.title, hit.kind) == (document.title, document.kind)
            assert hit.source.endswith(document.source), f"{hit.source!r} leads nobody to {document.source}"
            assert dict(hit.attributes).items() >= dict(document.attributes).items(), f"{hit.id} lost its attributes"
            words = [word for word in hit.snippet.replace("…", " ").split() if word.isalpha()]
            assert words, f"{hit.id} has no snippet"
            strange = [word for word in words if word not in f"{document.title} {document.text}"]
            assert not strange, f"the snippet is no piece of the text: {hit.snippet!r}"

    def test_relevance_is_a_share_and_the_best_comes_first(self, open_retriever: OpenRetriever) -> None:
        """Numbers between 0 and 1 that fall: hits of several retrievers are mixed by them."""
        retriever = open_retriever(DOCUMENTS)
        for query in ("tickets on a signed list, on the website", "the locked screen of the scanner", "everything"):
            found = [hit.relevance for hit in retriever.search(query, limit=10)]
            assert all(math.isfinite(one) and 0 <= one <= 1 for one in found), f"{query!r}: {found}"
            assert found == sorted(found, reverse=True), f"{query!r}: {found}"

    @pytest.mark.parametrize("limit", [0, 1, 2, 1000])
    def test_there_are_no_more_hits_than_wanted(self, open_retriever: OpenRetriever, limit: int) -> None:
        """Each document is there once."""
        hits = open_retriever(DOCUMENTS).search("the tickets of the museum and the scanner", limit=limit)
        assert len(hits) <= limit
        assert len({hit.id for hit in hits}) == len(hits), f"one document twice: {[hit.id for hit in hits]}"

    def test_a_kind_is_honoured(self, open_retriever: OpenRetriever) -> None:
        """Steps ask for work items, decisions and lessons apart; a kind that nothing has finds nothing."""
        self._needs("kinds")
        retriever = open_retriever(DOCUMENTS)
        query = "the museum, the scanner, tickets, tour operators and the screen"
        for kind in ("work-item", "adr", "lesson"):
            hits = retriever.search(query, limit=10, kind=kind)
            assert hits, f"no {kind} is found"
            assert {hit.kind for hit in hits} == {kind}
        assert not retriever.search(query, limit=10, kind="no-such-kind")

    def test_a_kind_is_looked_for_among_all(self, open_retriever: OpenRetriever) -> None:
        """And not among the best hits of any kind: the only decision may be the hundredth of all."""
        self._needs("kinds")
        self._needs("words")
        many = [
            evolve(DOCUMENTS[0], id=f"B-{number}", source=f"items/{number}.md", title=f"The scanner list {number}")
            for number in range(40)
        ]
        hits = open_retriever([*many, *DOCUMENTS]).search("the scanner list", limit=2, kind="adr")
        assert [hit.id for hit in hits] == ["ADR-7"]

    @pytest.mark.parametrize("query", [*_ODD, "word " * 5_000, "x" * 50_000], ids=lambda one: repr(one)[:20])
    def test_nothing_in_a_query_has_a_meaning(self, open_retriever: OpenRetriever, query: str) -> None:
        """Queries are what people said: quotes, stars and whole sentences in capitals are words, or nothing."""
        retriever = open_retriever(DOCUMENTS)
        assert all(isinstance(hit, Hit) for hit in retriever.search(query, limit=5))
        assert self._hits(lambda _: retriever), "after that query nothing is found any more"

    def test_where_nothing_fits_nothing_is_found(self, open_retriever: OpenRetriever) -> None:
        """Chance hits would be shown to people as their own past."""
        self._needs("nothing")
        assert not open_retriever(DOCUMENTS).search("quaternion zygote", limit=5)

    def test_without_documents_nothing_is_found(self, open_retriever: OpenRetriever) -> None:
        """A project has no past on its first day."""
        retriever = open_retriever([])
        assert not retriever.search("reserve an hour", limit=5)
        assert retriever.fingerprint(), "an empty collection has a fingerprint, too"

    def test_the_same_content_has_the_same_fingerprint(self, open_retriever: OpenRetriever) -> None:
        """In every process, and whatever was searched for: a resume compares it."""
        one, other = open_retriever(DOCUMENTS), open_retriever(DOCUMENTS)
        before = one.fingerprint()
        assert before, "a fingerprint is a text that isn't empty"
        one.search("museum", limit=3)
        assert one.fingerprint() == before == other.fingerprint()

    def test_another_content_has_another_fingerprint(self, open_retriever: OpenRetriever) -> None:
        """A changed word is enough."""
        self._needs("changes")
        before = open_retriever(DOCUMENTS).fingerprint()
        text = DOCUMENTS[0].text.replace("hour", "hours")
        assert open_retriever([evolve(DOCUMENTS[0], text=text), *DOCUMENTS[1:]]).fingerprint() != before
        assert open_retriever(DOCUMENTS[1:]).fingerprint() != before

    def test_the_same_query_finds_the_same(self, open_retriever: OpenRetriever) -> None:
        """Twice, in another process, and from many threads at once: steps ask side by side."""
        one, other = open_retriever(DOCUMENTS), open_retriever(DOCUMENTS)
        queries = [
            "the museum website",
            "a locked screen",
            "a signed list",
            "the museum, a screen, a list and a tour",
        ] * 4
        alone = [_plain(one.search(query, limit=4)) for query in queries]
        assert alone == [_plain(other.search(query, limit=4)) for query in queries]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda query: _plain(one.search(query, limit=4)), queries)) == alone

    def test_hits_can_be_kept(self, open_retriever: OpenRetriever) -> None:
        """They go into the run's files as JSON."""
        encode(unstructure(list(self._hits(open_retriever))))

    # --- what the tests use ------------------------------------------------------------------------------------------

    def _hits(self, open_retriever: OpenRetriever) -> Sequence[Hit]:
        retriever = open_retriever(DOCUMENTS)
        hits = [
            hit
            for query in ("reserve an hour for the museum", "giraffe", "signed list of tickets")
            for hit in retriever.search(query, limit=5)
        ]
        assert hits, "nothing is found at all"
        return hits

    def _needs(self, ability: RetrieverAbility) -> None:
        if ability not in self.abilities:
            pytest.skip(f"the ability {ability} isn't declared")


def _plain(hits: Sequence[Hit]) -> object:
    return unstructure(list(hits))
