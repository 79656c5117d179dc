"""Markdown files in folders: which ones count, and what can be read of them. None is ever an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import frozen

from pipekit.retrieval.documents import Document, parse_document

__all__ = ["SUFFIXES", "MarkdownFile", "markdown_files", "read_document", "shown"]

#: Names that are read as Markdown.
SUFFIXES = (".md", ".markdown")
#: Larger files are left out, in bytes.
MAX_FILE = 8_000_000


@frozen
class MarkdownFile:
    """A file with its content; ``source`` is its address below the name of the folder that was looked through."""

    path: Path
    source: str
    content: bytes


def markdown_files(root: Path, seen: set[Path], left_out: Callable[[str, str], None]) -> Iterator[MarkdownFile]:
    """All Markdown files of a folder, or the one file that ``root`` is, in a stable order.

    Those ``seen`` already are passed over. ``left_out`` is told address and reason of what can't be read, or is a link
    that leads out of the folder.
    """
    inside = root.resolve() if root.is_dir() else root.resolve().parent
    for path in sorted(_markdown(root)):
        source = shown(path.relative_to(root).as_posix() if root.is_dir() else path.name)
        address = f"{root.name}/{source}" if root.is_dir() and root.name else source
        try:
            real = path.resolve()
            if real in seen:
                continue
            seen.add(real)
            if not real.is_relative_to(inside):
                left_out(address, f"the link leads out of {root.name or root} and was left out")
                continue
            if not real.is_file():
                left_out(address, "is no file and was left out")
                continue
            if real.stat().st_size > MAX_FILE:
                left_out(address, f"larger than {MAX_FILE // 1_000_000} MB and was left out")
                continue
            content = real.read_bytes()
        except (OSError, RuntimeError) as error:  # links that lead in a circle are a RuntimeError
            left_out(address, f"can't be read and was left out: {getattr(error, 'strerror', None) or error}")
            continue
        yield MarkdownFile(path, address, content)


def shown(name: str) -> str:
    """A name that any text can hold: bytes that are no UTF-8 are written as their numbers."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


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


def read_document(content: bytes, source: str) -> tuple[Document | None, tuple[str, ...]]:
    """The document in a file's bytes, None where they are no text, and a sentence for each thing that is wrong."""
    if b"\0" in content:
        return None, (f"{source}: not text (it has NUL bytes) and was left out",)
    text = content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    odd = "\ufffd" in text and "\ufffd".encode() not in content
    document, wrong = parse_document(text, source)
    return document, (*((f"{source}: not UTF-8 throughout; the odd characters were replaced",) * odd), *wrong)
