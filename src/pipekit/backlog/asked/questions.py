"""What must be asked about a candidate, as a model is asked for it.

Whether a question is answered is not the model's word: an answer has to stand in the meeting, at a sibling or in the
context, and only one that settles it in the meeting or at a sibling, among words of the question, closes a question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from attrs import evolve, field, frozen, validators

from pipekit.backlog.asked.dependencies import known_id, names_of
from pipekit.backlog.asked.quotes import Quotes, quotes_of
from pipekit.backlog.asked.wording import one_line, share_of_words
from pipekit.backlog.model.candidate import Candidate, Sibling, Span
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.question import (
    PRIORITIES,
    ProposedAnswer,
    Question,
    QuestionCategory,
    QuestionPriority,
    Questions,
    TargetRole,
    with_blockers,
)

__all__ = ["AskedAnswer", "AskedQuestion", "AskedQuestions", "questions_from", "with_stated"]

#: Share of a question's words that must stand around the words that close it. Any other words of a meeting would do
#: else, and a question that blocks would be gone on a model's word.
NEAR = 0.25
#: Share of the words of one question that another one must hold to be the same.
ALIKE = 0.6


@frozen(kw_only=True)
class AskedAnswer:
    """An answer that was found, never one that was made up.

    The source is the word meeting, the id of another candidate, or the name of an entry of the context; the quote is
    copied from there. It settles the question only when nothing is left to ask. The confidence is from 0 to 1.
    """

    source: str
    quote: str
    answer: str
    settles: bool = False
    confidence: float = field(validator=[validators.ge(0.0), validators.le(1.0)])


@frozen(kw_only=True)
class AskedQuestion:
    """One question with why it matters; the proposed answer is null unless one was found.

    The quote is copied from the meeting, where it was asked or left open; empty for a question that nobody asked.
    """

    question: str
    quote: str = ""
    context: str = ""
    category: QuestionCategory
    priority: QuestionPriority
    target_role: TargetRole
    proposed_answer: AskedAnswer | None = None


@frozen(kw_only=True)
class AskedQuestions:
    """The questions on one candidate; none is a normal answer for one that leaves nothing open."""

    questions: tuple[AskedQuestion, ...]


@frozen(kw_only=True)
class _Found:
    """A proposed answer that has a source; ``status`` and ``by`` where it settles the question."""

    answer: ProposedAnswer
    status: Literal["answered", "answered_by_sibling"] | None = None
    by: str | None = None


def questions_from(
    asked: AskedQuestions,
    candidate: Candidate,
    candidates: Sequence[Sibling],
    context: Context | None,
    meeting: Meeting,
) -> Questions:
    """The questions by priority with their blockers; an answer whose words stand nowhere is dropped."""
    quotes = quotes_of(meeting)
    siblings = {one.id: one for one in candidates if one.id != candidate.id}
    names = names_of(list(siblings.values()))
    found: dict[str, Question] = {}
    for one in asked.questions:
        text = one_line(one.question)
        if not any(char.isalnum() for char in text) or text.casefold() in found:
            continue
        question = Question(
            question=text,
            priority=one.priority,
            category=one.category,
            target_role=one.target_role,
            context=one_line(one.context),
            evidence=quotes.evidence(one.quote),
        )
        sibling = siblings.get(known_id(one.proposed_answer.source, names) or "") if one.proposed_answer else None
        answer = _found(one.proposed_answer, text, sibling, context, quotes) if one.proposed_answer else None
        found[text.casefold()] = _with(question, answer)
    return with_blockers(found.values())


def with_stated(found: Questions, stated: Iterable[Question]) -> Questions:
    """The questions with those that the meeting itself left open, each as urgent there as here.

    What keeps a candidate from being ready doesn't go away because a model leaves it out or calls it a trifle.
    """
    questions = list(found.questions)
    for one in stated:
        place = next((place for place, other in enumerate(questions) if _alike(one.question, other.question)), None)
        if place is None:
            questions.append(one)
        elif questions[place].status == "needs_answer":
            urgent = min(one.priority, questions[place].priority, key=PRIORITIES.index)
            questions[place] = evolve(questions[place], priority=urgent, evidence=_told(questions[place], one))
    return with_blockers(questions)


def _told(asked: Question, stated: Question) -> tuple[Span, ...]:
    """The words of the meeting that a model gives for a question; where they aren't there, those that were found."""
    given = asked.evidence
    return given if given and all(span.verified for span in given) else stated.evidence


def _alike(stated: str, other: str) -> bool:
    return max(share_of_words(stated, other), share_of_words(other, stated)) >= ALIKE


def _with(question: Question, found: _Found | None) -> Question:
    if found is None:
        return question
    proposed = evolve(question, proposed_answer=found.answer)
    if found.status is None:
        return proposed
    return evolve(proposed, status=found.status, answered_by=found.by, priority="low")


def _found(
    asked: AskedAnswer, question: str, sibling: Sibling | None, context: Context | None, quotes: Quotes
) -> _Found | None:
    """The answer with the place where its words stand; None when they stand nowhere."""
    answer, quote = one_line(asked.answer), one_line(asked.quote)
    if not answer or not any(char.isalnum() for char in quote):
        return None

    def proposed(source: str, *evidence: Span) -> ProposedAnswer:
        return ProposedAnswer(answer=answer, confidence=asked.confidence, source=source, evidence=evidence)

    def settled_among(words: str) -> bool:
        return asked.settles and share_of_words(question, words) >= NEAR

    if sibling is not None:
        texts = (sibling.title, sibling.raw_context, *sibling.acceptance_criteria)
        if _stands_in(quote, texts):
            found = _Found(answer=proposed(f"{sibling.id} of the same meeting"))
            is_settled = settled_among(" ".join(texts))
            return evolve(found, status="answered_by_sibling", by=sibling.id) if is_settled else found
    for source, entry in _entries(context):
        if source.casefold() in one_line(asked.source).casefold() and _stands_in(quote, entry):
            return _Found(answer=proposed(source))
    span = quotes.find(quote)
    # Words of the meeting are named by where they stand, whatever source was given. A question answers nothing.
    if span is None or span.quote.rstrip(" \"'”’)").endswith(("?", "？", "؟")):
        return None
    found = _Found(answer=proposed(_place(span, quotes.unit), span))
    return evolve(found, status="answered", by=span.speaker) if settled_among(quotes.around(span)) else found


def _stands_in(quote: str, texts: Iterable[str]) -> bool:
    said = quote.strip(" \"'“”.").casefold()
    return len(said) >= 3 and any(said in one_line(text).casefold() for text in texts)


def _entries(context: Context | None) -> Iterable[tuple[str, Sequence[str]]]:
    """The entries of the context: how each is named as a source, and its texts."""
    if context is None:
        return
    for adr in context.relevant_adrs:
        yield adr.id or adr.title, (adr.title, adr.decision)
    for doc in context.technical_docs:
        yield doc.source or doc.title, (doc.title, doc.snippet)
    for lesson in context.lessons_learned:
        yield lesson.source or lesson.title, (lesson.title, lesson.lesson)
    for work in context.similar_work:
        yield work.source or work.title, (work.title, work.snippet)


def _place(span: Span, unit: str) -> str:
    who = f", {span.speaker}" if span.speaker else ""
    where = f"{span.source}, {span.source_line}" if span.source else f"{unit} {span.first}"
    return f"the meeting, {where}{who}"
