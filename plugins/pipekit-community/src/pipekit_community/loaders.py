"""Meetings in Word files, PDFs and web pages, read by langchain-community's loaders of documents."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import TranscriptLoader
from pipekit.errors import InputError, PipekitError
from pipekit.interfaces import Source
from pipekit_community.classes import class_named, missing, quietly

if TYPE_CHECKING:
    from pipekit.hookspecs import Factory

__all__ = ["LOADERS", "HtmlLoader", "PdfLoader", "WordLoader"]


class _DocumentLoader:
    """Lets a class of langchain-community find the text, and reads that as any other transcript."""

    suffixes: Sequence[str]
    returns = Meeting
    uses: ClassVar[str]
    starts: ClassVar[tuple[bytes, ...]]
    arguments: ClassVar[Mapping[str, Any]] = {}

    def recognises(self, head: bytes, name: str) -> float:
        """Sure of what has both the ending and the first bytes."""
        fits = head.lstrip().lower().startswith(self.starts)
        named = name.lower().endswith(tuple(self.suffixes))
        return 0.9 if fits and named else 0.0

    def load(self, source: Source) -> Meeting:
        """The meeting."""
        cls = class_named("document_loaders", self.uses)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "input" + self.suffixes[0])
            path.write_bytes(source.content)
            try:
                with quietly():
                    documents = cls(str(path), **self.arguments).load()
            except ImportError as error:
                raise missing(self.uses, error) from error
            except PipekitError:
                raise
            except Exception as error:
                raise InputError(
                    f"the file can't be read: {type(error).__name__}",
                    file=source.name,
                    hint="open it in the program it is from, and save it as plain text",
                ) from error
        text = "\n".join(document.page_content for document in documents)
        return TranscriptLoader().load(Source(name=source.name, content=text.encode(errors="replace")))


class WordLoader(_DocumentLoader):
    """Word files."""

    suffixes: Sequence[str] = (".docx",)
    uses = "Docx2txtLoader"
    starts = (b"pk\x03\x04",)


class PdfLoader(_DocumentLoader):
    """PDFs that hold text."""

    suffixes: Sequence[str] = (".pdf",)
    uses = "PyPDFLoader"
    starts = (b"%pdf-",)


class HtmlLoader(_DocumentLoader):
    """Web pages."""

    suffixes: Sequence[str] = (".html", ".htm")
    uses = "BSHTMLLoader"
    starts = (b"<!doctype html", b"<html")
    arguments: ClassVar[Mapping[str, Any]] = {
        "bs_kwargs": {"features": "html.parser"},
        "get_text_separator": "\n",
        "open_encoding": "utf-8",
    }


LOADERS: Mapping[str, Factory] = {"docx": WordLoader, "pdf": PdfLoader, "html": HtmlLoader}
