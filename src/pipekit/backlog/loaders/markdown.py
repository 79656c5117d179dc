"""Markdown notes: headings, bullets, numbered lists, check boxes, tables, and speech in bold names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipekit.backlog.loaders.decoding import decode, looks_binary
from pipekit.backlog.loaders.speech import attendees_in, read_label
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.interfaces import Source

__all__ = ["MarkdownLoader"]

# Each of these is linear in a line's length: a meeting may be one line, and anybody's.
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*)$")
_BULLET = re.compile(r"^([ \t]*)(?:[-*+•–]|\d{1,3}[.)])[ \t]+(?:\[ \][ \t]+)?(.*)$")
_QUOTE = re.compile(r"^ {0,3}(?:>[ \t]?)+")
_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$|^[ \t|:-]+$")
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)")
_STRONG = {
    mark: (re.compile(rf"(?<!\w){re.escape(mark)}(?=\S)"), re.compile(rf"(?<=\S){re.escape(mark)}(?!\w)"))
    for mark in ("**", "__")
}
_EMPHASIS = re.compile(r"(?<![\w*_])([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*_])")
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
_DATE = re.compile(r"\b(\d{4}-\d{2}-\d{2}|\d{1,2}\.? (?:[A-Z][a-zä]+)(?: \d{4})?)\b")


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
        lines = head.decode("utf-8", "replace").split("\n")[:200]
        headings = sum(bool(_HEADING.match(line)) for line in lines)
        bullets = sum(bool(_BULLET.match(line)) for line in lines)
        return 0.55 if headings >= 1 and headings + bullets >= 3 else 0.0

    def load(self, source: Source) -> Meeting:
        """The meeting; a first heading is its title."""
        decoded = decode(source.content, source.name)
        lines = decoded.text.split("\n")
        facts, first = _front_matter(lines)
        title = facts.get("title")
        date = facts.get("date")
        attendees = tuple(name.strip() for name in facts.get("attendees", "").strip("[]").split(",") if name.strip())
        utterances: list[Utterance] = []
        fenced = False
        for number, line in enumerate(lines[first:], start=first + 1):
            if _FENCE.match(line):
                fenced = not fenced
                continue
            if not line.strip() or (not fenced and _RULE.match(line)):
                continue
            heading = None if fenced else _HEADING.match(line)
            if heading:
                text, level = _plain(_heading_text(heading.group(2))), len(heading.group(1))
                if title is None and level == 1:
                    title = text
                if text:
                    utterances.append(Utterance(text=text, line=number, last_line=number, kind="heading", level=level))
                continue
            if not attendees and number <= first + 12:
                attendees = attendees_in(line)
                if attendees or (date is None and _DATE.search(line) and len(utterances) <= 1):
                    found = _DATE.search(line)
                    date = date or (found.group(1) if found else None)
                    utterances.append(Utterance(text=_plain(line), line=number, last_line=number, kind="note"))
                    continue
            utterances.append(_utterance(line, number))
        return Meeting(
            utterances=tuple(one for one in utterances if one.text),
            title=title,
            date=date,
            attendees=attendees or tuple(dict.fromkeys(one.speaker for one in utterances if one.speaker)),
            source=source.name,
            format="markdown",
            warnings=decoded.warnings,
        )


def _utterance(line: str, number: int) -> Utterance:
    line = _QUOTE.sub("", line)
    bullet = _BULLET.match(line)
    if bullet:
        depth = len(bullet.group(1).replace("\t", "    ")) // 2 + 1
        label = read_label(bullet.group(2))
        text = _plain(label.rest if label.speaker else bullet.group(2))
        return Utterance(
            text=text,
            line=number,
            last_line=number,
            speaker=label.speaker,
            start=label.start if label.speaker else None,
            kind="bullet",
            level=depth,
        )
    if line.lstrip().startswith("|"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        return Utterance(
            text=_plain(", ".join(cell for cell in cells if cell)), line=number, last_line=number, kind="note"
        )
    label = read_label(line)
    if label.speaker:
        return Utterance(
            text=_plain(label.rest), line=number, last_line=number, speaker=label.speaker, start=label.start
        )
    return Utterance(text=_plain(line), line=number, last_line=number, kind="note")


def _heading_text(rest: str) -> str:
    """What stands behind a heading's marks, without the closing ones: ``Title ##``, but not those of ``C#``."""
    text = rest.strip(" \t")
    words = text.rstrip("#")
    return words.rstrip(" \t") if not words or words[-1] in " \t" else text


def _plain(text: str) -> str:
    """The words without the marks around them."""
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
