"""Markdown notes: headings, bullets, numbered lists, check boxes, tables, and speech in bold names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from attrs import evolve

from pipekit.backlog.loaders.blocks import About, Block, read_blocks
from pipekit.backlog.loaders.decoding import decode, decoded_head, looks_binary
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.speakers import with_one_name_each
from pipekit.interfaces import Source

__all__ = ["MarkdownLoader", "markdown_blocks", "without_marks"]

# Each of these is linear in a line's length: a meeting may be one line, and anybody's.
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*)$")
_BULLET = re.compile(r"^([ \t]*)(?:[-*+•–]|\d{1,3}[.)])[ \t]+(?:\[ \][ \t]+)?(.*)$")
_QUOTE = re.compile(r"^ {0,3}(?:>[ \t]?)+")
_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$|^[ \t|:-]+$")
_FENCE = re.compile(r"^ {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$")
_STRONG = {
    mark: (re.compile(rf"(?<!\w){re.escape(mark)}(?=\S)"), re.compile(rf"(?<=\S){re.escape(mark)}(?!\w)"))
    for mark in ("**", "__")
}
_EMPHASIS = re.compile(r"(?<![\w*_])([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*_])")
_CODE = re.compile(r"`([^`\n]+)`")
#: How long a line is at least that was cut because no word more fitted; and how one ends that was not.
WRAPPED = 40
_ENDED = re.compile(r"[.!?:;…][\"'”’»)*_]*[ \t]*$|  $|\\$")
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")


class MarkdownLoader:
    """Reads notes in Markdown; what is neither heading nor bullet is a note, or speech where a name leads."""

    suffixes: Sequence[str] = (".md", ".markdown")
    returns = Meeting

    def recognises(self, head: bytes, name: str) -> float:
        """By the file's ending, or by headings and bullets."""
        if looks_binary(head):
            return 0.0
        if name.lower().endswith(tuple(self.suffixes)):
            return 0.8
        lines = decoded_head(head).split("\n")[:200]
        headings = sum(bool(_HEADING.match(line)) for line in lines)
        bullets = sum(bool(_BULLET.match(line)) for line in lines)
        return 0.55 if headings >= 1 and headings + bullets >= 3 else 0.0

    def load(self, source: Source) -> Meeting:
        """The meeting; a first heading is its title."""
        decoded = decode(source.content, source.name)
        lines = decoded.text.split("\n")
        facts, first = _front_matter(lines)
        listed = (name.strip() for name in facts.get("attendees", "").strip("[]").split(","))
        about = About(title=facts.get("title"), date=facts.get("date"), attendees=[name for name in listed if name])
        said = read_blocks(markdown_blocks(lines, first), about, plain=without_marks)
        meeting = Meeting(
            utterances=tuple(said),
            title=about.title,
            date=about.date,
            attendees=about.attendees,
            source=source.name,
            format="markdown",
            warnings=(*decoded.warnings, *about.warnings),
        )
        return with_one_name_each(meeting)


def markdown_blocks(lines: Sequence[str], first: int = 0) -> list[Block]:
    """The lines from ``first`` on as blocks, one each; the marks of fenced blocks are none."""
    fences = _fences(lines, first)
    numbered = enumerate(lines[first:], start=first)
    blocks = [
        _block(line, index + 1, fenced=index in fences) for index, line in numbered if fences.get(index) != "mark"
    ]
    in_bullet = False
    for place, (before, block) in enumerate(pairwise(blocks), start=1):
        in_bullet = before.kind == "bullet" or (in_bullet and blocks[place - 1].goes_on)
        if block.number - 1 not in fences and _wraps(before, block, lines, in_bullet=in_bullet):
            blocks[place] = evolve(block, goes_on=True)
    return blocks


