"""Meetings in PDFs, read by langchain-community's loader of documents."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import TranscriptLoader
from pipekit.errors import InputError, PipekitError
from pipekit.interfaces import Source
from pipekit_community.classes import class_named, missing, quietly

if TYPE_CHECKING:
    from pipekit.hookspecs import Factory

__all__ = ["LOADERS", "PdfLoader"]

_CLASS = "PyPDFLoader"


class PdfLoader:
    """PDFs that hold text: langchain-community finds it, and it is read as any other transcript."""

    suffixes: Sequence[str] = (".pdf",)
    returns = Meeting

    def recognises(self, head: bytes, name: str) -> float:
        """Sure of what has both the ending and the first bytes."""
        return 0.9 if head.lstrip().startswith(b"%PDF-") and name.lower().endswith(".pdf") else 0.0

    def load(self, source: Source) -> Meeting:
        """The meeting."""
        cls = class_named("document_loaders", _CLASS)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "input.pdf")
            path.write_bytes(source.content)
            try:
                with quietly():
                    pages = cls(str(path)).load()
            except ImportError as error:
                raise missing(_CLASS, error) from error
            except PipekitError:
                raise
            except Exception as error:
                raise InputError(
                    f"the file can't be read: {type(error).__name__}",
                    file=source.name,
                    hint="open it in the program it is from, and save it as plain text",
                ) from error
        text = "\n".join(page.page_content for page in pages)
        if not text.strip():
            raise InputError(
                "the file holds no text: its pages are pictures",
                file=source.name,
                hint="have the text recognised (OCR) first, and save it as plain text",
            )
        return TranscriptLoader().load(Source(name=source.name, content=text.encode(errors="replace")))


LOADERS: Mapping[str, Factory] = {"pdf": PdfLoader}
