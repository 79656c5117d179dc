"""A meeting as every loader delivers it: who said what, when, and where it stands in the source."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Meeting", "MeetingSource", "Unit", "Utterance", "UtteranceKind"]

UtteranceKind = Literal["speech", "heading", "bullet", "note"]
#: What lines are counted in.
Unit = Literal["line", "cue", "entry", "paragraph"]


@frozen(kw_only=True)
class Utterance:
    """One turn of talk, or one line of notes.

    ``line`` and ``last_line`` are the first and last line (cue, JSON entry or paragraph) in the source, counted from 1.
    ``start`` is in seconds from the start of the meeting. ``kind`` is ``speech`` where somebody talks, and for
    notes ``heading`` (``level`` 1–6), ``bullet`` (``level`` is the depth from 1) or ``note`` (any other line).
    """

    text: str
    line: int
    last_line: int
    speaker: str | None = None
    start: float | None = None
    kind: UtteranceKind = "speech"
    level: int = 0
    #: Of a meeting that was merged: the source, and the line in it.
    source: str | None = None
    source_line: int | None = None


@frozen(kw_only=True)
class MeetingSource:
    """One of the inputs that were merged into a meeting; its first line is ``before`` + 1 in the meeting."""

    name: str
    before: int
    format: str
    unit: Unit = "line"


@frozen(kw_only=True)
class Meeting:
    """What was said, in order. ``date`` is ISO 8601 (``2026-11-24``), ``unit`` says what ``line`` counts."""

    utterances: tuple[Utterance, ...]
    title: str | None = None
    date: str | None = None
    attendees: tuple[str, ...] = ()
    source: str = ""
    format: str = "text"
    unit: Unit = "line"
    #: What the loader had to mend (replaced characters, cues out of order), one sentence each.
    warnings: tuple[str, ...] = ()
    #: The inputs that were merged, in order; of any other meeting there are none.
    sources: tuple[MeetingSource, ...] = ()

    def place(self, line: int) -> str:
        """Where a line stands, in words: ``line 12``, or ``notes.docx, paragraph 12`` where there are more sources."""
        of = next((one for one in reversed(self.sources) if one.before < line), None)
        return f"{self.unit} {line}" if of is None else f"{of.name}, {of.unit} {line - of.before}"
