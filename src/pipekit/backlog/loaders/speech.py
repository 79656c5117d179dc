"""Who speaks, and when: names, roles and times at the start of lines; turns put together."""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import evolve, frozen

from pipekit.backlog.model.meeting import Utterance

__all__ = ["Label", "attendees_in", "join_cues", "read_label", "seconds"]

_TIME = r"(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
_TIMED = re.compile(rf"[\[(<]?({_TIME})[\])>]?(?:\s*(?:-->?|–|to)\s*[\[(]?{_TIME}[\])]?)?\s*[-–|]?\s*")
#: A name: words with a capital, at most five, perhaps a role in parentheses, perhaps a time behind.
_NAME = (
    r"(?P<name>[^\W\d_][\w.'’-]*(?:[ ](?:[^\W\d_][\w.'’-]*|&)){0,4}"
    r"|Speaker\s\d{1,3}|SPEAKER_\d{1,3}|[A-Z]\d?)"
    r"(?:\s*[(\[](?P<role>[^)\]\n:]{1,40})[)\]])?"
)
_SPOKEN = re.compile(rf"(?:\*\*|__)?{_NAME}(?:\*\*|__)?(?:\s+[\[(]?(?P<time>{_TIME})[\])]?)?\s*:(?:\*\*|__)?(?:\s+|$)")
_ALONE = re.compile(rf"{_NAME}\s+[\[(]?(?P<time>{_TIME})[\])]?\s*$")
#: Words that stand before a colon in notes and are nobody's name.
_NO_NAMES = frozenset(
    {
        "acceptance",
        "action",
        "actions",
        "agenda",
        "agreed",
        "also",
        "and",
        "attendees",
        "attention",
        "background",
        "because",
        "blocker",
        "blockers",
        "bug",
        "bugs",
        "but",
        "conclusion",
        "conditions",
        "context",
        "criteria",
        "date",
        "decision",
        "decisions",
        "details",
        "discussion",
        "done",
        "duration",
        "estimate",
        "example",
        "feature",
        "finally",
        "first",
        "goal",
        "goals",
        "how",
        "http",
        "https",
        "idea",
        "ideas",
        "important",
        "info",
        "issue",
        "issues",
        "item",
        "items",
        "location",
        "minutes",
        "next",
        "note",
        "notes",
        "open",
        "or",
        "outcome",
        "owner",
        "parked",
        "participants",
        "party",
        "place",
        "points",
        "present",
        "problem",
        "problems",
        "project",
        "proposal",
        "purpose",
        "question",
        "questions",
        "re",
        "rejected",
        "remark",
        "result",
        "results",
        "risk",
        "risks",
        "scope",
        "second",
        "so",
        "solution",
        "spike",
        "status",
        "steps",
        "story",
        "subject",
        "summary",
        "task",
        "tasks",
        "team",
        "then",
        "there",
        "third",
        "time",
        "title",
        "todo",
        "todos",
        "topic",
        "topics",
        "update",
        "warning",
        "what",
        "when",
        "where",
        "who",
        "why",
    }
)


@frozen
class Label:
    """What stood before the words: speaker, role, start in seconds, and the rest of the line."""

    speaker: str | None
    role: str | None
    start: float | None
    rest: str


def seconds(text: str) -> float:
    """``1:02:03.5`` or ``02:03,5`` in seconds."""
    total = 0.0
    for part in text.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total


def read_label(line: str) -> Label:
    """The speaker and time at the start of a line; both None where there are none."""
    rest = line.strip()
    start: float | None = None
    timed = _TIMED.match(rest)
    if timed and (timed.end() < len(rest) or rest[:1] in "[(<"):
        start = seconds(timed.group(1))
        rest = rest[timed.end() :]
    spoken = _SPOKEN.match(rest[:160])
    if spoken and _is_name(spoken.group("name")):
        if spoken.group("time"):
            start = seconds(spoken.group("time"))
        return Label(spoken.group("name"), spoken.group("role"), start, rest[spoken.end() :].strip())
    alone = _ALONE.match(rest) if len(rest) < 120 else None
    if alone and _is_name(alone.group("name")):
        return Label(alone.group("name"), alone.group("role"), seconds(alone.group("time")), "")
    return Label(None, None, start, rest)


def _is_name(text: str) -> bool:
    words = text.split()
    return words[0].lower() not in _NO_NAMES and words[0][0].isupper() and len(text) <= 60


def attendees_in(text: str) -> tuple[str, ...]:
    """The people listed behind ``There:``, ``Attendees:`` and the like, roles kept."""
    found = re.search(r"(?i)\b(?:there|attendees|participants|present|aanwezig|teilnehmer)\s*:\s*([^\n]{1,500})", text)
    if not found:
        return ()
    listed = re.split(r"(?i)\.\s|\*|\bnotes?\s*:", found.group(1))[0]
    names = re.split(r"\s*[,;]\s*|\s+(?:and|en|und|&)\s+", listed.strip(" .*_"))
    return tuple(name.strip(" .*_") for name in names if name.strip(" .*_"))


def join_cues(utterances: Iterable[Utterance]) -> list[Utterance]:
    """Cues of one speaker put together while the words don't end a sentence."""
    joined: list[Utterance] = []
    for utterance in utterances:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.speaker == utterance.speaker
            and before.text[-1:] not in '.?!…:"”'
            and len(before.text) < 2000
        ):
            joined[-1] = evolve(before, text=f"{before.text} {utterance.text}", last_line=utterance.last_line)
        else:
            joined.append(utterance)
    return joined
