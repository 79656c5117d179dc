"""Documents as blocks, whatever they were written in: headings, bullets, paragraphs, and who speaks in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Literal

from attrs import define, evolve, field, frozen

from pipekit.backlog.loaders.dates import Day, day_in, day_of
from pipekit.backlog.loaders.labels import Label, label_lines
from pipekit.backlog.loaders.names import key_of
from pipekit.backlog.loaders.openings import read_line
from pipekit.backlog.loaders.speech import attendees_in
from pipekit.backlog.model.meeting import Utterance, UtteranceKind

__all__ = ["About", "Block", "read_blocks"]

#: How many lines of notes may say when and with whom they were taken.
_HEAD = 12


@frozen
class Block:
    """One line of a document.

    ``number`` is its line or paragraph, counted from 1. ``text`` are its words, and ``spoken`` the same with the marks
    that tell a name from what is said; ``spoken`` is empty where nobody can be speaking. ``speaker`` and
    ``start`` are set where the document itself says who said this, and when. ``goes_on`` says that it only wraps the
    line before, where nobody else is named in it.
    """

    number: int
    kind: Literal["heading", "bullet", "note", "rule", "blank"]
    text: str = ""
    level: int = 0
    spoken: str = ""
    speaker: str | None = None
    start: float | None = None
    goes_on: bool = False


class About:
    """What a document says of its meeting: in its properties, and in its first lines."""

    def __init__(self, *, title: str | None = None, date: str | None = None, attendees: Sequence[str] = ()) -> None:
        self.title = title
        self.date: str | None = None
        self.attendees = tuple(attendees)
        self.warnings: list[str] = []
        if date is not None:
            self._take(day_of(date))

    def read(self, blocks: Sequence[Block]) -> set[int]:
        """The indices of the first blocks that say who was there, or when."""
        noted: set[int] = set()
        before = 0
        for index, block in enumerate(blocks[:_HEAD]):
            if block.kind in ("blank", "heading") or not block.spoken:
                before += block.kind != "blank"
                continue
            opening = read_line(block.text).opening
            if opening is None or opening.form == "below":
                people = () if self.attendees else attendees_in(block.text)
                dated = day_in(block.text[:80]) if (people or before <= 1) and self.date is None else None
                if dated and self._is_dated(block.text.partition(dated.written)[0], dated):
                    self._take(dated)
                    noted.add(index)
                if people:
                    self.attendees = people
                    noted.add(index)
            before += 1
        return noted

    def look_into_the_title(self) -> None:
        """Take the date from the title where nothing else says it."""
        if self.date is None and self.title is not None and (dated := day_in(self.title[:200])) and dated.day:
            self.date = dated.day.isoformat()

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


def read_blocks(
    blocks: Sequence[Block], about: About, *, plain: Callable[[str], str] = lambda text: text
) -> list[Utterance]:
    """What is said in a document; ``about`` learns from its first lines, ``plain`` takes marks off what is said.

    A first heading is the title, where nothing else was.
    """
    noted = about.read(blocks)
    said = ["" if index in noted or block.speaker else block.spoken for index, block in enumerate(blocks)]
    labels = label_lines(said, known=[re.sub(r"\s*\(.*", "", name) for name in about.attendees])
    often = Counter(key_of(label.speaker) for label in labels if label.speaker)
    notes = _Notes({key for key, times in often.items() if times > 1}, plain)
    for block, label in zip(blocks, labels, strict=True):
        notes.take(block, label)
    notes.close()
    titles = (one.text for one in notes.said if one.kind == "heading" and one.level == 1)
    about.title = about.title or next(titles, None)
    about.look_into_the_title()
    if not about.attendees:
        about.attendees = tuple(dict.fromkeys(one.speaker for one in notes.said if one.speaker))
    return [one for one in notes.said if one.text]


@define
class _Notes:
    """The utterances so far, and who speaks the next lines."""

    #: Who is named more than once: a name alone above a list is else the list's own.
    often: Collection[str]
    plain: Callable[[str], str]
    said: list[Utterance] = field(factory=list)
    below: Label | None = None
    #: The name alone, as long as no words follow.
    alone: Utterance | None = None

    def take(self, block: Block, label: Label) -> None:
        """Read one more block."""
        if block.kind == "blank":
            if self.alone is None:
                self.below = None
        elif block.kind == "rule":
            self.close()
        elif block.kind == "heading":
            self.close()
            self._says(block, "heading", block.text)
        elif block.speaker is not None:
            self._says(block, "speech", block.text, speaker=block.speaker, start=block.start)
        elif label.timed and block.spoken and self.below is not None:
            pass  # the time below a name was taken with it
        elif block.goes_on and label.speaker is None and self.said and self.said[-1].last_line == block.number - 1:
            last = self.said[-1]
            self.said[-1] = evolve(last, text=f"{last.text} {block.text}".strip(), last_line=block.number)
        elif label.speaker is not None and not label.rest:
            self.close()
            note = _said(block, "note", block.text)
            if label.start is not None or key_of(label.speaker) in self.often:
                self.below, self.alone = label, note
            else:
                self.said.append(note)
        elif label.speaker is not None:
            self.close()
            kind: UtteranceKind = "bullet" if block.kind == "bullet" else "speech"
            self._says(block, kind, self.plain(label.rest), speaker=label.speaker, start=label.start)
        elif self.below is not None:
            kind = "speech" if block.kind == "note" else block.kind
            start = self.below.start if self.alone is not None else None
            self._says(block, kind, block.text, speaker=self.below.speaker, start=start)
            self.alone = None
        else:
            self._says(block, block.kind, block.text)

    def close(self) -> None:
        """Nothing that follows is said by who was named alone; without words that is a note."""
        if self.alone is not None:
            self.said.append(self.alone)
        self.below = self.alone = None

    def _says(
        self, block: Block, kind: UtteranceKind, text: str, *, speaker: str | None = None, start: float | None = None
    ) -> None:
        self.said.append(evolve(_said(block, kind, text), speaker=speaker, start=start))


def _said(block: Block, kind: UtteranceKind, text: str) -> Utterance:
    return Utterance(text=text, line=block.number, last_line=block.number, kind=kind, level=block.level)
