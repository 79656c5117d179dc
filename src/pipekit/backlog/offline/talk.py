"""A meeting as a row of sentences, each with who said it, where it stands, and what kind of line it is on."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from pipekit.backlog.evidence.locating import Locator, locator_of
from pipekit.backlog.model.candidate import Span
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.orders import heard
from pipekit.backlog.text import sentences_of, span_of

__all__ = ["Said", "Sentence", "people_in", "read_talk", "span_over", "spans_of"]


@frozen(kw_only=True)
class Said:
    """The words of a sentence alone, and whether somebody spoke them: who judges only these can keep the answer."""

    text: str
    is_speech: bool

    @property
    def is_question(self) -> bool:
        """Whether it ends as a question."""
        return _is_question(self.text)

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


@frozen(kw_only=True)
class Sentence:
    """One sentence. ``index`` counts in the meeting; ``turn`` counts changes of speaker; ``first`` opens its line."""

    index: int
    text: str
    utterance: Utterance
    turn: int
    first: bool
    locator: Locator = field(eq=False, repr=False)

    @property
    def said(self) -> Said:
        """Its words alone."""
        return Said(text=self.text, is_speech=self.utterance.kind == "speech")

    @property
    def span(self) -> Span:
        """Where it stands in the source."""
        return self.locator.locate(self.text, [span_of([self.utterance])])

    @property
    def speaker(self) -> str | None:
        """Who said it."""
        return self.utterance.speaker

    @property
    def is_question(self) -> bool:
        """Whether it ends as a question."""
        return _is_question(self.text)

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


def _is_question(text: str) -> bool:
    return text.rstrip("\"'”’)*_ ").endswith("?")


def read_talk(meeting: Meeting) -> list[Sentence]:
    """All sentences of the meeting in order, but orders to whoever reads it."""
    row: list[Sentence] = []
    locator = locator_of(meeting)
    turn = 0
    before: str | None = None
    for utterance in heard(meeting).utterances:
        if utterance.speaker != before or utterance.speaker is None:
            turn += 1
        before = utterance.speaker
        for position, text in enumerate(sentences_of(utterance.text)):
            row.append(
                Sentence(
                    index=len(row),
                    text=text,
                    utterance=utterance,
                    turn=turn,
                    first=position == 0,
                    locator=locator,
                )
            )
    return row


def people_in(meeting: Meeting) -> frozenset[str]:
    """The first names of those who were there, lower case."""
    named = [*meeting.attendees, *(one.speaker for one in meeting.utterances if one.speaker)]
    return frozenset(name.split()[0].lower() for name in named if name.split())


def span_over(sentences: Sequence[Sentence]) -> Span:
    """The stretch of talk from the first to the last of these sentences."""
    return span_of([sentence.utterance for sentence in sentences])


def spans_of(sentences: Sequence[Sentence], most: int) -> tuple[Span, ...]:
    """Where these sentences stand, those on end as one span; as many of them as have ``most`` characters, but one."""
    found: list[Span] = []
    length = 0
    for place, one in enumerate(sentences):
        length += len(one.text)
        if place and length > most:
            break
        span = one.span
        goes_on = bool(place) and sentences[place - 1].index + 1 == one.index
        if goes_on and span.verified and found[-1].verified:
            found[-1] = one.locator.between(found[-1], span)
        else:
            found.append(span)
    return tuple(found)
