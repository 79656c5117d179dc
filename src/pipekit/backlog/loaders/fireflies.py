"""JSON exports of note takers: a list of sentences, or an object that holds one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from pipekit.backlog.loaders.decoding import decode, without_controls
from pipekit.backlog.loaders.speech import seconds
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.errors import InputError
from pipekit.interfaces import Source

__all__ = ["FirefliesLoader"]

_LISTS = ("sentences", "transcript", "utterances", "segments", "entries", "results", "data", "rawResponse")
_TEXT = ("sentence", "text", "raw_text", "content", "words", "transcript")
_SPEAKER = ("speaker_name", "speaker", "speakerName", "name", "participant")
_START = ("start_time", "startTime", "start", "timestamp", "time", "offset")
_DATE = ("date", "dateString", "meeting_date", "start_date", "created_at")
#: A bracket alone opens many a line of a transcript, too: [00:00:05] …
_OPENS_JSON = re.compile(rb"\[\s*[\[{\"\]]|\{\s*[\"}]")
_PEOPLE = ("participants", "attendees", "meeting_attendees", "speakers")


class FirefliesLoader:
    """Reads JSON in which each entry has a text, and perhaps a speaker and a start."""

    suffixes: Sequence[str] = (".json",)
    returns = Meeting

    def recognises(self, head: bytes, name: str) -> float:
        """JSON by its first character, surer with a known key."""
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not _OPENS_JSON.match(text):
            return 0.6 if name.lower().endswith(".json") else 0.0
        known = any(f'"{key}"'.encode() in text for key in (*_TEXT, *_LISTS))
        return 0.9 if known and name.lower().endswith(".json") else (0.7 if known else 0.3)

    def load(self, source: Source) -> Meeting:
        """The meeting; ``line`` counts entries. `InputError` for JSON that holds no sentences."""
        decoded = decode(source.content, source.name)
        data = _parsed(decoded.text, source.name)
        entries = _entries(data)
        if entries is None:
            raise InputError(
                "is JSON, but holds no list of sentences",
                file=source.name,
                kind="no-sentences",
                hint='entries look like {"sentence": "…", "speaker_name": "…", "start_time": 1.5}',
            )
        utterances: list[Utterance] = []
        skipped = 0
        for number, entry in enumerate(entries, start=1):
            utterance = _utterance(entry, number)
            if utterance is None:
                skipped += 1
            else:
                utterances.append(utterance)
        if not utterances:
            raise InputError(
                "holds no sentence with words",
                file=source.name,
                kind="empty",
                hint=f"the words of an entry stand under one of: {', '.join(_TEXT)}",
            )
        facts = data if isinstance(data, dict) else {}
        warnings = list(decoded.warnings) + ([f"left out {skipped} entries without words"] if skipped else [])
        return Meeting(
            utterances=tuple(utterances),
            title=_text(facts.get("title") or facts.get("name")),
            date=_date(_first(facts, _DATE)),
            attendees=_people(_first(facts, _PEOPLE))
            or tuple(dict.fromkeys(one.speaker for one in utterances if one.speaker)),
            source=source.name,
            format="fireflies",
            unit="entry",
            warnings=tuple(warnings),
        )


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"is broken JSON: {error.msg} (line {error.lineno}, column {error.colno})",
            file=name,
            line=error.lineno,
            offset=error.pos,
            kind="json",
            hint="export it again; plain text is read with --input-format text",
        ) from error
    except RecursionError as error:
        hint = "an export of a meeting is a list of sentences; plain text is read with --input-format text"
        raise InputError("is JSON nested too deeply", file=name, kind="json", hint=hint) from error
    except ValueError as error:
        # A whole number of more digits than Python reads; a JSONDecodeError is one, too, and was caught above.
        hint = "export it again; plain text is read with --input-format text"
        raise InputError("is JSON with a number of thousands of digits", file=name, kind="json", hint=hint) from error


def _entries(data: Any, depth: int = 0) -> Sequence[Any] | None:
    """The list of sentences, wherever an export hides it."""
    if isinstance(data, list):
        fits = any(isinstance(one, str) or (isinstance(one, Mapping) and _first(one, _TEXT)) for one in data[:50])
        return data if fits else None
    if isinstance(data, Mapping) and depth < 4:
        for key in _LISTS:
            found = _entries(data.get(key), depth + 1)
            if found is not None:
                return found
    return None


def _utterance(entry: Any, number: int) -> Utterance | None:
    if isinstance(entry, str):
        entry = {"text": entry}
    if not isinstance(entry, Mapping):
        return None
    text = _text(_first(entry, _TEXT))
    if not text:
        return None
    speaker = _first(entry, _SPEAKER)
    if isinstance(speaker, Mapping):
        speaker = speaker.get("name")
    return Utterance(
        text=" ".join(text.split()),
        line=number,
        last_line=number,
        speaker=_text(speaker),
        start=_start(_first(entry, _START)),
    )


def _first(entry: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((entry[key] for key in keys if entry.get(key) not in (None, "", [])), None)


def _text(value: Any) -> str | None:
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        # An escape like \u001b comes to light only now.
        text = without_controls(str(value).encode("utf-8", "replace").decode()).strip()
        return text or None
    return None


def _start(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e12:
        return float(value)
    try:
        start = seconds(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return start if start is not None and isfinite(start) else None


def _date(value: Any) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e14:
        moment = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        return moment.date().isoformat()
    return _text(value)


def _people(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    names = (
        one.get("displayName") or one.get("name") or one.get("email") if isinstance(one, Mapping) else one
        for one in value
    )
    return tuple(name for name in map(_text, names) if name)
