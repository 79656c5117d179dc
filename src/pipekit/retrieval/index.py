"""A full-text index over documents: SQLite's FTS5 and likeness of words, with relevances that mean the same everywhere.

Queries are words, never FTS5 syntax: each word is matched as a quoted string, so nothing in a query has a meaning.
Two rankings are made, one of the words as FTS5 stems them and one of words that are written alike, and fused by
reciprocal rank; with vectors a third one by meaning.
"""

from __future__ import annotations

import heapq
import json
import math
import re
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from pipekit.interfaces.retrievers import Hit
from pipekit.retrieval.documents import Document, chunks_of
from pipekit.retrieval.meaning import Meaning
from pipekit.retrieval.ngrams import GRAM_TABLES, add_words, alike

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SCHEMA", "TABLES", "TOKENIZER", "TextIndex", "add_document", "query_words", "remove_document", "words_of"]

#: Raised when the tables change, or what is read of a document, so that an older cache is built anew.
SCHEMA = 3
#: A query word in more than this share of the chunks says nothing and is dropped …
COMMON_SHARE = 0.1
#: … unless there are fewer chunks than this, when the share means little.
SMALL = 100
#: As many of the query's most telling words make a full match; further words don't make a hit harder.
TELLING_WORDS = 6
#: Words of a query that are looked at, and characters of one word.
MAX_WORDS, MAX_LENGTH = 64, 40
#: How much more a word in the title or the tags counts than one in the text.
TITLE_WEIGHT, TAGS_WEIGHT, TEXT_WEIGHT = 2.0, 1.5, 1.0
#: What a word that is only written alike counts, and for how many of a query's most telling words such are looked for.
ALIKE_SHARE, ALIKE_WORDS = 0.8, 10
#: Documents of each ranking that are fused, and how little the first ranks stand out (60 is what is usual).
RANKED, FUSED_FROM = 100, 60
#: A snippet shows where the words stand, whatever their last letters.
SNIPPET_LENGTH, CUT = 280, 3
TOKENIZER = "porter unicode61 remove_diacritics 2"

#: Words that carry no topic, in any text: English, then those of Dutch and German that mean nothing else in English.
_STOP = """
    a about after again all also am an and any are as at be because been before but by can could did do does done
    down each for from get gets given go goes had has have he her here him his how i if in into is it its just let like
    may me might more most must my need needs no nor not now of off on once one only or other our out over own per
    please same shall she should so some such than that the their them then there these they this those to too under
    until up us use used uses very want wants was we were what when where which while who whom whose why will with
    would you your ve ll re don doesn isn didn won t s d m
    aan als bij dat de deze dit een en er geen het heeft hebben ik is kan kunnen maar met mijn moet moeten naar niet nog
    nu om onze ook op over te tot uit van voor waar wanneer wat we wij worden wordt zijn zo zou
    aber als auch auf aus bei bis da damit das dass dem der des diese dieser dieses doch dort durch ein eine einem einen
    einer eines er es euch für haben ich ihr im ist ja jede jeder kann kein keine können mehr mit muss müssen nach nicht
    noch nur oder ohne seit sich sie sind soll sollen sollte und uns unser unsere vom von vor weil wenn wer werden wie
    wieder wir wird wo zu zum zur zwischen über
"""
STOP_WORDS = frozenset(_STOP.split())
_WORD = re.compile(r"[^\W_]+")
TABLES = f"""
    PRAGMA user_version = {SCHEMA};
    CREATE TABLE document (id INTEGER PRIMARY KEY, name TEXT, title TEXT, source TEXT, kind TEXT, attributes TEXT);
    CREATE TABLE chunk (id INTEGER PRIMARY KEY, document INTEGER);
    CREATE INDEX chunks_of ON chunk (document);
    CREATE VIRTUAL TABLE text USING fts5 (title, tags, body, tokenize = '{TOKENIZER}');
    {GRAM_TABLES}
"""


