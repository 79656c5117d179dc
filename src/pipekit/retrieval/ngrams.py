"""Words that are written alike: hashed character n-grams of all words of an index, in the same SQLite file.

A word of a query that nobody wrote in just that form is found in others: with a slip of the pen (subscripton), as a
part of a compound (Bestellübersicht and Übersicht), or inflected in a way that no English stemmer knows. The grams are
those of the vocabulary and not of the documents: there are far fewer words than places where they stand, so making them
costs next to nothing and a search looks at little.
"""

from __future__ import annotations

import json
import math
import unicodedata
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["GRAM_SIZE", "GRAM_TABLES", "add_words", "alike", "grams"]

#: Characters of a gram; a word's beginning and end count as one each.
GRAM_SIZE = 3
#: Shorter words have too few grams to be told apart, longer ones are no words.
SHORTEST, LONGEST = 4, 40
#: Words that share less than this are no likeness …
ALIKE = 0.55
#: … and a part of a compound is one by this much, if it has no fewer grams, and nearly all of them are in there.
PART, SHORTEST_PART, WHOLE_PART = 0.9, 5, 0.75
#: Words that begin alike are so by this much: all but the last letters of the shorter one, and no fewer than so many.
BEGUN, SHORTEST_BEGINNING, ENDING = 0.6, 6, 3
#: The share of a word's grams that another one must have at least to be looked at.
LEAST_SHARED = 0.3
#: No more words than this count as like one.
MOST_ALIKE = 8

GRAM_TABLES = """
    CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT UNIQUE, size INTEGER);
    CREATE TABLE gram (hash INTEGER PRIMARY KEY, words BLOB);
"""


@lru_cache(maxsize=4096)
def grams(word: str) -> frozenset[int]:
    """The hashes of a word's n-grams, without regard to case and accents; none for one that is too short or long."""
    plain = word
    if not word.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
    if not SHORTEST <= len(plain) <= LONGEST or not plain.isalpha():
        return frozenset()
    marked = f"^{plain}$"
    return frozenset(zlib.crc32(marked[at : at + GRAM_SIZE].encode()) for at in range(len(marked) - GRAM_SIZE + 1))


def add_words(connection: sqlite3.Connection, words: Iterable[str]) -> None:
    """Add what isn't there yet. A word that no document has any more stays, and finds nothing."""
    having: dict[int, array[int]] = {}
    for word in words:
        found = grams(word)
        if not found:
            continue
        row = connection.execute("INSERT OR IGNORE INTO word (text, size) VALUES (?, ?)", (word, len(found)))
        if row.rowcount == 1 and row.lastrowid is not None:
            for gram in found:
                having.setdefault(gram, array("I")).append(row.lastrowid)
    for gram, ids in having.items():
        before = _words_with(connection, gram)
        connection.execute("INSERT OR REPLACE INTO gram VALUES (?, ?)", (gram, (before + ids).tobytes()))


def alike(connection: sqlite3.Connection, word: str, vocabulary: int) -> Mapping[str, float]:
    """Words of the index that are written like ``word``, itself left out, with how much they are: 0–1.

    A gram that many words have (``-tion``) makes few of them alike: what is shared is weighed by how rare it is.
    """
    having = {gram: _words_with(connection, gram) for gram in grams(word)}
    weights = {gram: math.log(1 + vocabulary / (len(ids) + 1)) for gram, ids in having.items()}
    full = sum(weights.values())
    count: Counter[int] = Counter()
    for ids in having.values():
        count.update(ids)
    least = max(2.0, LEAST_SHARED * len(having))
    near = {id_ for id_, number in count.items() if number >= least}
    shared = dict.fromkeys(near, 0.0)
    for gram, ids in having.items():
        for id_ in near.intersection(ids):
            shared[id_] += weights[gram]
    marks: dict[str, float] = {}
    for id_, text, size in _words_of(connection, near):
        mark = max(_likeness(shared[id_] / full, count[id_], size, len(having)), BEGUN * _begin_alike(word, text))
        if mark >= ALIKE and text != word:
            marks[text] = mark
    return {text: marks[text] for text in sorted(marks, key=lambda text: (-marks[text], text))[:MOST_ALIKE]}


def _words_with(connection: sqlite3.Connection, gram: int) -> array[int]:
    found = array("I")
    row = connection.execute("SELECT words FROM gram WHERE hash = ?", (gram,)).fetchone()
    if row is not None:
        found.frombytes(row[0])
    return found


def _words_of(connection: sqlite3.Connection, ids: Iterable[int]) -> Iterator[tuple[int, str, int]]:
    """These words, many at once: asked for one by one they would cost more than all else about a query."""
    chosen = "SELECT id, text, size FROM word WHERE id IN (SELECT value FROM json_each(?))"
    yield from connection.execute(chosen, (json.dumps(sorted(ids)),))


def _begin_alike(word: str, other: str) -> bool:
    length = max(SHORTEST_BEGINNING, min(len(word), len(other)) - ENDING)
    return len(word) >= length and word[:length] == other[:length]


def _likeness(mine: float, shared: int, size: int, own: int) -> float:
    """``mine`` is the share of the word's ``own`` grams, by weight, that the other one of ``size`` shares."""
    theirs = shared / size
    whole = 2 * mine * theirs / (mine + theirs)
    # The shorter of the two may be a part of the longer.
    part = theirs if size < own else mine
    return max(whole, PART * part if min(size, own) >= SHORTEST_PART and part >= WHOLE_PART else 0.0)
