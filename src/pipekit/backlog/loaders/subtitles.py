"""WebVTT and SRT: cues with times, speakers in voice tags or before a colon; broken cues are left out and counted."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from attrs import define, evolve, field, frozen

from pipekit.backlog.loaders.decoding import decode, decoded_head, looks_binary, without_controls
from pipekit.backlog.loaders.labels import label_lines
from pipekit.backlog.loaders.speech import join_cues
from pipekit.backlog.loaders.times import seconds
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.speakers import with_one_name_each
from pipekit.errors import InputError
from pipekit.interfaces import Source

__all__ = ["SrtLoader", "VttLoader"]

# Hours, minutes, and seconds with a fraction or without: what players read, not what the specifications ask for.
_STAMP = r"(?:\d{1,4}:)?\d{1,2}:\d{1,2}(?:[.,:]\d{3}(?!\d)|[.,]\d{1,9})?"
_TIMING = re.compile(rf"\s*({_STAMP})\s*-->\s*({_STAMP})(?![\w.])")
#: A timing line that can't be read: something on both sides of the arrow, and no sentence.
_BROKEN = re.compile(r"\s*\S+\s+-->\s+\S+(?:\s+\w+:\S+)*\s*$")
#: A block that is no cue: what follows stands behind a blank, or on the next lines.
_ASIDE = re.compile(r"\s*(?:NOTE|STYLE|REGION)(?:\s|$)")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s++([^<>]{1,100})>|</v>", re.IGNORECASE)
#: Elements that subtitles know, and no others: somebody may say that a is < b.
_TAG = re.compile(
    r"</?(?:[cibuvs]|ruby|rt|lang|font|span|br|p)(?:[.\s/][^<>\n]{0,200})?>|<\d[\d:.]{0,20}>|\{\\[^{}\n]{0,60}\}",
    re.IGNORECASE,
)


@frozen
class _Cue:
    number: int
    start: float
    lines: tuple[str, ...]


class _Subtitles:
    """What both formats share: timing lines, with words below."""

    format = ""
    returns = Meeting

    def load(self, source: Source) -> Meeting:
        """The meeting; ``line`` counts cues. `InputError` when no cue can be read."""
        decoded = decode(source.content, source.name)
        file = _File(vtt=self.format == "vtt")
        file.read(decoded.text.split("\n"))
        utterances = _spoken(file.cues)
        if not utterances:
            raise InputError(
                "has no readable cue",
                file=source.name,
                line=file.broken[0] if file.broken else 1,
                kind="no-cues",
                hint="cues look like 00:00:01.000 --> 00:00:02.000; plain text is read with --input-format text",
            )
        joined = join_cues(utterances)
        meeting = Meeting(
            utterances=tuple(joined),
            title=_title(decoded.text) if self.format == "vtt" else None,
            attendees=tuple(dict.fromkeys(one.speaker for one in joined if one.speaker)),
            source=source.name,
            format=self.format,
            unit="cue",
            warnings=(*decoded.warnings, *file.warnings()),
        )
        return with_one_name_each(meeting)


class VttLoader(_Subtitles):
    """Reads WebVTT."""

    format = "vtt"
    suffixes: Sequence[str] = (".vtt",)

    def recognises(self, head: bytes, name: str) -> float:
        """By its first word."""
        if decoded_head(head).lstrip().startswith("WEBVTT"):
            return 1.0
        return 0.6 if name.lower().endswith(".vtt") and not looks_binary(head) else 0.0


class SrtLoader(_Subtitles):
    """Reads SubRip."""

    format = "srt"
    suffixes: Sequence[str] = (".srt",)

    def recognises(self, head: bytes, name: str) -> float:
        """By a timing line at the top, below a number or not."""
        if re.match(
            rf"(?:\d+[ \t]*\n)?\s{{0,9}}{_STAMP}[ \t]*-->[ \t]*{_STAMP}[ \t]*(?:\n|$|[a-z]+:\S)",
            decoded_head(head).lstrip(),
        ):
            return 0.95
        return 0.6 if name.lower().endswith(".srt") and not looks_binary(head) else 0.0


@define
class _File:
    """The cues of a file, counted from 1, and what is wrong with it.

    What stands between a cue and the next one is said in it, empty lines or not; only the name of the next cue, right
    above its timing line, and what a file says about itself are left out.
    """

    vtt: bool
    cues: list[_Cue] = field(factory=list)
    #: Line numbers of timing lines that can't be read.
    broken: list[int] = field(factory=list)
    before: int = 0

    def read(self, lines: Sequence[str]) -> None:
        """Read the whole file."""
        number = 0
        start: float | None = None
        body: list[str] = []
        skipping = self.vtt  # the head of the file, or an aside, up to an empty line
        for index, line in enumerate(lines):
            timing = _TIMING.match(line)
            block = index == 0 or not lines[index - 1].strip()
            if timing or self._is_broken(lines, index, block=block, within=start is not None):
                self._names_next(body)
                self._close(number, start, body)
                number, body, skipping = number + 1, [], False
                start = _seconds(timing.group(1)) if timing else None
                if timing is None:
                    self.broken.append(index + 1)
            elif not line.strip():
                skipping = False
                body.append("")
            elif skipping or (self.vtt and block and _ASIDE.match(line)):
                skipping = True
            else:
                body.append(line)
        self._close(number, start, body)

    def _is_broken(self, lines: Sequence[str], index: int, *, block: bool, within: bool) -> bool:
        if "-->" not in lines[index] or not _BROKEN.match(lines[index]):
            return False
        if within and not any(sign.isdigit() for sign in lines[index]):
            return False  # no time at all: somebody says so below an empty line
        return block or (lines[index - 1].strip().isdigit() and (index == 1 or not lines[index - 2].strip()))

    def _names_next(self, body: list[str]) -> None:
        """Take the name of the next cue off the end: a number, and in WebVTT any line below an empty one."""
        at = next((at for at in range(len(body) - 1, -1, -1) if body[at].strip()), None)
        if at is None:
            return
        is_block = at == 0 or not body[at - 1].strip()
        if (body[at].strip().isdigit() and (is_block or at == len(body) - 1)) or (
            self.vtt and is_block and at == len(body) - 1 and (at > 0 or not self.cues)
        ):
            del body[at:]

    def _close(self, number: int, start: float | None, body: list[str]) -> None:
        said = tuple(line for line in body if line.strip())
        if number == 0:
            self.before = len(said)
        elif start is not None and said:
            self.cues.append(_Cue(number, start, said))

    def warnings(self) -> Iterator[str]:
        """What had to be mended, or is odd."""
        if self.before:
            yield f"left out {_counted(self.before, 'line')} before the first cue"
        if self.broken:
            yield f"left out {len(self.broken)} cues that can't be read, the first at line {self.broken[0]}"
        back = [after.number for one, after in pairwise(self.cues) if after.start < one.start]
        if back:
            times = "time of 1 cue goes" if len(back) == 1 else f"times of {len(back)} cues go"
            yield f"the {times} back, first at cue {back[0]}: they are kept in the order of the file"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _seconds(stamp: str) -> float:
    # Some write a colon before the thousandths.
    return seconds(re.sub(r":(\d{3})$", r".\1", stamp))


@frozen
class _Part:
    """Words of one line, or of a part of it; ``voice`` is None where no tag says who speaks."""

    cue: _Cue
    voice: str | None
    text: str


def _spoken(cues: Sequence[_Cue]) -> list[Utterance]:
    """One utterance for each speaker in each cue; who has no name goes on with whoever spoke before."""
    parts = [part for cue in cues for part in _parts(cue)]
    texts = ["" if part.voice else re.sub(r"^[-–]\s+", "", part.text) for part in parts]
    speaker: str | None = None
    utterances: list[Utterance] = []
    for part, label in zip(parts, label_lines(texts), strict=True):
        # A name alone, or a heading, is of no use here: its time is the cue's.
        named = label.speaker is not None and label.form in ("colon", "bracket", "angle", "addressed")
        speaker = part.voice or (label.speaker if named else speaker)
        text = label.rest if named else part.text
        if not text:
            continue
        last = utterances[-1] if utterances else None
        if last is not None and last.line == part.cue.number and last.speaker == speaker:
            utterances[-1] = evolve(last, text=f"{last.text} {text}")
        else:
            number = part.cue.number
            utterances.append(
                Utterance(text=text, line=number, last_line=number, speaker=speaker, start=part.cue.start)
            )
    return utterances


def _parts(cue: _Cue) -> Iterator[_Part]:
    whole = "\n".join(cue.lines)
    spoken = _metadata(whole)
    if spoken is not None:
        yield _Part(cue, *spoken)
        return
    voice: str | None = None
    at = 0
    for found in (*_VOICE.finditer(whole), None):
        for line in whole[at : found.start() if found else len(whole)].split("\n"):
            text = " ".join(html.unescape(_TAG.sub("", line)).split())
            if text:
                yield _Part(cue, voice, text)
        if found:
            named = found.group(1)
            voice = " ".join(html.unescape(named).split()) if named else None
            at = found.end()


def _metadata(text: str) -> tuple[str | None, str] | None:
    """Who speaks, and what, in a cue of JSON, as Teams hands it out."""
    if not text.startswith("{") or '"spokenText"' not in text:
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    said, name = told.get("spokenText"), told.get("speakerName")
    if not isinstance(said, str):
        return None
    return without_controls(name) or None if isinstance(name, str) else None, without_controls(said)


def _title(text: str) -> str | None:
    first = text.split("\n", 1)[0]
    return first.removeprefix("WEBVTT").strip(" -\t") or None
