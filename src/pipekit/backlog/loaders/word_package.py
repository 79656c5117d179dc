"""The package of a Word document: a ZIP archive of XML parts, of which only those with words are unpacked.

Read with the standard library. python-docx unpacks every part there is, pictures and all, before anybody can look at
their sizes, and leaves out what was inserted with tracked changes.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from xml.parsers import expat

from pipekit.errors import InputError

__all__ = ["Handler", "Package"]

#: No part of a document that people wrote unpacks to more, in bytes; a long meeting has five megabytes.
LARGEST_PART = 100 * 1024 * 1024
#: Nor does one of more than this many bytes pack to a two-hundredth.
_SUSPICIOUS, _TIGHTEST = 5 * 1024 * 1024, 200
_CHUNK = 64 * 1024
#: What Python raises for an archive that isn't whole; places in it may point anywhere.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, NotImplementedError),
    *(RuntimeError, ValueError, LookupError, OverflowError),
)
#: What a ZIP archive is when it is no Word document, by the path of a part.
_OTHERS = {
    "xl/workbook.xml": "is an Excel workbook, not a Word document",
    "ppt/presentation.xml": "is a PowerPoint presentation, not a Word document",
    "content.xml": "is an OpenDocument file, not a Word document",
    "index.xml": "is a document of Pages, not of Word",
}
_HINT = "save the notes as .docx, text or Markdown"


class Handler:
    """What is told of an XML part: elements by their names without a namespace, and text."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """Text within the element that is open."""


class Package:
    """A document's parts by their paths; `InputError` for what is none, or isn't what it says."""

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
            entries = self._archive.infolist()
        except _DAMAGED as error:
            raise self._broken(str(error)) from error
        self._entries = {entry.filename.lstrip("/").lower(): entry for entry in entries}
        self.document = self._document()

    def has(self, path: str) -> bool:
        """Whether a part is there."""
        return path.lower() in self._entries

    def paths(self, prefix: str) -> Sequence[str]:
        """The paths of the parts in a folder."""
        return [path for path in self._entries if path.startswith(prefix.lower())]

    def read(self, path: str, handler: Handler) -> None:
        """Tell ``handler`` what a part holds; a part that isn't there holds nothing."""
        entry = self._entries.get(path.lower())
        if entry is None:
            return
        if entry.flag_bits & 0x1:
            raise InputError("is protected by a password", file=self.name, kind="docx", hint="save it without one")
        unpacked = entry.file_size
        if unpacked > LARGEST_PART or (unpacked > _SUSPICIOUS and unpacked > _TIGHTEST * entry.compress_size):
            raise self._bomb(path)
        parser = _parser(handler, lambda: self._broken(f"{path} has a DOCTYPE, which no Word document has"))
        total = 0
        try:
            with self._archive.open(entry) as stream:
                while chunk := stream.read(_CHUNK):
                    total += len(chunk)
                    if total > LARGEST_PART:
                        raise self._bomb(path)
                    parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise self._broken(f"{path}, line {error.lineno}, column {error.offset + 1}: {error}") from error
        except _DAMAGED as error:
            raise self._broken(f"{path}: {error}") from error

    def _document(self) -> str:
        """The path of the main part: as Word has it; others may call it otherwise, in the same folder."""
        if self.has("word/document.xml"):
            return "word/document.xml"
        others = [path for path in self.paths("word/document") if path.endswith(".xml")]
        if others:
            return others[0]
        for path, what in _OTHERS.items():
            if self.has(path):
                raise InputError(what, file=self.name, kind="binary", hint=_HINT)
        raise InputError("is a ZIP archive, not a Word document", file=self.name, kind="binary", hint=_HINT)

    def _broken(self, reason: str) -> InputError:
        return InputError(
            f"is a broken Word document ({reason})",
            file=self.name,
            kind="docx",
            hint="open it in a word processor, and save it again",
        )

    def _bomb(self, path: str) -> InputError:
        return InputError(
            f"unpacks to far more than people write: {path}",
            file=self.name,
            kind="too-large",
            hint="open it in a word processor, and copy the text out of it",
        )


def _parser(handler: Handler, refuse: Callable[[], InputError]) -> expat.XMLParserType:
    """A parser that declares nothing and fetches nothing: without a DOCTYPE there are no entities."""

    def doctype(*_: object) -> None:
        raise refuse()

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = lambda name, attributes: handler.start(
        _local(name), {_local(key): value for key, value in attributes.items()}
    )
    parser.EndElementHandler = lambda name: handler.end(_local(name))
    parser.CharacterDataHandler = handler.data
    return parser


def _local(name: str) -> str:
    return name.rpartition("}")[2]