def _wraps(before: Block, block: Block, lines: Sequence[str], *, in_bullet: bool) -> bool:
    """Whether a line only goes on with the one before: indented below a bullet, or in the middle of a sentence.

    Many write notes line by line without a full stop, so what begins with a capital stands for itself.
    """
    if block.kind != "note" or not block.text or before.number != block.number - 1:
        return False
    above, line = lines[before.number - 1], lines[block.number - 1]
    if above.lstrip().startswith("|") or line.lstrip().startswith("|"):
        return False
    if in_bullet:
        return line[0] in " \t"
    cut_off = len(above) >= WRAPPED and not _ENDED.search(above)
    return before.kind == "note" and cut_off and block.text[0].islower()


def _block(line: str, number: int, *, fenced: bool) -> Block:
    if not line.strip():
        return Block(number, "blank")
    if not fenced:
        if _RULE.match(line):
            return Block(number, "rule")
        heading = _HEADING.match(line)
        if heading:
            return Block(number, "heading", without_marks(_heading_text(heading.group(2))), len(heading.group(1)))
    spoken = "" if fenced else _spoken_part(line)
    line = _QUOTE.sub("", line)
    bullet = _BULLET.match(line)
    if bullet:
        depth = len(bullet.group(1).replace("\t", "    ")) // 2 + 1
        return Block(number, "bullet", without_marks(bullet.group(2)), depth, spoken)
    if line.lstrip().startswith("|"):
        cells = (cell.strip() for cell in line.strip().strip("|").split("|"))
        line = ", ".join(cell for cell in cells if cell)
    return Block(number, "note", without_marks(line), 0, spoken)


def _spoken_part(line: str) -> str:
    """A line without the marks of a quote or a bullet; nothing for a heading or a table, which nobody speaks."""
    if _HEADING.match(line) or line.lstrip().startswith("|"):
        return ""
    line = _QUOTE.sub("", line)
    bullet = _BULLET.match(line)
    return bullet.group(2) if bullet else line


def _fences(lines: Sequence[str], first: int) -> dict[int, str]:
    """For each line of a fenced block whether it is one of its marks or within."""
    found: dict[int, str] = {}
    opened = ""
    for index, line in enumerate(lines[first:], start=first):
        mark = _FENCE.match(line) if "```" in line or "~~~" in line else None
        sign = (mark.group(1) or mark.group(2)) if mark else ""
        if not opened:
            opened = sign
            if sign:
                found[index] = "mark"
        elif sign[:1] == opened[0] and len(sign) >= len(opened) and not line.strip().strip(opened[0]):
            opened = ""
            found[index] = "mark"
        else:
            found[index] = "within"
    return found


def _heading_text(rest: str) -> str:
    """What stands behind a heading's marks, without the closing ones: ``Title ##``, but not those of ``C#``."""
    text = rest.strip(" \t")
    words = text.rstrip("#")
    return words.rstrip(" \t") if not words or words[-1] in " \t" else text


def without_marks(text: str) -> str:
    """The words without the marks of emphasis, code and links around them."""
    text = _LINK.sub(r"\1", _CODE.sub(r"\1", text))
    for opening, closing in _STRONG.values():
        text = _without_pairs(text, opening, closing)
    return _EMPHASIS.sub(r"\2", text).strip()


def _without_pairs(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    """The text without pairs of marks of two characters.

    A mark that nothing closes ends the search, as nothing closes a later one either; one expression for the pair would
    go through the rest of the text anew for each of them.
    """
    parts: list[str] = []
    at = 0
    while (first := opening.search(text, at)) and (last := closing.search(text, first.end() + 1)):
        parts += [text[at : first.start()], text[first.end() : last.start()]]
        at = last.end()
    return "".join([*parts, text[at:]])


def _front_matter(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """Simple ``key: value`` lines between two ``---`` at the top, and the index of the line after them."""
    if not lines or lines[0].strip() != "---":
        return {}, 0
    for index, line in enumerate(lines[1:60], start=1):
        if line.strip() in ("---", "..."):
            pairs = (one.partition(":") for one in lines[1:index])
            return {
                key.strip().lower(): value.strip().strip("\"'") for key, _, value in pairs if value.strip()
            }, index + 1
    return {}, 0
