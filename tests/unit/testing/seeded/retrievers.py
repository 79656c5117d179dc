"""Retrievers with one defect each. The good one counts words in common."""

from __future__ import annotations

import hashlib
import itertools
import random
import sqlite3
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from attrs import evolve

from pipekit.interfaces import Hit, Retriever
from pipekit.retrieval.documents import Document
from pipekit.testing import RETRIEVER_ABILITIES, RetrieverContract
from pipekit.testing.contracts.retrievers import OpenRetriever


def words_of(text: str) -> set[str]:
    return {word for word in "".join(c if c.isalnum() else " " for c in text.lower()).split() if len(word) > 3}


class GoodRetriever:
    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = list(documents)

    def relevance(self, query: str, document: Document) -> float:
        wanted = words_of(query)
        return len(wanted & words_of(f"{document.title} {document.text}")) / len(wanted) if wanted else 0.0

    def hit(self, query: str, document: Document) -> Hit:
        return Hit(
            title=document.title,
            source=f"past/{document.source}",
            snippet=document.text[:40].rpartition(" ")[0],
            relevance=self.relevance(query, document),
            kind=document.kind,
            id=document.id,
            attributes=document.attributes,
        )

    def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
        hits = [self.hit(query, one) for one in self.documents if kind in (None, one.kind)]
        return sorted((hit for hit in hits if hit.relevance > 0), key=lambda hit: -hit.relevance)[:limit]

    def fingerprint(self) -> str:
        return hashlib.sha256(repr(self.documents).encode("utf-8", "replace")).hexdigest()


class AcmeRetriever(RetrieverContract):
    __test__ = False
    caught_by: ClassVar[set[str]] = set()
    made: ClassVar[type] = GoodRetriever

    @pytest.fixture
    def open_retriever(self) -> OpenRetriever:
        made: Any = self.made

        def open_(documents: Sequence[Document]) -> Retriever:
            retriever: Retriever = made(documents)
            return retriever

        return open_


class TestGood(AcmeRetriever):
    __test__ = True


class TestGoodWithFewAbilities(AcmeRetriever):
    """One that finds something for everything, as embeddings do, says so and isn't blamed for it."""

    __test__ = True
    abilities: ClassVar = RETRIEVER_ABILITIES - {"nothing"}

    class made(GoodRetriever):
        def relevance(self, query: str, document: Document) -> float:
            return 0.1 + 0.9 * super().relevance(query, document)


