"""Word documents: notes and minutes, and transcripts as Teams, Google Meet and Otter save them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipekit.backlog.loaders.blocks import About, read_blocks
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.speakers import with_one_name_each
from pipekit.errors import InputError
from pipekit.interfaces import Source

if TYPE_CHECKING:
    from pipekit.backlog.loaders.word_package import Package
    from pipekit.backlog.loaders.word_text import WordText

__all__ = ["DocxLoader"]

#: What Word calls a document without a title, or its own templates.
_NO_TITLES = frozenset(("", "word document", "document", "document1", "untitled"))


class DocxLoader:
    """Reads headings, lists, tables, comments, and speech where names lead.

    Tracked changes count as accepted. Macros are never run, nothing that is embedded or linked is opened.
    """

    suffixes: Sequence[str] = (".docx", ".docm")
    returns = Meeting

    def recognises(self, head: bytes, name: str) -> float:
        """A ZIP archive with the parts of an Office document, or that is called so; else `load` says what it is."""
        if not head.startswith(b"PK\x03\x04"):
            return 0.0
        return 0.95 if b"word/" in head or name.lower().endswith(tuple(self.suffixes)) else 0.3

    def load(self, source: Source) -> Meeting:
        """The meeting; ``line`` counts paragraphs. `InputError` for what is no Word document."""
        # Archives and XML are loaded by who reads them only.
        from pipekit.backlog.loaders.word_package import Package
        from pipekit.backlog.loaders.word_parts import comments_of, styles_of, title_of
        from pipekit.backlog.loaders.word_text import WordText

        package = Package(source.content, source.name)
        text = WordText(styles_of(package), comments_of(package))
        package.read(package.document, text)
        saved = title_of(package)
        about = About(title=text.title or (saved if saved.lower() not in _NO_TITLES else None))
        said = read_blocks(text.blocks, about)
        if not said:
            raise InputError("holds no text", file=source.name, kind="empty", hint="hand over one with words in it")
        meeting = Meeting(
            utterances=tuple(said),
            title=about.title,
            date=about.date,
            attendees=about.attendees,
            source=source.name,
            format="docx",
            unit="paragraph",
            warnings=(*_warnings(package, text), *about.warnings),
        )
        return with_one_name_each(meeting)


def _warnings(package: Package, text: WordText) -> Iterator[str]:
    """What a person should know of how the document was read."""
    if text.inserted or text.deleted:
        changes = f"{_counted(text.inserted, 'insertion')}, {_counted(text.deleted, 'deletion')}"
        yield f"tracked changes were taken as accepted ({changes})"
    if text.taken_comments:
        yield f"took in {_counted(text.taken_comments, 'comment')}, after what it is about"
    if text.hidden:
        yield f"left out text that the document hides ({_counted(text.hidden, 'place')})"
    if package.has("word/vbaProject.bin"):
        yield "left out the macros of the document"
    embedded = package.paths("word/embeddings/")
    if embedded:
        yield f"left out {_counted(len(embedded), 'embedded file')}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
