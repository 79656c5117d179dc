"""A retriever over the index that ``pipekit index`` makes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from attrs import field, validators

from pipekit.errors import ConfigError, UsageError
from pipekit.interfaces.retrievers import Hit
from pipekit.interfaces.steps import settings
from pipekit.retrieval.index import TextIndex
from pipekit.retrieval.meaning import Meaning, TextModel, text_model
from pipekit.retrieval.stored_index import check_index, read_meta

__all__ = ["DEFAULT_PATH", "IndexRetriever", "IndexSettings"]

#: Where an index lies when nobody says otherwise, relative to the configuration file's folder.
DEFAULT_PATH = ".pipekit-index.db"

_HERE = Path()
_LOG = logging.getLogger(__name__)


@settings
class IndexSettings:
    """Where the index lies, relative to the configuration file's folder; its name ends with ``.db``.

    ``embeddings: minilm`` also finds what is said in other words; the index has to be made with it.
    """

    path: str = field(default=DEFAULT_PATH, validator=validators.matches_re(r"(?s).*[^/]\.db"))
    embeddings: Literal["minilm"] | None = None


class IndexRetriever:
    """Finds what `pipekit index` has put into its file. While there is none, it finds nothing and says so once."""

    def __init__(self, settings: IndexSettings, folder: Path = _HERE, log: logging.Logger = _LOG) -> None:
        self._path = folder / settings.path
        self._embeddings = settings.embeddings
        self._model: TextModel | None = None
        self._log = log
        self._lock = threading.Lock()
        self._index: TextIndex | None = None
        self._content = ""
        self._stat: tuple[int, ...] | None = None

    def search(self, query: str, *, limit: int, kind: str | None = None) -> Sequence[Hit]:
        """At most ``limit`` documents, best first; ``kind`` is work-item, adr, doc or lesson."""
        import sqlite3

        with self._lock:
            index = self._current()
            try:
                return index.search(query, limit=limit, kind=kind) if index else ()
            except sqlite3.DatabaseError as error:
                raise self._unusable(f"{self._path} is damaged: {error}", "damaged-index") from error

    def fingerprint(self) -> str:
        """Changes when another content is in the index."""
        with self._lock:
            self._current()
            return self._content

    def _current(self) -> TextIndex | None:
        """The index as it lies there now: it is opened again after somebody has changed it."""
        import sqlite3

        try:
            stat = self._path.stat()
        except OSError:
            if self._content != "nothing":
                self._log.warning("there is no index at %s; make it: pipekit index PATH", self._path)
            self._index, self._content, self._stat = None, "nothing", None
            return None
        now = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if self._index is None or now != self._stat:
            try:
                check_index(self._path, self._embeddings)
                if self._embeddings and self._model is None:
                    self._model = text_model(self._embeddings)
                connection = sqlite3.connect(
                    f"{self._path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
                )
                self._content = read_meta(connection)["content"]
                meaning = Meaning(connection, self._model) if self._model else None
                self._index, self._stat = TextIndex(connection, meaning), now
            except UsageError as error:
                raise self._unusable(error.message, error.kind, error.hint) from error
            except (sqlite3.Error, KeyError) as error:
                raise self._unusable(f"{self._path} is damaged: {error}", "damaged-index") from error
        return self._index

    def _unusable(self, message: str, kind: str, hint: str | None = None) -> ConfigError:
        return ConfigError(
            message, field="retrievers.index.path", kind=kind, hint=hint or "make it anew: pipekit index --anew PATH"
        )
