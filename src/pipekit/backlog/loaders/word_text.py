"""The text of a Word document as blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from attrs import define, field

from pipekit.backlog.loaders.blocks import Block
from pipekit.backlog.loaders.decoding import without_controls
from pipekit.backlog.loaders.times import seconds
from pipekit.backlog.loaders.word_package import Handler
from pipekit.backlog.loaders.word_parts import Comment, Style, is_on, number_of

__all__ = ["WordText"]

#: How Teams writes times into its older transcripts: 0:0:5.21 --> 0:0:7.0.
_SPAN = re.compile(r"(\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d{1,9})?) --> \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d{1,9})?")
#: Elements whose text is none of the document's, or is there once more: deleted, moved away, what a field is made by,
#: the drawing again for old programs.
_LEFT_OUT = frozenset(("del", "moveFrom", "instrText", "delText", "Fallback", "rt", "sdtPr", "rPrChange", "pPrChange"))


@define
class _Paragraph:
    number: int
    style: str = ""
    outline: int | None = None
    bullet: int | None = None
    words: list[str] = field(factory=list)
    comments: list[str] = field(factory=list)


@define
class WordText(Handler):
    """The text of a document as blocks, as it reads when all tracked changes are accepted.

    ``number`` counts paragraphs, empty ones and those in tables, too. Lines within a paragraph are blocks of one
    number, and a row of a table is one block.
    """

    styles: Mapping[str, Style]
    comments: Mapping[str, Comment]
    blocks: list[Block] = field(factory=list)
    title: str | None = None
    inserted: int = 0
    deleted: int = 0
    hidden: int = 0
    pictures: int = 0
    taken_comments: int = 0
    number: int = 0
    #: Paragraphs that are open: one may hold a text box with paragraphs of its own.
    open: list[_Paragraph] = field(factory=list)
    left_out: str = ""
    depth: int = 0
    within: bool = False
    vanished: bool = False
    tables: int = 0
    #: The cells of the row of the outermost table: lines, and the number of its first paragraph.
    cells: list[list[str]] | None = None
    row_number: int = 0
    row_comments: list[str] = field(factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take what an element begins: a paragraph, a table, words, or how they look."""
        if self.left_out:
            self.depth += name == self.left_out
            return
        if name in _LEFT_OUT:
            self.left_out, self.depth = name, 1
            self.deleted += name in ("del", "moveFrom")
            return
        value = attributes.get("val", "")
        if name == "p":
            self.number += 1
            self.open.append(_Paragraph(self.number))
        elif name == "tbl":
            self.tables += 1
        elif name == "tr" and self.tables == 1:
            self.cells, self.row_number, self.row_comments = [], self.number + 1, []
        elif name == "tc" and self.tables == 1 and self.cells is not None:
            self.cells.append([])
        elif name == "ins":
            # Within the properties of a row or paragraph that is a mark on these, and not on text.
            self.inserted += 1
        elif name in ("drawing", "pict"):
            self.pictures += 1
        elif not self.open:
            return
        elif name == "r":
            self.vanished = False
        elif name == "vanish":
            self.vanished = is_on(value)
        elif name == "t":
            self.within = True
        elif name in ("tab", "ptab"):
            self._writes("\t")
        elif name in ("br", "cr"):
            self._writes("\n")
        elif name == "noBreakHyphen":
            self._writes("-")
        elif name == "commentReference":
            self.open[-1].comments.append(attributes.get("id", ""))
        else:
            self._is_formatted(name, value)

    def _is_formatted(self, name: str, value: str) -> None:
        paragraph = self.open[-1]
        if name == "pStyle":
            paragraph.style = value
        elif name == "outlineLvl":
            paragraph.outline = number_of(value)
        elif name == "ilvl":
            paragraph.bullet = (number_of(value) or 0) + 1
        elif name == "numId":
            paragraph.bullet = 0 if value == "0" else (paragraph.bullet or 1)

    def data(self, text: str) -> None:
        """Take words."""
        if self.within and not self.left_out:
            self._writes(text)

    def end(self, name: str) -> None:
        """Close what an element began."""
        if self.left_out:
            if name == self.left_out:
                self.depth -= 1
                self.left_out = self.left_out if self.depth else ""
            return
        if name == "t":
            self.within = False
        elif name == "p" and self.open:
            self._closes(self.open.pop())
        elif name == "tr" and self.tables == 1:
            self._closes_row()
        elif name == "tbl":
            self.tables = max(0, self.tables - 1)

    def _writes(self, text: str) -> None:
        if self.vanished:
            self.hidden += bool(text.strip())
        elif self.open:
            self.open[-1].words.append(text)

    def _closes(self, paragraph: _Paragraph) -> None:
        lines = [without_controls(line) for line in "".join(paragraph.words).split("\n")]
        lines = [line for line in lines if line]
        style = self.styles.get(paragraph.style, Style())
        if self.cells is not None:
            if self.cells and lines:
                self.cells[-1].extend(lines)
            self.row_comments += paragraph.comments
            return
        if style.hidden:
            self.hidden += len(lines)
            return
        if style.title and lines and self.title is None:
            self.title = lines[0]
        self._gives(paragraph.number, lines, style, paragraph)
        self._takes(paragraph.comments, paragraph.number)

    def _gives(self, number: int, lines: Sequence[str], style: Style, paragraph: _Paragraph) -> None:
        outline = paragraph.outline
        heading = style.heading if outline is None else (min(6, outline + 1) if outline < 9 else 0)
        bullet = style.bullet if paragraph.bullet is None else paragraph.bullet
        turn = _turn(number, lines)
        if not lines:
            self.blocks.append(Block(number, "blank"))
        elif turn is not None:
            self.blocks.append(turn)
        elif heading:
            self.blocks.append(Block(number, "heading", " ".join(lines), heading))
        else:
            for position, line in enumerate(lines):
                kind: Literal["bullet", "note"] = "bullet" if bullet and not position else "note"
                self.blocks.append(Block(number, kind, line, bullet if kind == "bullet" else 0, line))

    def _closes_row(self) -> None:
        cells, self.cells = self.cells or [], None
        filled = [cell for cell in cells if cell]
        lines = filled[0] if len(filled) == 1 else [", ".join(" ".join(cell) for cell in filled)]
        for line in lines:
            if line:
                self.blocks.append(Block(self.row_number, "note", line, 0, line))
        self._takes(self.row_comments, self.row_number)

    def _takes(self, keys: Sequence[str], number: int) -> None:
        """Comments stand behind what they are about, each said by who wrote it."""
        for comment in (self.comments[key] for key in keys if key in self.comments):
            self.taken_comments += 1
            for line in comment.lines:
                self.blocks.append(Block(number, "note", line, 0, "" if comment.author else line, comment.author))


def _turn(number: int, lines: Sequence[str]) -> Block | None:
    """A paragraph that is times, a name and words: what somebody said, as Teams has it."""
    times = _SPAN.fullmatch(lines[0]) if len(lines) > 2 and "-->" in lines[0] else None
    if times is None:
        return None
    return Block(number, "note", " ".join(lines[2:]), speaker=lines[1], start=seconds(times.group(1)))
