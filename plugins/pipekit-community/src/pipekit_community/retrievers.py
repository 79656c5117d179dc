"""The retriever `community`: BM25 over files, or any other retriever of langchain-community."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import field

from pipekit import settings as pipekit_settings
from pipekit.errors import ConfigError
from pipekit.interfaces import Hit
from pipekit_community.classes import class_named, missing, quietly

__all__ = ["CommunityRetriever", "CommunityRetrieverSettings"]

_HERE = Path()
_SUFFIXES = (".md", ".markdown", ".txt")
_LARGEST = 8_000_000
_SNIPPET = 400


@pipekit_settings
class CommunityRetrieverSettings:
    """``retriever`` is the name of a class, ``arguments`` what it takes.

    ``paths`` are folders or files of text, relative to the configuration, for classes that are made from documents
    (BM25Retriever, TFIDFRetriever); each file is one document.
    """

    retriever: str = "BM25Retriever"
    paths: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(factory=dict)


class CommunityRetriever:
    """Asks a retriever of langchain-community. These give no scores: the relevance of a hit comes from its rank."""

    def __init__(self, settings: CommunityRetrieverSettings, folder: Path = _HERE) -> None:
        self._settings = settings
        self._paths = [folder / path for path in settings.paths]
        self._lock = threading.Lock()
        self._made: tuple[str, Any] | None = None

    def search(self, query: str, *, limit: int, kind: str | None = None) -> Sequence[Hit]:
        """At most ``limit`` documents, best first; all of them are of the kind ``doc``."""
        if kind not in (None, "doc") or limit < 1:
            return []
        with self._lock:
            files = list(self._files())
            digest = _digest(files)
            if self._made is None or self._made[0] != digest:
                self._made = digest, self._make(files)
            retriever = self._made[1]
            if retriever is None:
                return []
            if hasattr(retriever, "k"):
                retriever.k = limit
            found = retriever.invoke(query)
            if self._settings.retriever == "BM25Retriever":
                # It fills up with documents that share no word with the query.
                asked = set(_words(query))
                found = [document for document in found if asked & set(_words(document.page_content))]
        return [_hit(document, rank) for rank, document in enumerate(found[:limit])]

    def fingerprint(self) -> str:
        """Changes with the files, and with the settings; what a service holds can't be told."""
        settings = repr((self._settings.retriever, sorted(map(str, self._settings.arguments))))
        return hashlib.sha256((settings + _digest(list(self._files()))).encode()).hexdigest()

    def _make(self, files: Sequence[tuple[str, str]]) -> Any:
        cls = class_named("retrievers", self._settings.retriever)
        try:
            with quietly():
                if not self._paths:
                    return cls(**self._settings.arguments)
                if not hasattr(cls, "from_documents"):
                    raise ConfigError(
                        f"{self._settings.retriever} is not made from files",
                        field="retrievers.community.paths",
                        hint="leave paths out, or use BM25Retriever",
                    )
                if not files:
                    return None
                from langchain_core.documents import Document

                documents = [Document(page_content=text, metadata={"source": source}) for source, text in files]
                arguments = dict(self._settings.arguments)
                if self._settings.retriever == "BM25Retriever":
                    arguments["preprocess_func"] = _words  # its own takes "Telephone." for another word
                return cls.from_documents(documents, **arguments)
        except ImportError as error:
            raise missing(self._settings.retriever, error) from error

    def _files(self) -> Iterator[tuple[str, str]]:
        """(path, text) of every file, in a lasting order."""
        for path in self._paths:
            if not path.exists():
                raise ConfigError(
                    f"there is no such file or folder: {path}",
                    field="retrievers.community.paths",
                    hint="paths are relative to the configuration file",
                )
            inside = sorted(path.rglob("*")) if path.is_dir() else [path]
            for file in inside:
                hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
                usable = file.is_file() and file.stat().st_size <= _LARGEST
                if usable and not hidden and (file == path or file.suffix.lower() in _SUFFIXES):
                    yield str(file), file.read_text(encoding="utf-8", errors="replace")


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _digest(files: Sequence[tuple[str, str]]) -> str:
    told = hashlib.sha256()
    for source, text in files:
        told.update(hashlib.sha256(source.encode(errors="replace")).digest())
        told.update(hashlib.sha256(text.encode(errors="replace")).digest())
    return told.hexdigest()


def _hit(document: Any, rank: int) -> Hit:
    text = " ".join(str(document.page_content).split())
    about: Mapping[str, Any] = document.metadata or {}
    source = str(about.get("source", ""))
    first = next((line.strip("# ").strip() for line in str(document.page_content).splitlines() if line.strip()), "")
    return Hit(
        title=str(about.get("title") or first[:120] or source),
        source=source,
        snippet=text[:_SNIPPET],
        relevance=1.0 / (1 + rank),
        id=str(document.id or ""),
    )
