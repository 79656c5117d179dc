"""What was said about one candidate, sentence by sentence, and the questions and warnings in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile

from attrs import evolve, field, frozen

from pipekit.backlog.evidence.locating import Locator, locator_of
from pipekit.backlog.model.candidate import Candidate, Claim, Sibling, Span
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.offline import signals
from pipekit.backlog.offline.amounts import estimate_in
from pipekit.backlog.offline.cues import cues
from pipekit.backlog.orders import heard
from pipekit.backlog.text import fold, sentences_of, utterances_of

__all__ = ["LATER", "Discussion", "Remark", "StatedQuestion", "discussion_of"]

#: Sentences after a question in which its answer is looked for.
WINDOW = 8
#: Turns that count as missing where the talk went on about something else.
GAP = 10
#: Whoever says something about a candidate when the meeting is over.
LATER = "the review"

_ARROW = re.compile(r"\s+(?=(?:→|->|=>)\s)")


@frozen(kw_only=True)
class Remark:
    """One sentence: who said it, on which line (or cue, or entry) it stands, and in which turn of the talk."""

    text: str
    speaker: str | None
    line: int
    turn: int
    is_note: bool = False
    is_heading: bool = False

    def quoted(self) -> str:
        """The words with who said them, for notes and reasons."""
        text = shortened(self.text)
        return f"“{text}” ({self.speaker})" if self.speaker else f"“{text}”"


@frozen(kw_only=True)
class StatedQuestion:
    """A question that was asked, and what was replied.

    ``answer`` is the remark that settled it; without one, ``doubts`` are those that say that it is open.
    """

    text: str
    asked: Remark
    answer: Remark | None = None
    reply: tuple[Remark, ...] = ()
    doubts: tuple[Remark, ...] = ()
    is_pressing: bool = False


@frozen(kw_only=True)
class Discussion:
    """All remarks on a candidate, in order; those on a sibling alone are left out."""

    candidate: Candidate
    remarks: tuple[Remark, ...]
    locator: Locator = field(eq=False, repr=False)

    def places(self, *remarks: Remark) -> tuple[Span, ...]:
        """Where these remarks stand in the source, each once."""
        found = (self.locator.locate(one.text, [Span(first=one.line, last=one.line)]) for one in remarks)
        return tuple(dict.fromkeys(found))

    def first(self, says: Callable[[str], object]) -> Remark | None:
        """The first remark of which ``says`` finds something to be true."""
        return next((remark for remark in self.remarks if says(remark.text)), None)

    def all(self, says: Callable[[str], object]) -> tuple[Remark, ...]:
        """All remarks of which ``says`` finds something to be true."""
        return tuple(remark for remark in self.remarks if says(remark.text))

    def estimate(self) -> tuple[str, Remark] | None:
        """The last words that say how much work it is, and where they were said."""
        found = [(words, remark) for remark in self.remarks if (words := estimate_in(remark.text))]
        return found[-1] if found else None

    def warnings(self) -> tuple[Claim, ...]:
        """What was said to be a risk, word for word; two such sentences in one turn are one warning."""
        found: list[list[Remark]] = []
        for remark in self.remarks:
            if signals.warns(remark.text) and not signals.asks(remark.text) and len(remark.text.split()) > 5:
                if found and found[-1][-1].turn == remark.turn:
                    found[-1].append(remark)
                else:
                    found.append([remark])
        return tuple(Claim(text=" ".join(one.text for one in said), evidence=self.places(*said)) for said in found)

    def questions(self) -> tuple[StatedQuestion, ...]:
        """The questions about the candidate, asked directly or inside a statement, each once."""
        found: list[StatedQuestion] = []
        for index, remark in enumerate(self.remarks):
            asked = self._question(index, remark)
            if asked and not any(_same(asked.text, other.text) for other in found):
                found.append(asked)
        return tuple(found)

    def _question(self, index: int, remark: Remark) -> StatedQuestion | None:
        following = self.remarks[index + 1 : index + 1 + WINDOW]
        if remark.is_heading:
            return None
        if signals.asks(remark.text):
            if signals.is_about_the_meeting(remark.text) or self._is_request(remark) or self._is_option(index):
                return None
            return _settled(StatedQuestion(text=_tidied(remark.text), asked=remark), _reply(remark, following))
        text = signals.indirect_question(remark.text)
        if text is None:
            return None
        same_turn = tuple(takewhile(lambda later: later.turn == remark.turn, following))
        reply = (*same_turn, *_next_turn(remark, following))
        others = [said for said in reply if not signals.indirect_question(said.text)]
        doubts = tuple(said for said in (remark, *others) if signals.doubts(said.text))
        pressing = any(signals.presses(said.text) for said in (remark, *reply))
        return StatedQuestion(text=text, asked=remark, reply=reply, doubts=doubts, is_pressing=pressing)

    def _is_request(self, remark: Remark) -> bool:
        """A question by which the candidate itself was proposed: “could we offer boxes without plastic?”."""
        proposes = cues().shape("proposes_question").match(remark.text)
        if proposes is None or remark.text.casefold().startswith("until"):
            return False
        if remark.turn <= self.remarks[0].turn + 1 and cues().shape("we").search(remark.text[proposes.end() :][:6]):
            return True
        words, title = signals.content_words(remark.text), signals.content_words(self.candidate.title)
        return fold(remark.text) in fold(self.candidate.raw_context) or 2 * len(words & title) > len(words)

    def _is_option(self, index: int) -> bool:
        """A short question that offers answers to the one before: “Us or the clinics?”."""
        text = _tidied(self.remarks[index].text)
        if len(text.split()) > 5 or cues().shape("interrogative").match(text):
            return False
        earlier = self.remarks[max(0, index - 3) : index]
        return any(signals.asks(said.text) or signals.doubts(said.text) for said in earlier)


def discussion_of(meeting: Meeting, candidate: Candidate, candidates: Iterable[Sibling] = ()) -> Discussion:
    """The remarks on ``candidate``; those that are about one of the other ``candidates`` alone are left out."""
    siblings = [_Other.of(other) for other in candidates if other.id != candidate.id]
    own = signals.content_words(f"{candidate.title} {candidate.description}")
    own_words = fold(candidate.raw_context)
    remarks: list[Remark] = []
    locator = locator_of(meeting)
    meeting = heard(meeting)
    for turn, utterance in _turns(meeting, utterances_of(meeting, candidate)):
        remarks += [
            remark
            for remark in _remarks(utterance, turn)
            if fold(remark.text) in own_words or not any(sibling.claims(remark.text, own) for sibling in siblings)
        ]
    remarks += _noted(candidate, after=remarks[-1].turn if remarks else 0)
    return Discussion(candidate=candidate, remarks=tuple(remarks), locator=locator)


def _noted(candidate: Candidate, *, after: int) -> Iterable[Remark]:
    """What people said about the candidate after the meeting: remarks like any other, on no line of it."""
    for number, note in enumerate(candidate.notes, start=1):
        for text in sentences(note):
            yield Remark(text=text, speaker=LATER, line=0, turn=after + number * GAP)


@frozen
class _Other:
    """Another candidate, with what tells whether a sentence is about it."""

    raw_context: str
    title: frozenset[str]

    @classmethod
    def of(cls, candidate: Sibling) -> _Other:
        return cls(fold(candidate.raw_context), signals.content_words(candidate.title))

    def claims(self, text: str, own: frozenset[str]) -> bool:
        """Whether the sentence is about this one alone: its own words, or its title's and none of ``own``."""
        words = signals.content_words(text)
        if fold(text) in self.raw_context:
            return not words & own
        return len(words & self.title) >= 2 and not words & (own - self.title)


