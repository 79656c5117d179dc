"""A full-text index over documents: SQLite's FTS5, with relevances that mean the same for every query.

Queries are words, never FTS5 syntax: each word is matched as a quoted string, so nothing in a query has a meaning.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, frozen

from pipekit.interfaces.retrievers import Hit
from pipekit.retrieval.documents import Document, chunks_of

if TYPE_CHECKING:
    import sqlite3

__all__ = ["TextIndex", "query_words"]

#: Raised when the tables change, or what is read of a document, so that an older cache is built anew.
SCHEMA = 2
#: A query word in more than this share of the chunks says nothing and is dropped …
COMMON_SHARE = 0.1
#: … unless there are fewer chunks than this, when the share means little.
SMALL = 100
#: As many of the query's most telling words make a full match; further words don't make a hit harder.
TELLING_WORDS = 6
#: Words of a query that are looked at, and characters of one word.
MAX_WORDS, MAX_LENGTH = 64, 40
#: A longer word also finds words that begin alike (allergy, allergen), for this share of its weight.
PREFIX_SHARE, PREFIX_MINIMUM, PREFIX_TAIL = 0.5, 5, 3
#: How much more a word in the title or the tags counts than one in the text.
TITLE_WEIGHT, TAGS_WEIGHT, TEXT_WEIGHT = 2.0, 1.5, 1.0
SNIPPET_LENGTH = 280

#: Words that carry no topic, in any text.
_STOP = """
    a about after again all also am an and any are as at be because been before but by can could did do does done
    down each for from get gets given go goes had has have he her here him his how i if in into is it its just let like
    may me might more most must my need needs no nor not now of off on once one only or other our out over own per
    please same shall she should so some such than that the their them then there these they this those to too under
    until up us use used uses very want wants was we were what when where which while who whom whose why will with
    would you your ve ll re don doesn isn didn won t s d m
"""
STOP_WORDS = frozenset(_STOP.split())
_WORD = re.compile(r"[^\W_]+")
_TABLES = f"""
    PRAGMA user_version = {SCHEMA};
    CREATE TABLE document (id INTEGER PRIMARY KEY, name TEXT, title TEXT, source TEXT, kind TEXT, attributes TEXT);
    CREATE TABLE chunk (id INTEGER PRIMARY KEY, document INTEGER);
    CREATE VIRTUAL TABLE text USING fts5 (title, tags, body, tokenize = 'porter unicode61 remove_diacritics 2');
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


@define
class _Match:
    """What has been found of a query in one chunk."""

    score: float = 0.0
    words: int = 0


@frozen
class _Found:
    """One word of the query: how telling it is, and its BM25 term without that, by chunk."""

    weight: float
    terms: Mapping[int, float]


