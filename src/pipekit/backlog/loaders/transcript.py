"""Plain text: notes, talk and chats in the forms of `openings`, one utterance a line or a paragraph."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import define, evolve, field

from pipekit.backlog.loaders.dates import day_in, day_of
from pipekit.backlog.loaders.decoding import decode, looks_binary
from pipekit.backlog.loaders.labels import Label, label_lines
from pipekit.backlog.loaders.speech import attendees_in
from pipekit.backlog.loaders.times import days_of
from pipekit.backlog.model.meeting import Meeting, Utterance, UtteranceKind
from pipekit.backlog.speakers import with_one_name_each
from pipekit.interfaces import Source

__all__ = ["TranscriptLoader"]

_HEADER = re.compile(r"(?i)^\s*(date|datum|title|titel|meeting|subject|attendees|participants|present)\s*:\s*(.+)$")
_BULLET = re.compile(r"\s*(?:[-*•–]|\d{1,3}[.)])\s+")
_WORD = re.compile(r"[^\W\d_]{2}")
#: What stands beside a date and says no more than it.
_WEEKDAY = re.compile(
    r"(?i)\b(?:mon|tue|wed|thu|fri|sat|sun|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|uhr|am|pm|utc|gmt"
    r"|(?:maan|dins|woens|donder|vrij|zater|zon)dag|uur|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes"
    r"|miércoles|jueves|viernes|sábado|domingo)\b"
)
#: Where the head of a text ends, in lines.
_HEAD = 10


class TranscriptLoader:
    """Reads plain text, which is also what anything else with words is taken for in the end."""

    suffixes: Sequence[str] = (".txt", ".text", ".log")
    returns = Meeting

    def recognises(self, head: bytes, name: str) -> float:
        """Any text a little, a text file or lines of ``Name: text`` more."""
        if looks_binary(head):
            return 0.05  # so that the message about binary files is this loader's, which says what to do
        return 0.5 if name.lower().endswith(tuple(self.suffixes)) else 0.2

    def load(self, source: Source) -> Meeting:
        """The meeting, one utterance for each line that says something."""
        decoded = decode(source.content, source.name)
        lines = decoded.text.split("\n")
        facts = _Facts()
        head = facts.read(lines)
        known = facts.attendees or tuple(name for line in lines[:_HEAD] for name in attendees_in(line))
        labels = label_lines([*[""] * head, *lines[head:]], known=[re.sub(r"\s*\(.*", "", name) for name in known])
        turns = _Turns()
        for number, (line, label) in enumerate(zip(lines, labels, strict=True), start=1):
            turns.take(number, line, label)
        turns.close()
        days = [label.day for label in labels if label.day]
        if facts.date is None and days:
            first = days_of(days).get(days[0])
            facts.date = first.isoformat() if first else None
            if first is None:
                facts.warnings.append(f'the date "{days[0]}" {day_of(days[0]).fault}: the meeting has none')
        if not days:
            facts.look_for_a_day(lines[head : head + _HEAD])
        utterances = [*facts.notes, *turns.said]
        meeting = Meeting(
            utterances=tuple(one for one in utterances if one.text),
            title=facts.title,
            date=facts.date,
            attendees=facts.attendees or tuple(dict.fromkeys(one.speaker for one in utterances if one.speaker)),
            source=source.name,
            format="text",
            warnings=(*decoded.warnings, *facts.warnings),
        )
        return with_one_name_each(meeting)


@define
class _Facts:
    """What the head of a text says of the meeting; what can't be taken from it stays as a note."""

    title: str | None = None
    date: str | None = None
    attendees: tuple[str, ...] = ()
    notes: list[Utterance] = field(factory=list)
    warnings: list[str] = field(factory=list)

    def read(self, lines: Sequence[str]) -> int:
        """How many lines at the top are of the head."""
        for index, line in enumerate(lines[:_HEAD]):
            if not line.strip():
                continue
            found = _HEADER.match(line)
            if found is None:
                return index
            if not self._takes(found.group(1).lower(), found.group(2).strip()):
                self.notes.append(Utterance(text=line.strip(), line=index + 1, last_line=index + 1, kind="note"))
        return min(_HEAD, len(lines))

    def look_for_a_day(self, lines: Sequence[str]) -> None:
        """A line that begins with a date, or has it in parentheses, says when; it stays a line of its own."""
        for line in lines:
            found = day_in(line[:80]) if self.date is None else None
            if found and found.day:
                before = _WEEKDAY.sub("", line.partition(found.written)[0])
                if not _WORD.search(before) or before.endswith("("):
                    self.date = found.day.isoformat()

    def _takes(self, key: str, value: str) -> bool:
        if key in ("date", "datum"):
            found = day_of(value)
            if found.day is None:
                self.warnings.append(f'the date "{value[:80]}" {found.fault}: the meeting has none')
                return False
            self.date = found.day.isoformat()
            return not _WORD.search(_WEEKDAY.sub("", value.replace(found.written, "", 1)))
        if key in ("title", "titel", "meeting", "subject"):
            if self.title is not None:
                return False
            self.title = value
        else:
            if self.attendees:
                return False
            self.attendees = attendees_in(f"attendees: {value}")
            named = set(re.findall(r"\w+", " ".join(self.attendees)))
            return named.issuperset(set(re.findall(r"\w+", value)) - {"and", "en", "und"})
        return True


