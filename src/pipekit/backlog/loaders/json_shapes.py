"""Shapes of JSON that services write, each turned into plain entries: ``text``, ``speaker`` and ``start`` in seconds.

A shape is told by its fields, whatever the file is called. What has none of these shapes is searched for a list of
entries by the loader itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["entries_of_known_shape"]

Entries = list[dict[str, Any]]
_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！", "؟", "।")
#: Otter counts samples.
_OTTER_RATE = 16_000
#: A tick of Microsoft's is a tenth of a microsecond.
_TICKS = 10_000_000
_MENTION = re.compile(r"<([@#!])([A-Z0-9]{2,20})(?:\|([^<>]{1,80}))?>")


def entries_of_known_shape(data: Any) -> Entries | None:
    """The entries of an export whose shape is known; None for any other."""
    for shape in _SHAPES:
        entries = shape(data)
        if entries:
            return entries
    return None


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _get(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def _number(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None


def _sentences(words: Iterator[tuple[str, Any, Any, bool]]) -> Entries:
    """Words (text, speaker, start, joined to the one before) put together up to the end of a sentence or a turn."""
    entries: Entries = []
    parts: list[str] = []
    speaker: Any = None
    for text, who, start, joined in words:
        if not parts or (who != speaker and not joined) or (parts[-1].endswith(_SENTENCE_ENDS) and not joined):
            parts = [text]
            speaker = who
            entries.append({"text": parts, "speaker": who, "start": start})
        else:
            parts.append(text if joined else f" {text}")
    return [{**one, "text": "".join(one["text"])} for one in entries]


def _aws_transcribe(data: Any) -> Entries | None:
    results = _get(data, "results")
    if not isinstance(results, Mapping) or not isinstance(results.get("transcripts"), list):
        return None
    segments = _maps(results.get("audio_segments"))
    if segments:
        return [
            {"text": one.get("transcript"), "speaker": one.get("speaker_label"), "start": one.get("start_time")}
            for one in segments
        ]
    said = {
        str(item.get("start_time")): item.get("speaker_label", segment.get("speaker_label"))
        for segment in _maps(_get(results, "speaker_labels", "segments"))
        for item in _maps(segment.get("items"))
    }

    def words() -> Iterator[tuple[str, Any, Any, bool]]:
        for item in _maps(results.get("items")):
            text = next((str(one.get("content", "")) for one in _maps(item.get("alternatives"))), "")
            start = item.get("start_time")
            yield text, item.get("speaker_label", said.get(str(start))), start, item.get("type") == "punctuation"

    return _sentences(words()) or [{"text": one.get("transcript")} for one in _maps(results["transcripts"])]


def _google_speech(data: Any) -> Entries | None:
    results = _maps(_get(data, "response", "results") or _get(data, "results"))
    best = [found[0] for found in (_maps(one.get("alternatives")) for one in results) if found]
    if not best or not any("transcript" in one for one in best):
        return None
    tagged = [[word for word in _maps(one.get("words")) if _tag(word) is not None] for one in best]
    # With speakers told apart, the last result repeats the words of all.
    if tagged[-1] and len(tagged[-1]) >= sum(map(len, tagged[:-1])):
        tagged = tagged[-1:]
    if any(tagged):
        return _sentences(
            (str(word.get("word", "")), _tag(word), word.get("startTime", word.get("startOffset")), False)
            for words in tagged
            for word in words
        )
    starts = (
        next((word.get("startTime", word.get("startOffset")) for word in _maps(one.get("words"))), None) for one in best
    )
    return [{"text": one.get("transcript"), "start": start} for one, start in zip(best, starts, strict=True)]


def _tag(word: Mapping[str, Any]) -> Any:
    return word.get("speakerTag") or word.get("speakerLabel") or None


def _deepgram(data: Any) -> Entries | None:
    channels = _maps(_get(data, "results", "channels"))
    if not channels or _maps(_get(data, "results", "utterances")):
        return None  # its utterances are plain entries
    entries: Entries = []
    for number, channel in enumerate(channels):
        best = next(iter(_maps(channel.get("alternatives"))), {})
        of_channel = f"Speaker {number}" if len(channels) > 1 else None
        paragraphs = _maps(_get(best, "paragraphs", "paragraphs"))
        for one in paragraphs:
            for sentence in _maps(one.get("sentences")):
                speaker = one.get("speaker", of_channel)
                entries.append({"text": sentence.get("text"), "speaker": speaker, "start": sentence.get("start")})
        if not paragraphs:
            start = next((word.get("start") for word in _maps(best.get("words"))), None)
            entries.append({"text": best.get("transcript"), "speaker": of_channel, "start": start})
    return entries if len(channels) == 1 else sorted(entries, key=lambda one: _number(one["start"]) or 0.0)


def _azure_speech(data: Any) -> Entries | None:
    phrases = _maps(_get(data, "recognizedPhrases"))
    entries: Entries = []
    for one in phrases:
        best = next(iter(_maps(one.get("nBest"))), {})
        ticks = _number(one.get("offsetInTicks"))
        start = ticks / _TICKS if ticks is not None else one.get("offset")
        entries.append(
            {"text": best.get("display") or best.get("lexical"), "speaker": one.get("speaker"), "start": start}
        )
    return entries


def _assemblyai(data: Any) -> Entries | None:
    if not isinstance(data, Mapping) or not any(
        key in data for key in ("audio_duration", "acoustic_model", "speech_model")
    ):
        return None
    turns = _maps(data.get("utterances"))
    if turns:
        found = [(one.get("text"), one.get("speaker"), _number(one.get("start"))) for one in turns]
        return [{"text": text, "speaker": who, "start": None if at is None else at / 1000} for text, who, at in found]
    words = (
        (str(one.get("text", "")), one.get("speaker"), one.get("start"), False) for one in _maps(data.get("words"))
    )
    sentences = _sentences(words)
    for one in sentences:
        at = _number(one["start"])
        one["start"] = None if at is None else at / 1000
    return sentences or [{"text": data.get("text")}]


def _otter(data: Any) -> Entries | None:
    speech = _get(data, "speech") or data
    turns = [one for one in _maps(_get(speech, "transcripts")) if "transcript" in one]
    names = {str(one.get("id")): one.get("speaker_name") for one in _maps(_get(speech, "speakers"))}
    entries: Entries = []
    for one in turns:
        samples = _number(one.get("start_offset"))
        speaker = one.get("speaker_name") or names.get(str(one.get("speaker_id")))
        label = one.get("speaker_model_label")
        entries.append(
            {
                "text": one["transcript"],
                "speaker": speaker or (f"Speaker {label}" if label else None),
                "start": None if samples is None else samples / _OTTER_RATE,
            }
        )
    return entries


def _rev(data: Any) -> Entries | None:
    names = {str(one.get("id")): one.get("name") for one in _maps(_get(data, "speakers"))}
    entries: Entries = []
    for one in _maps(_get(data, "monologues")):
        elements = _maps(one.get("elements"))
        start = next((part["ts"] for part in elements if "ts" in part), None)
        speaker = names.get(str(one.get("speaker"))) or one.get("speaker")
        entries.append(
            {"text": "".join(str(part.get("value", "")) for part in elements), "speaker": speaker, "start": start}
        )
    return entries


def _whisper_cpp(data: Any) -> Entries | None:
    entries: Entries = []
    for one in _maps(_get(data, "transcription")):
        offset = _number(_get(one, "offsets", "from"))
        start = offset / 1000 if offset is not None else _get(one, "timestamps", "from")
        entries.append({"text": one.get("text"), "speaker": one.get("speaker"), "start": start})
    return entries


def _slack(data: Any) -> Entries | None:
    messages = _maps(data if isinstance(data, list) else _get(data, "messages"))
    said = [one for one in messages if "ts" in one and "text" in one]
    names = {
        str(one.get("user")): _get(one, "user_profile", "display_name") or _get(one, "user_profile", "real_name")
        for one in said
        if isinstance(one.get("user_profile"), Mapping)
    }

    def mentioned(found: re.Match[str]) -> str:
        sign, who, shown = found.groups()
        return shown or f"{sign}{names.get(who) or who}"

    return [
        {
            "text": _MENTION.sub(mentioned, one["text"]) if isinstance(one["text"], str) else None,
            "speaker": names.get(str(one.get("user"))) or one.get("username") or one.get("user"),
            "start": one["ts"],
        }
        for one in said
    ]


def _discord(data: Any) -> Entries | None:
    messages = [
        one for one in _maps(_get(data, "messages")) if "content" in one and isinstance(one.get("author"), Mapping)
    ]
    return [
        {
            "text": one["content"],
            "speaker": one["author"].get("nickname") or one["author"].get("name") or one["author"].get("username"),
            "start": one.get("timestamp"),
        }
        for one in messages
    ]


def _turns_of_words(data: Any) -> Entries | None:
    turns = _maps(data if isinstance(data, list) else _get(data, "transcript"))
    entries: Entries = []
    for one in turns:
        words = _maps(one.get("words"))
        if not words or "text" in one:
            return None
        first = words[0]
        start = first.get("start_timestamp", first.get("start", first.get("start_time")))
        texts = (str(word.get("text") or word.get("word") or word.get("punctuated_word") or "") for word in words)
        speaker = one.get("speaker") or _get(one, "participant", "name") or one.get("participant_name")
        start = start.get("relative") if isinstance(start, Mapping) else start
        entries.append({"text": " ".join(texts), "speaker": speaker, "start": start})
    return entries


_SHAPES: Sequence[Callable[[Any], Entries | None]] = (
    _aws_transcribe,
    _deepgram,
    _google_speech,
    _azure_speech,
    _assemblyai,
    _otter,
    _rev,
    _whisper_cpp,
    _slack,
    _discord,
    _turns_of_words,
)