def query_words(query: str) -> tuple[str, ...]:
    """The words of a query that can carry a topic, in order, once each, lower case."""
    found: dict[str, None] = {}
    for match in _WORD.finditer(query.casefold()):
        word = match.group()[:MAX_LENGTH]
        if word not in STOP_WORDS and (len(word) > 1 or not word.isascii()):
            found[word] = None
            if len(found) == MAX_WORDS:
                break
    return tuple(found)


@frozen
class _Found:
    """One word of the query: how telling it is, and its BM25 term without that, by chunk."""

    word: str
    weight: float
    terms: Mapping[int, float]


class TextIndex:
    """Documents in FTS5 tables, in memory or in a file; usable from many threads.

    A hit's relevance is its BM25 score over that of an imagined document that holds each of the query's
    `TELLING_WORDS` rarest words once: 1 is a full match, 0.3 about a third of what the query is about. Words that are
    only written alike count `ALIKE_SHARE` of that, as far as they are. With vectors, the cosine of query and part is a
    third measure. The best of them is the relevance.
    """

    def __init__(self, connection: sqlite3.Connection, meaning: Meaning | None = None) -> None:
        self._connection = connection
        self._meaning = meaning
        self._lock = threading.Lock()
        self._document_of: dict[int, int] = dict(connection.execute("SELECT id, document FROM chunk"))
        self._kind_of: dict[int, str] = dict(connection.execute("SELECT id, kind FROM document"))
        self._chunks = len(self._document_of)
        (self._vocabulary,) = connection.execute("SELECT count(*) FROM word").fetchone()

    @classmethod
    def build(cls, documents: Iterable[Document], path: Path | None = None) -> TextIndex:
        """Index ``documents`` in memory, or in a file at ``path``, which appears when it is complete."""
        import os

        if path is None:
            return cls(_filled(_connect(None), documents))
        unfinished = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
        unfinished.unlink(missing_ok=True)
        connection = _connect(unfinished)
        try:
            _filled(connection, documents)
        finally:
            connection.close()
        unfinished.replace(path)
        return cls(_connect(path))

    @classmethod
    def open(cls, path: Path) -> TextIndex | None:
        """The index in a file, or None when it is not there, damaged, or of another version."""
        import sqlite3

        if not path.is_file():
            return None
        connection = _connect(path)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA:
                return cls(connection)
        except sqlite3.DatabaseError:
            pass
        connection.close()
        return None

    def close(self) -> None:
        """Let go of the tables; the index can't be searched any more."""
        with self._lock:
            self._connection.close()

    def search(self, query: str, *, limit: int, kind: str | None = None) -> Sequence[Hit]:
        """At most ``limit`` documents, best first, each by its best part; nothing in common, no hits."""
        words = query_words(query)
        if limit < 1 or not words:
            return ()
        meant = self._meaning.near(query, all_of_them=kind is not None) if self._meaning else {}
        with self._lock:
            rankings = [self._by_document(meant, 1.0, kind)] if meant else []
            telling = [found for word in words if (found := self._find(word)) is not None]
            if telling:
                rankings.append(self._by_document(_added_up(telling), _full(telling), kind))
                near = [self._written_alike(found) for found in _most_telling(telling, ALIKE_WORDS)]
                rankings.append(self._by_document(_added_up(near), _full(near) / ALIKE_SHARE, kind))
            return [self._hit(score, *parts, words) for score, parts in _fused(rankings, limit)]

    def _find(self, word: str) -> _Found | None:
        """The word in the index; None when it is too common to tell anything."""
        (count,) = self._connection.execute("SELECT count(*) FROM text WHERE text MATCH ?", (f'"{word}"',)).fetchone()
        if self._chunks >= SMALL and count > COMMON_SHARE * self._chunks:
            return None
        terms = self._terms(f'"{word}"')
        return _Found(word, self._weight(len(terms)), terms)

    def _weight(self, chunks: int) -> float:
        # FTS5 gives words of half the chunks no weight at all; this form of the weight stays above 0.
        return math.log(1 + (self._chunks - chunks + 0.5) / (chunks + 0.5))

    def _terms(self, match: str) -> dict[int, float]:
        rows = self._connection.execute(
            "SELECT rowid, -bm25(text, ?, ?, ?) FROM text WHERE text MATCH ?",
            (TITLE_WEIGHT, TAGS_WEIGHT, TEXT_WEIGHT, match),
        ).fetchall()
        theirs = max(math.log((self._chunks - len(rows) + 0.5) / (len(rows) + 0.5)), 1e-6)
        return {id_: score / theirs for id_, score in rows}

    def _written_alike(self, found: _Found) -> _Found:
        """The word with all that are written like it, by how much they are; itself it counts in full."""
        terms: dict[int, float] = {}
        for word, likeness in alike(self._connection, found.word, self._vocabulary).items():
            rows = self._connection.execute("SELECT rowid FROM text WHERE text MATCH ?", (f'"{word}"',)).fetchall()
            if self._chunks < SMALL or len(rows) <= COMMON_SHARE * self._chunks:
                for (id_,) in rows:
                    terms[id_] = max(terms.get(id_, 0.0), likeness)
        for id_, term in found.terms.items():
            terms[id_] = max(terms.get(id_, 0.0), min(1.0, term))
        return _Found(found.word, self._weight(len(terms)), terms)

    def _by_document(self, scores: Mapping[int, float], full: float, kind: str | None) -> _Ranking:
        """The documents with their relevance and their best chunk, best first."""
        best: dict[int, float] = {}
        chunks: dict[int, int] = {}
        for id_ in self._best_chunks(scores, kind):
            document = self._document_of[id_]
            if scores[id_] > best.get(document, 0.0):
                best[document] = scores[id_]
                chunks[document] = id_
        first = heapq.nsmallest(RANKED, best, key=lambda document: (-best[document], document))
        return {document: (min(1.0, best[document] / full), chunks[document]) for document in first}

    def _best_chunks(self, scores: Mapping[int, float], kind: str | None) -> Collection[int]:
        """Those that the best `RANKED` documents stand on, and few others: most chunks share but one word."""
        wanted: Collection[int] = scores
        if kind is not None:
            wanted = [id_ for id_ in scores if self._kind_of[self._document_of[id_]] == kind]
        by_score = sorted((scores[id_] for id_ in wanted), reverse=True)
        number = RANKED
        while number < len(by_score):
            least = by_score[number - 1]
            found = [id_ for id_ in wanted if scores[id_] >= least]
            if len({self._document_of[id_] for id_ in found}) >= RANKED:
                return found
            number *= 4
        return wanted

    def _hit(self, relevance: float, document: int, chunk: int, words: Sequence[str]) -> Hit:
        name, title, source, kind, attributes = self._connection.execute(
            "SELECT name, title, source, kind, attributes FROM document WHERE id = ?", (document,)
        ).fetchone()
        (body,) = self._connection.execute("SELECT body FROM text WHERE rowid = ?", (chunk,)).fetchone()
        return Hit(
            title=title,
            source=source,
            snippet=_snippet(body, words),
            relevance=max(0.001, round(relevance, 3)),
            kind=kind,
            id=name,
            attributes=json.loads(attributes),
        )