class TextIndex:
    """Documents in FTS5 tables, in memory or in a file; usable from many threads.

    A hit's relevance is its BM25 score over that of an imagined document that holds each of the query's
    `TELLING_WORDS` rarest words once: 1 is a full match, 0.3 about a third of what the query is about.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._chunks = int(connection.execute("SELECT count(*) FROM chunk").fetchone()[0])

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
        with self._lock:
            found = [self._find(word) for word in words]
            telling = [word for word in found if word is not None]
            if not any(word.terms for word in telling):
                return ()
            full = sum(sorted((word.weight for word in telling), reverse=True)[:TELLING_WORDS])
            return self._hits(_added_up(telling), full, words, limit, kind)

    def _find(self, word: str) -> _Found | None:
        """The word in the index; None when it is too common to tell anything."""
        (count,) = self._connection.execute("SELECT count(*) FROM text WHERE text MATCH ?", (f'"{word}"',)).fetchone()
        if self._chunks >= SMALL and count > COMMON_SHARE * self._chunks:
            return None
        terms = self._terms(f'"{word}"')
        stem = word[: max(PREFIX_MINIMUM, len(word) - PREFIX_TAIL)]
        if len(word) > PREFIX_MINIMUM and word.isalpha():
            alike = self._terms(f'"{stem}"*')
            if len(alike) <= max(COMMON_SHARE * self._chunks, 10):
                terms = {id_: PREFIX_SHARE * term for id_, term in alike.items()} | terms
        # FTS5 gives words of half the chunks no weight at all; this form of the weight stays above 0.
        weight = math.log(1 + (self._chunks - len(terms) + 0.5) / (len(terms) + 0.5))
        return _Found(weight, terms)

    def _terms(self, match: str) -> dict[int, float]:
        rows = self._connection.execute(
            "SELECT rowid, -bm25(text, ?, ?, ?) FROM text WHERE text MATCH ?",
            (TITLE_WEIGHT, TAGS_WEIGHT, TEXT_WEIGHT, match),
        ).fetchall()
        theirs = max(math.log((self._chunks - len(rows) + 0.5) / (len(rows) + 0.5)), 1e-6)
        return {id_: score / theirs for id_, score in rows}

    def _hits(
        self, scores: Mapping[int, float], full: float, words: Sequence[str], limit: int, kind: str | None
    ) -> list[Hit]:
        hits: list[Hit] = []
        seen: set[int] = set()
        for id_ in sorted(scores, key=lambda id_: (-scores[id_], id_)):
            document, body, name, title, source, its_kind, attributes = self._connection.execute(
                "SELECT document.id, text.body, name, document.title, source, kind, attributes FROM chunk"
                " JOIN document ON document.id = chunk.document JOIN text ON text.rowid = chunk.id WHERE chunk.id = ?",
                (id_,),
            ).fetchone()
            if document in seen or (kind is not None and its_kind != kind):
                continue
            seen.add(document)
            hits.append(
                Hit(
                    title=title,
                    source=source,
                    snippet=_snippet(body, words),
                    relevance=round(min(1.0, scores[id_] / full), 3),
                    kind=its_kind,
                    id=name,
                    attributes=json.loads(attributes),
                )
            )
            if len(hits) == limit:
                break
        return hits


def _added_up(found: Iterable[_Found]) -> dict[int, float]:
    scores: dict[int, float] = {}
    for word in found:
        for id_, term in word.terms.items():
            scores[id_] = scores.get(id_, 0.0) + word.weight * term
    return scores


def _connect(path: Path | None) -> sqlite3.Connection:
    import sqlite3

    name = ":memory:" if path is None else str(path)
    return sqlite3.connect(name, check_same_thread=False, isolation_level=None)


def _filled(connection: sqlite3.Connection, documents: Iterable[Document]) -> sqlite3.Connection:
    connection.executescript(_TABLES)
    connection.execute("BEGIN")
    for document in documents:
        values = (document.id, document.title, document.source, document.kind, json.dumps(dict(document.attributes)))
        row = connection.execute(
            "INSERT INTO document (name, title, source, kind, attributes) VALUES (?, ?, ?, ?, ?)", values
        ).lastrowid
        for chunk in chunks_of(document):
            part = connection.execute("INSERT INTO chunk (document) VALUES (?)", (row,)).lastrowid
            heading = "" if chunk.heading == document.title else chunk.heading
            connection.execute(
                "INSERT INTO text (rowid, title, tags, body) VALUES (?, ?, ?, ?)",
                (part, f"{document.title}\n{heading}".strip(), " ".join(document.tags), chunk.text),
            )
    connection.execute("COMMIT")
    return connection


def _snippet(body: str, words: Sequence[str]) -> str:
    """The stretch of the text that holds most of the query's words, cut between words."""
    if len(body) <= SNIPPET_LENGTH:
        return body
    lower = body.casefold()
    at = [index for word in words for index in [lower.find(word[: max(4, len(word) - PREFIX_TAIL)])] if index >= 0]
    best = max(
        at, key=lambda start: (sum(start <= other < start + SNIPPET_LENGTH - 40 for other in at), -start), default=0
    )
    begin = 0 if best < 40 else body.rfind(" ", 0, best - 20) + 1
    end = body.rfind(" ", begin, begin + SNIPPET_LENGTH)
    end = len(body) if begin + SNIPPET_LENGTH >= len(body) else end if end > begin else begin + SNIPPET_LENGTH
    return f"{'… ' if begin else ''}{body[begin:end].strip()}{' …' if end < len(body) else ''}"
