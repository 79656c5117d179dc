"""Plain text: notes, ``Name: text`` transcripts, with times or without, one utterance a line or a paragraph."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import evolve

from pipekit.backlog.loaders.decoding import decode, looks_binary
from pipekit.backlog.loaders.speech import attendees_in, read_label
from pipekit.backlog.model.meeting import Meeting, Utterance, UtteranceKind
from pipekit.interfaces import Source

__all__ = ["TranscriptLoader"]

_DATE = re.compile(r"\b(\d{4}-\d{2}-\d{2})\b")
_HEADER = re.compile(r"(?i)^\s*(date|datum|title|titel|meeting|subject|attendees|participants|present)\s*:\s*(.+)$")


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
        title: str | None = None
        date: str | None = None
        attendees: tuple[str, ...] = ()
        utterances: list[Utterance] = []
        open_label: Utterance | None = None
        for number, line in enumerate(decoded.text.split("\n"), start=1):
            if not line.strip():
                open_label = None
                continue
            header = _HEADER.match(line) if number <= 10 and not utterances else None
            if header:
                key, value = header.group(1).lower(), header.group(2).strip()
                if key in ("date", "datum"):
                    found = _DATE.search(value)
                    date = found.group(1) if found else value
                elif key in ("title", "titel", "meeting", "subject"):
                    title = value
                else:
                    attendees = attendees_in(line)
                continue
            label = read_label(line)
            if label.speaker is not None and not label.rest:
                # The name stands on a line of its own, the words follow.
                open_label = Utterance(text="", line=number, last_line=number, speaker=label.speaker, start=label.start)
                continue
            if open_label is not None and label.speaker is None:
                if open_label.text == "":
                    open_label = evolve(open_label, text=label.rest, line=number, last_line=number)
                    utterances.append(open_label)
                else:
                    open_label = evolve(open_label, text=f"{open_label.text} {label.rest}", last_line=number)
                    utterances[-1] = open_label
                continue
            open_label = None
            utterances.append(
                Utterance(
                    text=label.rest,
                    line=number,
                    last_line=number,
                    speaker=label.speaker,
                    start=label.start,
                    kind="speech" if label.speaker else _kind(line),
                )
            )
        spoken = dict.fromkeys(one.speaker for one in utterances if one.speaker)
        return Meeting(
            utterances=tuple(one for one in utterances if one.text),
            title=title,
            date=date,
            attendees=attendees or tuple(spoken),
            source=source.name,
            format="text",
            warnings=decoded.warnings,
        )


def _kind(line: str) -> UtteranceKind:
    return "bullet" if re.match(r"\s*(?:[-*•–]|\d{1,3}[.)])\s+", line) else "note"