#: Documents, best first: relevance and the best chunk of each.
_Ranking = Mapping[int, tuple[float, int]]


def _most_telling(found: Iterable[_Found], number: int) -> list[_Found]:
    return sorted(found, key=lambda one: (-one.weight, one.word))[:number]


def _full(found: Iterable[_Found]) -> float:
    """What a document would score that holds each of the most telling words once."""
    return sum(one.weight for one in _most_telling(found, TELLING_WORDS))


def _added_up(found: Iterable[_Found]) -> dict[int, float]:
    scores: dict[int, float] = {}
    for word in found:
        for id_, term in word.terms.items():
            scores[id_] = scores.get(id_, 0.0) + word.weight * term
    return scores


def _fused(rankings: Sequence[_Ranking], limit: int) -> list[tuple[float, tuple[int, int]]]:
    """The documents that stand first in all rankings together, by relevance: that orders what has been found.

    Other retrievers' hits are mixed in by relevance, so it can't contradict the order.
    """
    ranks: dict[int, float] = {}
    for ranking in rankings:
        for rank, document in enumerate(ranking):
            ranks[document] = ranks.get(document, 0.0) + 1 / (FUSED_FROM + rank)
    chosen = sorted(ranks, key=lambda document: (-ranks[document], document))[:limit]
    nothing = (0.0, 0)
    best = {document: max(ranking.get(document, nothing) for ranking in rankings) for document in chosen}
    ordered = sorted(chosen, key=lambda document: -best[document][0])
    return [(best[document][0], (document, best[document][1])) for document in ordered]