def _turns(meeting: Meeting, utterances: Iterable[Utterance]) -> Iterable[tuple[int, Utterance]]:
    """The utterances with the number of their turn: what one person says on end is one turn.

    Where something was left out in between, the number jumps, so that nothing across a gap is taken for a reply.
    """
    turn, earlier = 0, -GAP
    before: Utterance | None = None
    for utterance in utterances:
        place = _place(meeting.utterances, utterance)
        goes_on = before is not None and before.speaker is not None and before.speaker == utterance.speaker
        if place != earlier + 1:
            turn += GAP
        elif not goes_on:
            turn += 1
        earlier, before = place, utterance
        yield turn, utterance


def _place(utterances: Sequence[Utterance], wanted: Utterance) -> int:
    """The index of an utterance; they stand in the order of their lines. Far beyond the end when it isn't there."""
    index = bisect_left(utterances, wanted.line, key=lambda utterance: utterance.line)
    while index < len(utterances) and utterances[index].line == wanted.line:
        if utterances[index] == wanted:
            return index
        index += 1
    return len(utterances) + GAP


def _remarks(utterance: Utterance, turn: int) -> Iterable[Remark]:
    for text in sentences(utterance.text):
        yield Remark(
            text=text,
            speaker=utterance.speaker,
            line=utterance.line,
            turn=turn,
            is_note=utterance.kind != "speech",
            is_heading=utterance.kind == "heading",
        )


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text; in notes an arrow begins a new one (“which bank? → Eve asks”)."""
    parts = (part for stretch in _ARROW.split(text) for part in sentences_of(stretch))
    return tuple(part for part in parts if re.search(r"\w", part))


def shortened(text: str, length: int = 140) -> str:
    """The text on one line, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length].rsplit(' ', 1)[0]} …"


