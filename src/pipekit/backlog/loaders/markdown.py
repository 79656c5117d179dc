"""Markdown notes: headings, bullets, numbered lists, check boxes, tables, and speech in bold names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from attrs import define, evolve, field

from pipekit.backlog.loaders.dates import Day, day_in, day_of
from pipekit.backlog.loaders.decoding import decode, decoded_head, looks_binary
from pipekit.backlog.loaders.labels import Label, label_lines
from pipekit.backlog.loaders.names import key_of
from pipekit.backlog.loaders.openings import read_line
from pipekit.backlog.loaders.speech import attendees_in
from pipekit.backlog.model.meeting import Meeting, Utterance, UtteranceKind
from pipekit.interfaces import Source

__all__ = ["MarkdownLoader"]

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
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
#: How many lines of notes may say when and with whom they were taken.
_HEAD = 12


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
        fences = _fences(lines, first)
        about = _About(facts)
        noted = about.read(lines, first, fences)
        said = [
            "" if index < first or index in fences or index in noted else _spoken_part(line)
            for index, line in enumerate(lines)
        ]
        labels = label_lines(said, known=[re.sub(r"\s*\(.*", "", name) for name in about.attendees])
        often = Counter(key_of(label.speaker) for label in labels if label.speaker)
        notes = _Notes({key for key, times in often.items() if times > 1})
        for index, line in enumerate(lines[first:], start=first):
            if fences.get(index) != "mark":
                notes.take(index + 1, line, labels[index], fenced=index in fences)
        notes.close()
        titles = (one.text for one in notes.said if one.kind == "heading" and one.level == 1)
        title = about.title or next(titles, None)
        if about.date is None and title is not None and (dated := day_in(title[:200])) and dated.day:
            about.date = dated.day.isoformat()
        return Meeting(
            utterances=tuple(one for one in notes.said if one.text),
            title=title,
            date=about.date,
            attendees=about.attendees or tuple(dict.fromkeys(one.speaker for one in notes.said if one.speaker)),
            source=source.name,
            format="markdown",
            warnings=(*decoded.warnings, *about.warnings),
        )


class _About:
    """What the front matter and the first lines say of the meeting."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        self.title = facts.get("title")
        self.date: str | None = None
        self.warnings: list[str] = []
        listed = facts.get("attendees", "").strip("[]").split(",")
        self.attendees = tuple(name.strip() for name in listed if name.strip())
        if "date" in facts:
            self._take(day_of(facts["date"]))

    def read(self, lines: Sequence[str], first: int, fences: Mapping[int, str]) -> set[int]:
        """The indices of the first lines that say who was there, or when."""
        noted: set[int] = set()
        before = 0
        for index, line in enumerate(lines[first : first + _HEAD], start=first):
            if not line.strip() or index in fences or _HEADING.match(line):
                before += bool(line.strip())
                continue
            told = _plain(_spoken_part(line))
            if read_line(told).opening is None or read_line(told).opening.form == "below":  # type: ignore[union-attr]
                people = () if self.attendees else attendees_in(line)
                dated = day_in(told[:80]) if (people or before <= 1) and self.date is None else None
                if dated and self._is_dated(told.partition(dated.written)[0], dated):
                    self._take(dated)
                    noted.add(index)
                if people:
                    self.attendees = people
                    noted.add(index)
            before += 1
        return noted

    def _is_dated(self, before: str, dated: Day) -> bool:
        """Whether the date stands where notes have theirs, and in no sentence."""
        words = len(before.split())
        if dated.fault == "has no year":
            return False  # as people write in notes; the line is one, and nothing to be told of
        return words <= 2 if dated.day else not words or before.rstrip().endswith((":", ","))

    def _take(self, dated: Day) -> None:
        if dated.day is not None:
            self.date = dated.day.isoformat()
        elif not self.warnings:
            self.warnings.append(f'the date "{dated.written[:80]}" {dated.fault}: the meeting has none')


@define
class _Notes:
    """The utterances so far, and who speaks the next lines."""

    #: Who is named more than once: a name alone above a list is else the list's own.
    often: Collection[str]
    said: list[Utterance] = field(factory=list)
    below: Label | None = None
    #: The name alone, as long as no words follow.
    alone: Utterance | None = None

    def take(self, number: int, line: str, label: Label, *, fenced: bool) -> None:
        """Read one more line."""
        if not line.strip():
            if self.alone is None:
                self.below = None
            return
        if not fenced and _RULE.match(line):
            self.close()
            return
        heading = None if fenced else _HEADING.match(line)
        if heading:
            self.close()
            text, level = _plain(_heading_text(heading.group(2))), len(heading.group(1))
            self.said.append(Utterance(text=text, line=number, last_line=number, kind="heading", level=level))
        elif label.speaker is not None and not label.rest:
            self.close()
            note = Utterance(text=_plain(_spoken_part(line)), line=number, last_line=number, kind="note")
            if label.start is not None or key_of(label.speaker) in self.often:
                self.below, self.alone = label, note
            else:
                self.said.append(note)
        elif label.speaker is not None:
            self.close()
            self.said.append(_utterance(line, number, label))
        else:
            one = _utterance(line, number, label)
            if self.below is not None:
                start = self.below.start if self.alone is not None else None
                kind: UtteranceKind = "speech" if one.kind == "note" else one.kind
                one = evolve(one, speaker=self.below.speaker, start=start, kind=kind)
                self.alone = None
            self.said.append(one)

    def close(self) -> None:
        """Nothing that follows is said by who was named alone; without words that is a note."""
        if self.alone is not None:
            self.said.append(self.alone)
        self.below = self.alone = None


def _spoken_part(line: str) -> str:
    """A line without the marks of a quote or a bullet; nothing for a heading or a table, which nobody speaks."""
    if _HEADING.match(line) or line.lstrip().startswith("|"):
        return ""
    line = _QUOTE.sub("", line)
    bullet = _BULLET.match(line)
    return bullet.group(2) if bullet else line


def _utterance(line: str, number: int, label: Label) -> Utterance:
    line = _QUOTE.sub("", line)
    bullet = _BULLET.match(line)
    depth = len(bullet.group(1).replace("\t", "    ")) // 2 + 1 if bullet else 0
    kind: UtteranceKind = "bullet" if bullet else ("speech" if label.speaker else "note")
    if label.speaker:
        text = label.rest
    elif bullet:
        text = bullet.group(2)
    elif line.lstrip().startswith("|"):
        cells = (cell.strip() for cell in line.strip().strip("|").split("|"))
        text = ", ".join(cell for cell in cells if cell)
    else:
        text = line
    return Utterance(
        text=_plain(text),
        line=number,
        last_line=number,
        speaker=label.speaker,
        start=label.start if label.speaker else None,
        kind=kind,
        level=depth,
    )


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
