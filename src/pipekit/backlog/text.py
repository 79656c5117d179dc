"""Words and places: folding white space, finding a quote in a meeting, the talk that is about a candidate."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from pipekit.backlog.model.candidate import Candidate, Span
from pipekit.backlog.model.meeting import Meeting, Utterance

__all__ = ["SourceText", "fold", "locate", "sentences_of", "span_of", "utterances_of"]

_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"(?<=[.?!…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[\w–—-])")
#: Endings that close no sentence: abbreviations, initials, single digits of a numbered list.
_NO_END = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|nr|mr|mrs|ms|dr|resp|incl|bzw|z\.b|d\.h|o\.a|bijv)|^\W*\w)\.$",
    re.IGNORECASE,
)


def fold(text: str) -> str:
    """White space as single blanks, none around; letters in composed form. Nothing else changes."""
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, white space folded; linear in its length."""
    parts: list[str] = []
    for piece in _SENTENCE_END.split(fold(text)):
        if parts and _NO_END.search(parts[-1][-12:]):
            parts[-1] = f"{parts[-1]} {piece}"
        elif piece:
            parts.append(piece)
    return parts


def span_of(utterances: Sequence[Utterance], quote: str = "", *, verified: bool = True) -> Span:
    """The span from the first to the last of these utterances."""
    first, last = utterances[0], utterances[-1]
    return Span(
        first=first.line, last=last.last_line, speaker=first.speaker, start=first.start, quote=quote, verified=verified
    )


class SourceText:
    """All that was said as one folded text, with the utterance each character comes from."""

    def __init__(self, meeting: Meeting) -> None:
        self.meeting = meeting
        pieces = [fold(utterance.text) for utterance in meeting.utterances]
        self.text = " ".join(pieces)
        self.starts: list[int] = []
        position = 0
        for piece in pieces:
            self.starts.append(position)
            position += len(piece) + 1

    def find(self, quote: str) -> Span | None:
        """Where the quote stands word for word, apart from white space; None when it doesn't."""
        folded = fold(quote)
        at = self.text.find(folded) if folded else -1
        if at < 0:
            return None
        first = bisect_right(self.starts, at) - 1
        last = bisect_right(self.starts, at + len(folded) - 1) - 1
        return span_of(self.meeting.utterances[first : last + 1], folded)


def locate(meeting: Meeting, quote: str) -> Span | None:
    """Where ``quote`` stands in the meeting word for word, apart from white space; None when it doesn't.

    To look for many quotes in one meeting, make a `SourceText` once.
    """
    return SourceText(meeting).find(quote)


def utterances_of(meeting: Meeting, candidate: Candidate) -> list[Utterance]:
    """The utterances in which the candidate was discussed, in order; by default those of its evidence."""
    spans = candidate.discussed or candidate.evidence
    return [utterance for utterance in meeting.utterances if _touches(utterance, spans)]


def _touches(utterance: Utterance, spans: Iterable[Span]) -> bool:
    return any(span.first <= utterance.last_line and utterance.line <= span.last for span in spans)
