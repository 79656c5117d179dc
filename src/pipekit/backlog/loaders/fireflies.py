"""JSON exports of note takers: a list of sentences, or an object that holds one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from attrs import evolve, frozen

from pipekit.backlog.loaders.dates import day_of
from pipekit.backlog.loaders.decoding import decode, decoded_head, without_controls
from pipekit.backlog.loaders.json_shapes import entries_of_known_shape
from pipekit.backlog.loaders.times import seconds
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.speakers import with_one_name_each
from pipekit.errors import InputError
from pipekit.interfaces import Source

__all__ = ["FirefliesLoader"]

_LISTS = (
    *("sentences", "transcript", "utterances", "segments", "entries", "results", "data", "rawResponse"),
    *("transcripts", "messages", "value", "items"),
)
_TEXT = ("sentence", "text", "raw_text", "spokenText", "content", "words", "transcript")
_SPEAKER = (
    *("speaker_name", "speaker", "speakerName", "speakerDisplayName", "name", "participant", "speaker_label", "author"),
    "user",
)
_START = ("start_time", "startTime", "start", "startOffset", "startDateTime", "timestamp", "time", "offset", "ts")
_END = ("end_time", "endTime", "end")
_DATE = ("date", "dateString", "meeting_date", "start_date", "created_at")
#: What only services write, by which their JSON is told from any other.
_MARKS = ("monologues", "recognizedPhrases", "transcription", "channels", "alternatives", "speech")
#: A bracket alone opens many a line of a transcript, too: [00:00:05] …
_OPENS_JSON = re.compile(r"\[\s*[\[{\"\]]|\{\s*[\"}]")
#: ISO 8601 for a span of time.
_LASTING = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?")
#: From here on a number of seconds is a moment since 1970: three years into a meeting nobody is.
_EPOCH = 1e8
#: The end of the year 9999, as far as a date reaches.
_LAST_MOMENT = 253402300799
#: Seconds a word from which a whole number can be none.
_SLOWEST = 50
_DEEPEST = 4
_PEOPLE = ("participants", "attendees", "meeting_attendees", "speakers")


class FirefliesLoader:
    """Reads JSON in which each entry has a text, and perhaps a speaker and a start."""

    suffixes: Sequence[str] = (".json",)
    returns = Meeting

    def recognises(self, head: bytes, name: str) -> float:
        """JSON by its first character, surer with a known key."""
        text = decoded_head(head).lstrip()
        if not _OPENS_JSON.match(text):
            return 0.6 if name.lower().endswith(".json") else 0.0
        known = any(f'"{key}"' in text for key in (*_TEXT, *_LISTS, *_MARKS))
        return 0.9 if known and name.lower().endswith(".json") else (0.7 if known else 0.3)

    def load(self, source: Source) -> Meeting:
        """The meeting; ``line`` counts entries. `InputError` for JSON that holds no sentences."""
        decoded = decode(source.content, source.name)
        data = _parsed(decoded.text, source.name)
        found = _found(data)
        entries = found.entries
        if not entries:
            raise InputError(
                f"is JSON, but {found.fault}",
                file=source.name,
                kind="no-sentences",
                hint='entries look like {"sentence": "…", "speaker_name": "…", "start_time": 1.5}',
            )
        entries = _in_seconds(entries)
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
        moments = [one.start for one in utterances if one.start is not None]
        told, fault = _date(found.fact(*_DATE))
        if moments and moments[0] >= _EPOCH:
            # Times of a clock: the first is the beginning, and says the day.
            told = told or datetime.fromtimestamp(min(moments[0], _LAST_MOMENT), UTC).date().isoformat()
            first = moments[0]
            utterances = [
                one if one.start is None else evolve(one, start=round(max(0.0, one.start - first), 3))
                for one in utterances
            ]
        warnings = list(decoded.warnings) + ([f"left out {skipped} entries without words"] if skipped else [])
        meeting = Meeting(
            utterances=tuple(utterances),
            title=_text(found.fact("title", "name")),
            date=told,
            attendees=_people(found.fact(*_PEOPLE))
            or tuple(dict.fromkeys(one.speaker for one in utterances if one.speaker)),
            source=source.name,
            format="fireflies",
            unit="entry",
            warnings=(*warnings, *([fault] if fault else [])),
        )
        return with_one_name_each(meeting)


@frozen
class _Found:
    """The entries, the objects around them from the inside out, and what is missing where there are none."""

    entries: Sequence[Any] = ()
    around: tuple[Mapping[str, Any], ...] = ()
    fault: str = ""

    def fact(self, *keys: str) -> Any:
        """What the nearest object says under one of these keys."""
        return next((value for one in self.around if (value := _first(one, keys)) is not None), None)


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


def _found(data: Any) -> _Found:
    """The list of sentences, wherever an export hides it."""
    around = _around(data)
    known = entries_of_known_shape(data)
    if known and any(_text(one["text"]) for one in known):
        return _Found(known, around)
    return _searched(data) or _Found(fault=_missing(data))


def _around(data: Any) -> tuple[Mapping[str, Any], ...]:
    inner = data.get("speech") if isinstance(data, Mapping) else None
    return tuple(one for one in (inner, data) if isinstance(one, Mapping))


def _searched(data: Any, around: tuple[Mapping[str, Any], ...] = ()) -> _Found | None:
    if isinstance(data, list):
        fits = any(isinstance(one, str) or (isinstance(one, Mapping) and _first(one, _TEXT)) for one in data[:50])
        return _Found(data, around) if fits else None
    if isinstance(data, Mapping) and len(around) < _DEEPEST:
        for key in _LISTS:
            found = _searched(data.get(key), (data, *around))
            if found is not None:
                return found
    return None


def _missing(data: Any) -> str:
    """The field without which nothing is found, by its name in the file."""
    if not isinstance(data, (list, Mapping)):
        return "neither a list nor an object"
    key, holder = "", data
    if isinstance(data, Mapping):
        key = next((one for one in _LISTS if data.get(one) is not None), "")
        if not key:
            has = ", ".join(f'"{without_controls(str(one))[:40]}"' for one in list(data)[:8]) or "nothing"
            return f"holds no list of entries: none of {_quoted(_LISTS[:5])} is there, only {has}"
        holder = data[key]
    if not isinstance(holder, list):
        return f'"{key}" is no list of entries'
    if not holder:
        return f'"{key}" is empty' if key else "the list is empty"
    whose = f'the entries of "{key}" have' if key else "its entries have"
    return f'{whose} no "text", nor any of {_quoted(one for one in _TEXT if one != "text")}'


def _quoted(keys: Iterable[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


def _in_seconds(entries: Sequence[Any]) -> Sequence[Any]:
    """The entries with their starts in seconds, where whole numbers can only be thousandths: nobody is that slow."""
    timed = [one for one in entries if isinstance(one, Mapping) and type(_first(one, _START)) is int]
    spans = [(_first(one, _START), _first(one, _END), _text(_first(one, _TEXT)) or "") for one in timed]
    lasts = [(end - start, len(text.split())) for start, end, text in spans if type(end) is int and end >= start]
    words = sum(count for _, count in lasts)
    if not words or sum(last for last, _ in lasts) < _SLOWEST * words:
        return entries
    return [
        {**one, "start_time": start / 1000}
        if isinstance(one, Mapping) and type(start := _first(one, _START)) is int and abs(start) < _LAST_MOMENT * 1000
        else one
        for one in entries
    ]


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
    if isinstance(speaker, int) and not isinstance(speaker, bool):
        speaker = f"Speaker {speaker}" if abs(speaker) < 1000 else None
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
    if not isinstance(value, str) or len(value) > 60:
        return None
    try:
        start = _written_start(value.strip())
    except (ValueError, OverflowError):
        return None
    return start if isfinite(start) and 0 <= start < 1e12 else None


def _written_start(value: str) -> float:
    """``0:05``, ``5.2s``, ``PT1M5.2S``, or a moment: 2026-11-24T10:31:05Z."""
    lasting = _LASTING.fullmatch(value)
    if lasting:
        hours, minutes, rest = (float(part or 0) for part in lasting.groups())
        return hours * 3600 + minutes * 60 + rest
    if "T" in value or value.count("-") == 2:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return seconds(value.removesuffix("s"))


def _date(value: Any) -> tuple[str | None, str | None]:
    """The day, or None and what to say about it."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not 0 < value < _LAST_MOMENT * 1000:
            return None, None
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC).date().isoformat(), None
    written = _text(value)
    if written is None:
        return None, None
    found = day_of(written)
    if found.day is None:
        return None, f'the date "{written[:80]}" {found.fault}: the meeting has none'
    return found.day.isoformat(), None


def _people(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    names = (
        one.get("displayName") or one.get("name") or one.get("speaker_name") or one.get("email")
        if isinstance(one, Mapping)
        else one
        for one in value
    )
    return tuple(name for name in map(_text, names) if name)
