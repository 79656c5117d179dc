"""A meeting as a row of sentences, each with who said it, where it stands, and what kind of line it is on."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from pipekit.backlog.model.candidate import Span
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.text import sentences_of, span_of

__all__ = ["Sentence", "people_in", "read_talk", "span_over"]


@frozen(kw_only=True)
class Sentence:
    """One sentence. ``index`` counts in the meeting; ``turn`` counts changes of speaker; ``first`` opens its line."""

    index: int
    text: str
    utterance: Utterance
    turn: int
    first: bool

    @property
    def speaker(self) -> str | None:
        """Who said it."""
        return self.utterance.speaker

    @property
    def is_question(self) -> bool:
        """Whether it ends as a question."""
        return self.text.rstrip("\"'”’)*_ ").endswith("?")

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


def read_talk(meeting: Meeting) -> list[Sentence]:
    """All sentences of the meeting in order."""
    row: list[Sentence] = []
    turn = 0
    before: str | None = None
    for utterance in meeting.utterances:
        if utterance.speaker != before or utterance.speaker is None:
            turn += 1
        before = utterance.speaker
        for position, text in enumerate(sentences_of(utterance.text)):
            row.append(Sentence(index=len(row), text=text, utterance=utterance, turn=turn, first=position == 0))
    return row


def people_in(meeting: Meeting) -> frozenset[str]:
    """The first names of those who were there, lower case."""
    named = [*meeting.attendees, *(one.speaker for one in meeting.utterances if one.speaker)]
    return frozenset(name.split()[0].lower() for name in named if name.split())


def span_over(sentences: Sequence[Sentence], quote: str = "") -> Span:
    """The span from the first to the last of these sentences."""
    return span_of([sentence.utterance for sentence in sentences], quote)
