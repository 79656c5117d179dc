"""WebVTT and SRT: cues with times, speakers in voice tags or before a colon; broken cues are left out and counted."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from attrs import frozen

from pipekit.backlog.loaders.decoding import decode, looks_binary
from pipekit.backlog.loaders.speech import join_cues, read_label, seconds
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.errors import InputError
from pipekit.interfaces import Source

__all__ = ["SrtLoader", "VttLoader"]

_STAMP = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMING = re.compile(rf"^\s*({_STAMP})\s*-->\s*({_STAMP})")
_ARROW = re.compile(r"-->")
#: A block that is no cue: what follows stands behind a blank, or on the next lines.
_ASIDE = re.compile(r"\s*(?:NOTE|STYLE|REGION)(?:\s|$)")
#: Where somebody else speaks on the same line.
_NEXT_VOICE = re.compile(r"(?<!^)(?=<v[ .])", re.IGNORECASE)
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s++([^<>\n]{1,100})>")
_TAG = re.compile(r"</?[A-Za-z0-9][^<>\n]{0,200}>")


@frozen
class _Cue:
    number: int
    start: float
    lines: tuple[str, ...]


class _Subtitles:
    """What both formats share: blocks of lines with a timing line among the first two."""

    format = ""
    returns = Meeting

    def load(self, source: Source) -> Meeting:
        """The meeting; ``line`` counts cues. `InputError` when no cue can be read."""
        decoded = decode(source.content, source.name)
        broken: list[int] = []
        utterances: list[Utterance] = []
        for cue in _cues(decoded.text, broken):
            # A cue without a name goes on with whoever spoke before.
            utterances.extend(_spoken(cue, utterances[-1].speaker if utterances else None))
        if not utterances:
            raise InputError(
                "has no readable cue",
                file=source.name,
                line=broken[0] if broken else 1,
                kind="no-cues",
                hint="cues look like 00:00:01.000 --> 00:00:02.000; plain text is read with --input-format text",
            )
        warnings = list(decoded.warnings)
        if broken:
            warnings.append(f"left out {len(broken)} cues that can't be read, the first at line {broken[0]}")
        joined = join_cues(utterances)
        return Meeting(
            utterances=tuple(joined),
            title=_title(decoded.text) if self.format == "vtt" else None,
            attendees=tuple(dict.fromkeys(one.speaker for one in joined if one.speaker)),
            source=source.name,
            format=self.format,
            unit="cue",
            warnings=tuple(warnings),
        )


class VttLoader(_Subtitles):
    """Reads WebVTT."""

    format = "vtt"
    suffixes: Sequence[str] = (".vtt",)

    def recognises(self, head: bytes, name: str) -> float:
        """By its first word."""
        if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"WEBVTT"):
            return 1.0
        return 0.6 if name.lower().endswith(".vtt") and not looks_binary(head) else 0.0


class SrtLoader(_Subtitles):
    """Reads SubRip."""

    format = "srt"
    suffixes: Sequence[str] = (".srt",)

    def recognises(self, head: bytes, name: str) -> float:
        """By a timing line below a number."""
        text = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
        if re.match(rf"\d+[ \t\r]*\n\s*{_STAMP}\s*-->", text):
            return 0.95
        return 0.6 if name.lower().endswith(".srt") and not looks_binary(head) else 0.0


def _cues(text: str, broken: list[int]) -> Iterator[_Cue]:
    """The cues, counted from 1; line numbers of timing lines that can't be read go to ``broken``."""
    lines = text.split("\n")
    number = 0
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        if _ASIDE.match(line) and not _ARROW.search(line):
            while index < len(lines) and lines[index].strip() and not _ARROW.search(lines[index]):
                index += 1
            continue
        if not _ARROW.search(line):
            continue
        number += 1
        timing = _TIMING.match(line)
        body: list[str] = []
        while index < len(lines) and lines[index].strip() and not _ARROW.search(lines[index]):
            body.append(lines[index])
            index += 1
        if index < len(lines) and _ARROW.search(lines[index]) and body and body[-1].strip().isdigit():
            body.pop()  # the number of the next cue, where the empty line between is missing
        if timing is None:
            broken.append(index - len(body))
        elif body:
            yield _Cue(number, seconds(timing.group(1)), tuple(body))


def _spoken(cue: _Cue, speaker: str | None) -> Iterator[Utterance]:
    """One utterance for each speaker in the cue."""
    parts: list[tuple[str | None, list[str]]] = []
    for line in (part for whole in cue.lines for part in _NEXT_VOICE.split(whole)):
        voice = _VOICE.search(line)
        text = html.unescape(_TAG.sub("", line)).strip()
        if voice:
            speaker = html.unescape(voice.group(1)).strip()
        else:
            label = read_label(re.sub(r"^[-–]\s+", "", text))
            if label.speaker:
                speaker, text = label.speaker, label.rest
        if not text:
            continue
        if parts and parts[-1][0] == speaker:
            parts[-1][1].append(text)
        else:
            parts.append((speaker, [text]))
    for name, texts in parts:
        yield Utterance(text=" ".join(texts), line=cue.number, last_line=cue.number, speaker=name, start=cue.start)


def _title(text: str) -> str | None:
    first = text.split("\n", 1)[0]
    return first.removeprefix("WEBVTT").strip(" -\t") or None
