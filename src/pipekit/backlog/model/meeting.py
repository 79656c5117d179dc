"""A meeting as every loader delivers it: who said what, when, and where it stands in the source."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Meeting", "Utterance", "UtteranceKind"]

UtteranceKind = Literal["speech", "heading", "bullet", "note"]


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


@frozen(kw_only=True)
class Meeting:
    """What was said, in order. ``date`` is ISO 8601 (``2026-11-24``), ``unit`` says what ``line`` counts."""

    utterances: tuple[Utterance, ...]
    title: str | None = None
    date: str | None = None
    attendees: tuple[str, ...] = ()
    source: str = ""
    format: str = "text"
    unit: Literal["line", "cue", "entry", "paragraph"] = "line"
    #: What the loader had to mend (replaced characters, cues out of order), one sentence each.
    warnings: tuple[str, ...] = ()
