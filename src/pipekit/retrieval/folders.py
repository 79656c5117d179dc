"""A retriever over folders of Markdown files."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import field, frozen, validators

from pipekit.errors import ConfigError
from pipekit.interfaces.retrievers import Hit
from pipekit.interfaces.steps import settings
from pipekit.retrieval.documents import Document, parse_document
from pipekit.retrieval.index import TextIndex

__all__ = ["FolderRetriever", "FolderSettings"]

#: Names that are read as Markdown.
SUFFIXES = (".md", ".markdown")
#: Larger files are left out with a warning, in bytes.
MAX_FILE = 8_000_000
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


@frozen
class _File:
    path: Path
    source: str
    content: bytes


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
        files = list(_files(self._paths, warnings))
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


def _files(paths: Iterable[Path], warnings: list[str]) -> Iterator[_File]:
    """All Markdown files, each once, in a stable order; links that lead out of their folder are left out."""
    seen: set[Path] = set()
    for root in paths:
        if not root.exists():
            raise ConfigError(
                f"there is no folder {str(root)!r} to find documents in",
                field="retrievers.folder.paths",
                hint="make the folder, or correct the path, which is relative to the configuration file",
            )
        inside = root.resolve() if root.is_dir() else root.resolve().parent
        for path in sorted(_markdown(root)):
            source = path.relative_to(root).as_posix() if root.is_dir() else path.name
            address = f"{root.name}/{source}" if root.is_dir() and root.name else source
            real = path.resolve()
            if real in seen:
                continue
            seen.add(real)
            if not real.is_relative_to(inside):
                warnings.append(f"{address}: the link leads out of {root.name or root} and was left out")
                continue
            try:
                if real.stat().st_size > MAX_FILE:
                    warnings.append(f"{address}: larger than {MAX_FILE // 1_000_000} MB and was left out")
                    continue
                content = real.read_bytes()
            except OSError as error:
                warnings.append(f"{address}: can't be read and was left out: {error.strerror or error}")
                continue
            yield _File(path, address, content)


def _markdown(root: Path) -> Iterator[Path]:
    import os

    if not root.is_dir():
        yield root
        return
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(folder, name)


def _documents(files: Iterable[_File], warnings: list[str]) -> Iterator[Document]:
    for file in files:
        if b"\0" in file.content:
            warnings.append(f"{file.source}: not text (it has NUL bytes) and was left out")
            continue
        text = file.content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
        if "\ufffd" in text and "\ufffd".encode() not in file.content:
            warnings.append(f"{file.source}: not UTF-8 throughout; the odd characters were replaced")
        document, wrong = parse_document(text, file.source)
        warnings.extend(wrong)
        yield document