def _tidied(text: str) -> str:
    """A question without what leads up to it: “And who pays, though?” → “Who pays, though?”."""
    tidy = cues().shape("question_lead").sub("", text, count=1) if cues().shape("question_lead").match(text) else text
    tidy = tidy or text
    return tidy[0].upper() + tidy[1:]


def _reply(asked: Remark, following: Sequence[Remark]) -> Sequence[Remark]:
    """The remarks that may answer: up to the next question about something else; in notes, the same bullet only."""
    if asked.is_note:
        return tuple(takewhile(lambda later: later.turn == asked.turn, following))
    reply: list[Remark] = []
    for remark in following:
        if remark.turn > asked.turn + 3:
            break
        is_new = signals.asks(remark.text) and len(remark.text.split()) > 5 and remark.turn > asked.turn
        if is_new or (reply and remark.turn > reply[-1].turn + 1):
            break
        reply.append(remark)
    return reply


def _settled(question: StatedQuestion, reply: Sequence[Remark]) -> StatedQuestion:
    """The question with what the reply says: an answer, or doubts."""
    doubts: list[Remark] = []
    answer: Remark | None = None
    asked = question.asked
    for remark in reply:
        if signals.asks(remark.text):
            continue
        if signals.doubts(remark.text):
            doubts.append(remark)
        elif not doubts and answer is None and _answers(remark, asked):
            answer = remark
        elif answer is not None and remark.turn > answer.turn:
            break
    if answer is not None and not any(doubt.turn == answer.turn for doubt in doubts):
        return evolve(question, answer=answer, reply=tuple(reply))
    pressing = any(signals.presses(said.text) for said in (asked, *reply))
    return evolve(question, reply=tuple(reply), doubts=tuple(doubts), is_pressing=pressing)


def _answers(remark: Remark, asked: Remark) -> bool:
    if asked.is_note:
        return not re.match(r"\W*(?:→|->|=>)", remark.text)
    return remark.turn > asked.turn and (signals.is_assent(remark.text) or len(remark.text.split()) >= 3)


def _next_turn(remark: Remark, following: Sequence[Remark]) -> Iterable[Remark]:
    return () if remark.is_note else [later for later in following if later.turn == remark.turn + 1]


def _same(one: str, other: str) -> bool:
    left, right = signals.content_words(one), signals.content_words(other)
    smaller = min(len(left), len(right))
    return one.casefold() == other.casefold() or (smaller >= 2 and len(left & right) / smaller >= 0.75)
