"""A retriever over folders of Markdown files."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import field, validators

from pipekit.errors import ConfigError
from pipekit.interfaces.retrievers import Hit
from pipekit.interfaces.steps import settings
from pipekit.retrieval.documents import Document
from pipekit.retrieval.index import TextIndex
from pipekit.retrieval.markdown_files import MarkdownFile, markdown_files, read_document

__all__ = ["FolderRetriever", "FolderSettings"]

#: Indexes kept in a cache folder; older ones are removed.
KEPT_INDEXES = 4

_HERE = Path()
_LOG = logging.getLogger(__name__)


@settings
class FolderSettings:
    """Where the Markdown lies. Paths are relative to the configuration file's folder.

    ``paths`` are folders, searched with all folders in them (hidden ones left out), or single files. ``cache`` is a
    folder that keeps the index between runs; without one the index is made in memory each time, which takes about a
    second for 20,000 files.
    """

    paths: tuple[str, ...] = field(
        validator=validators.and_(validators.min_len(1), validators.deep_iterable(validators.min_len(1)))
    )
    cache: str | None = None


class FolderRetriever:
    """Finds Markdown files with YAML front matter (id, title, type, status, tags) by their words.

    The files are read when first needed. ``fingerprint()`` reads them again, and where they have changed, so does
    what ``search`` finds. ``warnings`` holds one sentence for each file that couldn't be read right.
    """

    def __init__(self, settings: FolderSettings, folder: Path = _HERE, log: logging.Logger = _LOG) -> None:
        self._paths = [folder / path for path in settings.paths]
        self._cache = None if settings.cache is None else folder / settings.cache
        self._log = log
        self._lock = threading.Lock()
        self._index: TextIndex | None = None
        self._fingerprint = ""
        self.warnings: tuple[str, ...] = ()

    def search(self, query: str, *, limit: int, kind: str | None = None) -> Sequence[Hit]:
        """At most ``limit`` documents, best first; ``kind`` is work-item, adr, doc or lesson."""
        import sqlite3

        with self._lock:
            index = self._index or self._load()
            try:
                return index.search(query, limit=limit, kind=kind)
            except sqlite3.DatabaseError as error:
                self._log.warning("the kept index is damaged and is made anew: %s", error)
                index.close()
                self._index, self._cache = None, None
                return self._load().search(query, limit=limit, kind=kind)

    def fingerprint(self) -> str:
        """The sha256 of all names and contents, in hexadecimal."""
        with self._lock:
            self._load()
            return self._fingerprint

    def _load(self) -> TextIndex:
        warnings: list[str] = []
        files = list(self._files(warnings))
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{len(file.source)}:{file.source}:{len(file.content)}:".encode(errors="surrogateescape"))
            digest.update(file.content)
        fingerprint = digest.hexdigest()
        if self._index is not None and fingerprint == self._fingerprint:
            return self._index
        documents = list(_documents(files, warnings))
        self._index = self._kept_index(fingerprint, documents)
        self._fingerprint, self.warnings = fingerprint, tuple(warnings)
        for warning in warnings:
            self._log.warning("%s", warning)
        return self._index

    def _files(self, warnings: list[str]) -> Iterator[MarkdownFile]:
        seen: set[Path] = set()
        for root in self._paths:
            if not root.exists():
                raise ConfigError(
                    f"there is no folder {str(root)!r} to find documents in",
                    field="retrievers.folder.paths",
                    hint="make the folder, or correct the path, which is relative to the configuration file",
                )
            yield from markdown_files(root, seen, lambda address, why: warnings.append(f"{address}: {why}"))

    def _kept_index(self, fingerprint: str, documents: Iterable[Document]) -> TextIndex:
        if self._cache is None:
            return TextIndex.build(documents)
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            # A project's file may name any folder: only what has our own name is read and removed there.
            path = self._cache / f"pipekit-index-{fingerprint[:32]}.db"
            index = (None if path.is_symlink() else TextIndex.open(path)) or TextIndex.build(documents, path)
            found = self._cache.glob("pipekit-index-*.db")
            kept = sorted(found, key=lambda old: old.lstat().st_mtime, reverse=True)
            for old in kept[KEPT_INDEXES:]:
                old.unlink(missing_ok=True)
        except OSError as error:
            self._log.warning("no index is kept in %s: %s", self._cache, error)
            return TextIndex.build(documents)
        return index


def _documents(files: Iterable[MarkdownFile], warnings: list[str]) -> Iterator[Document]:
    for file in files:
        document, wrong = read_document(file.content, file.source)
        warnings.extend(wrong)
        if document is not None:
            yield document
