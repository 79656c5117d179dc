"""Words and stretches of talk: folding white space, sentences, the talk that is about a candidate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipekit.backlog.composing import composed
from pipekit.backlog.model.candidate import Candidate, Span
from pipekit.backlog.model.meeting import Meeting, Utterance

__all__ = ["fold", "sentences_of", "span_of", "utterances_of"]

_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"(?<=[.?!…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[\w–—-])")
#: Endings that close no sentence: abbreviations, initials, single digits of a numbered list.
_NO_END = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|nr|mr|mrs|ms|dr|resp|incl|bzw|z\.b|d\.h|o\.a|bijv)|^\W*\w)\.$",
    re.IGNORECASE,
)


def fold(text: str) -> str:
    """White space as single blanks, none around; letters in composed form. Nothing else changes."""
    return _SPACE.sub(" ", composed(text)).strip()


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, white space folded; linear in its length."""
    parts: list[str] = []
    for piece in _SENTENCE_END.split(fold(text)):
        if parts and _NO_END.search(parts[-1][-12:]):
            parts[-1] = f"{parts[-1]} {piece}"
        elif piece:
            parts.append(piece)
    return parts


def span_of(utterances: Sequence[Utterance]) -> Span:
    """The stretch of talk from the first to the last of these utterances."""
    first, last = utterances[0], utterances[-1]
    return Span(
        first=first.line,
        last=last.last_line,
        speaker=first.speaker,
        start=first.start,
        source=first.source,
        source_line=first.source_line,
    )


def utterances_of(meeting: Meeting, candidate: Candidate) -> list[Utterance]:
    """The utterances in which the candidate was discussed, in order; by default those of its evidence."""
    spans = candidate.discussed or candidate.evidence
    return [utterance for utterance in meeting.utterances if _touches(utterance, spans)]


def _touches(utterance: Utterance, spans: Iterable[Span]) -> bool:
    return any(span.first <= utterance.last_line and utterance.line <= span.last for span in spans)