class TestMoreThanAWhole(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_relevance_is_a_share_and_the_best_comes_first"}

    class made(GoodRetriever):
        def relevance(self, query: str, document: Document) -> float:
            return 40 * super().relevance(query, document)


class TestNoNumber(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {
        "test_hits_can_be_kept",
        "test_relevance_is_a_share_and_the_best_comes_first",
        "test_the_same_query_finds_the_same",
    }

    class made(GoodRetriever):
        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            return [evolve(hit, relevance=float("nan")) for hit in super().search(query, limit=limit, kind=kind)]


class TestTheWorstFirst(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {
        "test_relevance_is_a_share_and_the_best_comes_first",
        "test_what_a_query_is_about_comes_first",
    }

    class made(GoodRetriever):
        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            return super().search(query, limit=100, kind=kind)[::-1][:limit]


class TestTheLimitIsForgotten(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {
        "test_there_are_no_more_hits_than_wanted",
        "test_a_kind_is_looked_for_among_all",
    }

    class made(GoodRetriever):
        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            found = super().search(query, limit=limit + 1, kind=kind)
            return found if kind is None else [*found, *found][: limit + 1]


class TestALimitOfNothingIsOfOne(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_there_are_no_more_hits_than_wanted"}

    class made(GoodRetriever):
        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            return super().search(query, limit=max(1, limit), kind=kind)


class TestOneDocumentTwice(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_there_are_no_more_hits_than_wanted"}

    class made(GoodRetriever):
        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            found = super().search(query, limit=limit, kind=kind)
            return [hit for hit in found for _ in range(2)][:limit] if kind is None else found


class TestTheKindIsForgotten(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_a_kind_is_honoured", "test_a_kind_is_looked_for_among_all"}

    class made(GoodRetriever):
        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            return super().search(query, limit=limit)


class TestTheKindIsLookedForAmongTheBest(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_a_kind_is_looked_for_among_all"}

    class made(GoodRetriever):
        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            return [hit for hit in super().search(query, limit=limit) if kind in (None, hit.kind)]


class TestQueriesAreSyntax(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_nothing_in_a_query_has_a_meaning"}

    class made(GoodRetriever):
        def __init__(self, documents: Sequence[Document]) -> None:
            super().__init__(documents)
            self.rows = sqlite3.connect(":memory:", check_same_thread=False)
            self.rows.execute("CREATE VIRTUAL TABLE text USING fts5 (body)")

        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            if len(query.split()) < 3:
                self.rows.execute("SELECT * FROM text WHERE text MATCH ?", (query,)).fetchall()
            return super().search(query, limit=limit, kind=kind)


class TestAnEmptyCollectionIsNone(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_without_documents_nothing_is_found"}

    class made(GoodRetriever):
        def __init__(self, documents: Sequence[Document]) -> None:
            super().__init__(documents)
            self.longest = max(len(document.text) for document in documents)


class TestTheFingerprintNeverChanges(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_another_content_has_another_fingerprint"}

    class made(GoodRetriever):
        def fingerprint(self) -> str:
            return f"{len(self.documents)} documents"


class TestTheFingerprintIsOfTheProcess(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_the_same_content_has_the_same_fingerprint"}

    class made(GoodRetriever):
        def fingerprint(self) -> str:
            return f"{super().fingerprint()}-{id(self)}"


class TestTheFingerprintIsEmpty(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {
        "test_another_content_has_another_fingerprint",
        "test_the_same_content_has_the_same_fingerprint",
        "test_without_documents_nothing_is_found",
    }

    class made(GoodRetriever):
        def fingerprint(self) -> str:
            return ""


class TestChanceIsInTheOrder(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_the_same_query_finds_the_same"}

    class made(GoodRetriever):
        def hit(self, query: str, document: Document) -> Hit:
            hit = super().hit(query, document)
            return evolve(hit, relevance=hit.relevance * (1 - random.random() / 1000))


class TestOneThreadOnly(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_the_same_query_finds_the_same"}

    class made(GoodRetriever):
        def __init__(self, documents: Sequence[Document]) -> None:
            super().__init__(documents)
            self.rows = sqlite3.connect(":memory:")

        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            self.rows.execute("SELECT 1").fetchall()
            return super().search(query, limit=limit, kind=kind)


class TestHitsArePlain(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {
        "test_a_hit_says_what_was_found",
        "test_a_kind_is_honoured",
        "test_a_kind_is_looked_for_among_all",
        "test_nothing_in_a_query_has_a_meaning",
        "test_relevance_is_a_share_and_the_best_comes_first",
        "test_there_are_no_more_hits_than_wanted",
        "test_what_a_query_is_about_comes_first",
    }

    class made(GoodRetriever):
        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            return [{"title": hit.title} for hit in super().search(query, limit=limit, kind=kind)]


class TestTheTitleIsAnother(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_a_hit_says_what_was_found"}

    class made(GoodRetriever):
        def hit(self, query: str, document: Document) -> Hit:
            return evolve(super().hit(query, document), title=document.title.replace('"', "'").replace("e", "E"))


class TestTheAttributesAreLost(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_a_hit_says_what_was_found"}

    class made(GoodRetriever):
        def hit(self, query: str, document: Document) -> Hit:
            return evolve(super().hit(query, document), attributes={})


class TestTheSnippetIsMadeUp(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_a_hit_says_what_was_found"}

    class made(GoodRetriever):
        def hit(self, query: str, document: Document) -> Hit:
            return evolve(super().hit(query, document), snippet=f"Document about {query}")


class TestSomethingIsAlwaysFound(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_where_nothing_fits_nothing_is_found"}

    class made(GoodRetriever):
        def relevance(self, query: str, document: Document) -> float:
            return 0.1 + 0.9 * super().relevance(query, document)


class TestGoesOnWithTheQueryBefore(AcmeRetriever):
    __test__ = True
    caught_by: ClassVar = {"test_the_same_query_finds_the_same"}

    class made(GoodRetriever):
        def __init__(self, documents: Sequence[Document]) -> None:
            super().__init__(documents)
            self.asked = itertools.count()

        def search(self, query: str, *, limit: int, kind: str | None = None) -> Any:
            return super().search(query, limit=limit - 1 if next(self.asked) % 5 == 4 else limit, kind=kind)
