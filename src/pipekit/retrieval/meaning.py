"""What the parts of an index mean, as vectors in its own SQLite file, and the search among them.

The vectors come and go with the parts: one is computed for each part that has none yet, so what hasn't changed is never
computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import sqlite3

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EMBEDDINGS", "MEANING_TABLES", "Meaning", "TextModel", "add_vectors", "text_model"]

#: The values of the setting ``embeddings``.
EMBEDDINGS = ("minilm",)
#: Vectors that are less alike than this (the cosine of their angle) have nothing to do with each other.
LEAST_ALIKE = 0.25
#: Parts that are looked at, where no kind is asked for: a ranking uses far fewer.
NEAREST = 2_000
#: Parts whose vectors are computed and kept at once.
_STRIDE = 256

#: The trigger takes a part's vector out with it, as rows are used again.
MEANING_TABLES = """
    CREATE TABLE vector (chunk INTEGER PRIMARY KEY, floats BLOB);
    CREATE TRIGGER vector_of AFTER DELETE ON chunk BEGIN DELETE FROM vector WHERE chunk = old.id; END;
"""


class TextModel(Protocol):
    """Texts → vectors of length 1, one row each, float32."""

    @property
    def size(self) -> int:
        """Numbers of a vector."""

    def vectors(self, texts: list[str], /) -> NDArray[np.float32]:
        """The vectors of ``texts``, of shape (texts, ``size``)."""


def text_model(embeddings: str) -> TextModel:
    """The model of that name; `ConfigError` when what it needs isn't installed."""
    from pipekit.retrieval.minilm import load_minilm

    assert embeddings in EMBEDDINGS
    return load_minilm()


def add_vectors(connection: sqlite3.Connection, model: TextModel, tell: Callable[[str], None] = lambda _: None) -> None:
    """Compute the vectors of all parts that have none: of title, heading and text."""
    missing = [id_ for (id_,) in connection.execute("SELECT id FROM chunk WHERE id NOT IN (SELECT chunk FROM vector)")]
    for start in range(0, len(missing), _STRIDE):
        if start:
            tell(f"{start} of {len(missing)} parts embedded")
        ids = missing[start : start + _STRIDE]
        texts = [_text(connection, id_) for id_ in ids]
        rows = [(id_, vector.astype("<f4").tobytes()) for id_, vector in zip(ids, model.vectors(texts), strict=True)]
        connection.executemany("INSERT INTO vector VALUES (?, ?)", rows)


def _text(connection: sqlite3.Connection, id_: int) -> str:
    title, body = connection.execute("SELECT title, body FROM text WHERE rowid = ?", (id_,)).fetchone()
    return f"{title}\n{body}"


class Meaning:
    """The vectors of an index, all in memory (1.5 kB each), and the model that makes one of a query."""

    def __init__(self, connection: sqlite3.Connection, model: TextModel) -> None:
        import numpy as np

        rows = connection.execute("SELECT chunk, floats FROM vector ORDER BY chunk").fetchall()
        self._model = model
        self._chunks = [chunk for chunk, _ in rows]
        floats = np.frombuffer(b"".join(blob for _, blob in rows), "<f4").astype(np.float32, copy=False)
        self._vectors = floats.reshape(len(rows), model.size)

    def near(self, query: str, *, all_of_them: bool = False) -> Mapping[int, float]:
        """The parts that mean something like ``query``, nearest first, by cosine; `NEAREST` at most, or all."""
        import numpy as np

        (vector,) = self._model.vectors([query])
        alike = self._vectors @ vector
        places = np.flatnonzero(alike >= LEAST_ALIKE)
        if not all_of_them and len(places) > NEAREST:
            places = places[np.argpartition(-alike[places], NEAREST)[:NEAREST]]
        return {self._chunks[place]: float(alike[place]) for place in places[np.argsort(-alike[places], kind="stable")]}