@define
class _Turns:
    """The utterances so far, and whose words the next lines may be."""

    said: list[Utterance] = field(factory=list)
    #: Whose words follow: a name that stood on a line of its own, or the sender of a message of several lines.
    open: Utterance | None = None
    #: The line that this name was taken from.
    opened: str = ""
    sender: str | None = None
    start: float | None = None

    def take(self, number: int, line: str, label: Label) -> None:
        """Read one more line."""
        if not line.strip():
            # Some leave a line free between the name and the words.
            if self.open is not None and self.open.text:
                self.open = None
        elif label.timed:
            self.start = label.start if self.open is None else self.start
        elif label.speaker is not None:
            self._names(number, line, label)
        elif self.open is not None:
            self._goes_on(number, label)
        elif label.rest:
            sender = self.sender if label.start is None else None
            self.sender = sender
            kind = _kind(line) if sender is None or _BULLET.match(line) else "speech"
            self._says(number, evolve(label, speaker=sender), kind)

    def _names(self, number: int, line: str, label: Label) -> None:
        self.sender = label.speaker if label.form == "addressed" or label.day else None
        self.close()
        if label.rest:
            self._says(number, label, "speech")
            return
        start = self.start if label.start is None else label.start
        self.open = Utterance(text="", line=number, last_line=number, speaker=label.speaker, start=start)
        self.opened = line.strip()
        self.start = None

    def close(self) -> None:
        """No words follow any more; a name without any was none, or is all that was said."""
        if self.open is not None and not self.open.text:
            self.said.append(evolve(self.open, text=self.opened, speaker=None, start=None, kind="note"))
        self.open = None

    def _goes_on(self, number: int, label: Label) -> None:
        assert self.open is not None
        if self.open.text:
            self.open = evolve(self.open, text=f"{self.open.text} {label.rest}", last_line=number)
            self.said[-1] = self.open
        else:
            self.open = evolve(self.open, text=label.rest, line=number, last_line=number)
            self.said.append(self.open)

    def _says(self, number: int, label: Label, kind: UtteranceKind) -> None:
        start = self.start if label.start is None else label.start
        self.start = None
        self.said.append(
            Utterance(text=label.rest, line=number, last_line=number, speaker=label.speaker, start=start, kind=kind)
        )


def _kind(line: str) -> UtteranceKind:
    return "bullet" if _BULLET.match(line) else "note"