def _connect(path: Path | None) -> sqlite3.Connection:
    import sqlite3

    name = ":memory:" if path is None else str(path)
    return sqlite3.connect(name, check_same_thread=False, isolation_level=None)


def _filled(connection: sqlite3.Connection, documents: Iterable[Document]) -> sqlite3.Connection:
    connection.executescript(TABLES)
    connection.execute("BEGIN")
    words: set[str] = set()
    for document in documents:
        add_document(connection, document)
        words |= words_of(document)
    add_words(connection, sorted(words))
    connection.execute("COMMIT")
    return connection


def add_document(connection: sqlite3.Connection, document: Document) -> int:
    """Put a document with its chunks into the tables; its row. Its words are yet to be added."""
    values = (document.id, document.title, document.source, document.kind, json.dumps(dict(document.attributes)))
    row = connection.execute(
        "INSERT INTO document (name, title, source, kind, attributes) VALUES (?, ?, ?, ?, ?)", values
    ).lastrowid
    assert row is not None
    for chunk in chunks_of(document):
        part = connection.execute("INSERT INTO chunk (document) VALUES (?)", (row,)).lastrowid
        heading = "" if chunk.heading == document.title else chunk.heading
        connection.execute(
            "INSERT INTO text (rowid, title, tags, body) VALUES (?, ?, ?, ?)",
            (part, f"{document.title}\n{heading}".strip(), " ".join(document.tags), chunk.text),
        )
    return row


def remove_document(connection: sqlite3.Connection, row: int) -> None:
    """Take a document and its chunks out of the tables."""
    connection.execute("DELETE FROM text WHERE rowid IN (SELECT id FROM chunk WHERE document = ?)", (row,))
    connection.execute("DELETE FROM chunk WHERE document = ?", (row,))
    connection.execute("DELETE FROM document WHERE id = ?", (row,))


def words_of(document: Document) -> set[str]:
    """All words of a document, lower case."""
    return set(_WORD.findall(f"{document.title} {' '.join(document.tags)} {document.text}".casefold()))


def _snippet(body: str, words: Sequence[str]) -> str:
    """The stretch of the text that holds most of the query's words, cut between words."""
    if len(body) <= SNIPPET_LENGTH:
        return body
    lower = body.casefold()
    at = [index for word in words for index in [lower.find(word[: max(4, len(word) - CUT)])] if index >= 0]
    best = max(
        at, key=lambda start: (sum(start <= other < start + SNIPPET_LENGTH - 40 for other in at), -start), default=0
    )
    begin = 0 if best < 40 else body.rfind(" ", 0, best - 20) + 1
    end = body.rfind(" ", begin, begin + SNIPPET_LENGTH)
    end = len(body) if begin + SNIPPET_LENGTH >= len(body) else end if end > begin else begin + SNIPPET_LENGTH
    return f"{'… ' if begin else ''}{body[begin:end].strip()}{' …' if end < len(body) else ''}"
