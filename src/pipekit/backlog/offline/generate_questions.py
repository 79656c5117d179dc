"""What must be asked about a candidate: what the meeting left open first, then what nobody thought of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from attrs import evolve

from pipekit.backlog.model.candidate import Candidate, Sibling, Span
from pipekit.backlog.model.confidence import Confidence
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.question import (
    ProposedAnswer,
    Question,
    QuestionCategory,
    QuestionPriority,
    Questions,
    TargetRole,
    with_blockers,
)
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.backlog.offline import signals
from pipekit.backlog.offline.amounts import has_measure
from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.discussion import Discussion, Remark, StatedQuestion, discussion_of, shortened
from pipekit.backlog.offline.siblings import by_id, sibling_that_covers
from pipekit.backlog.offline.spoken import in_its_language

__all__ = ["generate_questions", "open_questions"]

#: Share of a question's words that a found text must hold to be proposed as an answer.
ANSWERS = 0.5
#: From this testability on nobody is asked for special cases.
WELL_TESTABLE = 90

#: What a question is about, and the shape of its words; the first that fits.
_CATEGORIES: tuple[tuple[QuestionCategory, str], ...] = (
    ("business", "asks_business"),
    ("acceptance-criteria", "asks_acceptance_criteria"),
    ("dependency", "asks_dependency"),
    ("technical", "asks_technical"),
)
_ROLES: dict[QuestionCategory, TargetRole] = {
    "business": "product-owner",
    "scope": "product-owner",
    "acceptance-criteria": "product-owner",
    "dependency": "tech-lead",
    "technical": "tech-lead",
}


@in_its_language
def generate_questions(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    confidence: Confidence | None = None,
    risks: RiskAssessment | None = None,
    context: Context | None = None,
) -> Questions:
    """The questions on ``candidate``, most urgent first, each with why it matters.

    Stated questions keep their words. A proposed answer is a text that was found, in the meeting, at a sibling or in
    ``context``, and names where; none is made up. ``confidence`` and ``risks`` add what they found missing.
    """
    discussion = discussion_of(meeting, candidate, candidates)
    asked = [_stated(question, discussion, meeting) for question in discussion.questions()]
    asked += _missing(discussion, confidence)
    asked += _from_risks(discussion, risks, candidates)
    found: list[Question] = []
    for question in asked:
        if not any(_is_same(question, other) for other in found):
            found.append(_proposed(_covered(question, candidate, candidates), context))
    return with_blockers(found)


@in_its_language
def open_questions(candidate: Candidate, meeting: Meeting, candidates: Sequence[Sibling]) -> tuple[Question, ...]:
    """The questions on ``candidate`` that the meeting itself left open and that keep it from being started."""
    discussion = discussion_of(meeting, candidate, candidates)
    asked = (_stated(question, discussion, meeting) for question in discussion.questions())
    covered = (_covered(question, candidate, candidates) for question in asked)
    return tuple(one for one in covered if one.status == "needs_answer" and one.priority in ("critical", "high"))


def _stated(question: StatedQuestion, discussion: Discussion, meeting: Meeting) -> Question:
    category = _category(question.text)
    made = Question(
        question=question.text,
        priority=_priority(question, discussion.candidate),
        category=category,
        target_role=_role(question, category),
        context=_why(question),
        evidence=discussion.places(question.asked, *_left_open(question)[:1]),
    )
    if question.answer is None:
        return made
    answer = ProposedAnswer(
        answer=question.answer.text,
        confidence=0.8,
        source=_place(question.answer, meeting),
        evidence=discussion.places(question.answer),
    )
    return evolve(made, priority="low", status="answered", answered_by=question.answer.speaker, proposed_answer=answer)


def _priority(question: StatedQuestion, candidate: Candidate) -> QuestionPriority:
    """Critical when somebody says that work can't go on before it is answered; for a spike, finding out is the work."""
    if candidate.type == "spike":
        return "high" if question.is_pressing else "medium"
    if question.is_pressing:
        return "critical"
    return "high" if question.doubts else "medium"


def _role(question: StatedQuestion, category: QuestionCategory) -> TargetRole:
    for said in (*question.doubts, *question.reply):
        if signals.tells_external(said.text):
            return "stakeholder"
    return _ROLES[category]


def _why(question: StatedQuestion) -> str:
    verb = "asked" if signals.asks(question.asked.text) else "brought up"
    asked = f"{verb} by {question.asked.speaker}" if question.asked.speaker else f"noted on line {question.asked.line}"
    if question.answer is not None:
        return f"{asked}, and answered in the meeting"
    doubts = _left_open(question)
    if not doubts:
        return f"{asked}, and left open" if question.asked.speaker or not question.doubts else question.asked.quoted()
    return f"{asked}, and left open: {doubts[0].quoted()}"


def _left_open(question: StatedQuestion) -> Sequence[Remark]:
    """What was replied that leaves the question open; what presses for an answer first."""
    doubts = [doubt for doubt in question.doubts if doubt is not question.asked and question.answer is None]
    return sorted(doubts, key=lambda doubt: not signals.presses(doubt.text))


def _category(text: str) -> QuestionCategory:
    return next((category for category, shape in _CATEGORIES if cues().shape(shape).search(text)), "scope")


def _missing(discussion: Discussion, confidence: Confidence | None) -> Iterable[Question]:
    """What the candidate lacks and nobody asked about."""
    candidate = discussion.candidate
    title = candidate.title
    count = len(candidate.acceptance_criteria)
    if candidate.type == "spike" and not count:
        yield _ask(
            f"What does the team hold in its hands when “{title}” is over, and which decision is it for?",
            "medium", "acceptance-criteria", "product-owner", "a spike without an expected result has no end",
        )  # fmt: skip
    elif count < 2:
        stated = f"only one was stated: “{shortened(candidate.acceptance_criteria[0])}”" if count else "none was stated"
        told = tuple(span for one in candidate.criteria_evidence for span in one.evidence)
        yield _ask(
            f"What has to be true for “{title}” to be accepted?",
            "high", "acceptance-criteria", "product-owner", f"two criteria are needed to start, {stated}", told,
        )  # fmt: skip
    if discussion.first(signals.gives_reason) is None:
        yield _ask(
            f"Who needs “{title}”, and what happens without it?",
            "medium", "business", "product-owner", "nobody gave a reason in the meeting",
        )  # fmt: skip
    elastic = signals.elastic_words(f"{candidate.title}. {candidate.description}")
    if elastic and not any(has_measure(text) for text in (candidate.description, *candidate.acceptance_criteria)):
        words = " and ".join(f"“{word}”" for word in elastic)
        yield _ask(
            f"From which number on is it enough, for {words}?",
            "medium", "acceptance-criteria", "product-owner", f"{words} stands in its description without a measure",
        )  # fmt: skip
    if discussion.estimate() is None:
        unable = discussion.first(cues().shape("unable_to_estimate").search)
        said = f"in the meeting: {unable.quoted()}" if unable else "no estimate was given"
        yield _ask(
            f"How much work is “{title}”, and what makes it large?",
            "medium" if unable else "low", "technical", "developer", said,
            discussion.places(unable) if unable else (),
        )  # fmt: skip
    special = any(signals.edge_words(criterion) for criterion in candidate.acceptance_criteria)
    testability = confidence.scores.testability if confidence else 0
    if count >= 2 and not special and testability < WELL_TESTABLE:
        yield _ask(
            f"What should happen in “{title}” when something is missing, empty or late?",
            "low", "acceptance-criteria", "developer", "no criterion covers a special case",
        )  # fmt: skip


def _from_risks(
    discussion: Discussion, risks: RiskAssessment | None, candidates: Sequence[Sibling]
) -> Iterable[Question]:
    others = by_id(candidates)
    warnings = {shortened(one.text, 300): one for one in discussion.warnings()} if risks else {}
    for text in risks.unknowns if risks else ():
        if text in warnings:
            yield _ask(
                f"How do we find out, or make sure, about this: {shortened(text, 200)}",
                "medium", "technical", "tech-lead", "it was said to be a risk, and nobody took it on",
                warnings[text].evidence,
            )  # fmt: skip
    for dependency in risks.dependencies if risks else ():
        sibling = others.get(dependency.mitigated_by or "")
        if sibling is not None:
            made = _ask(
                f"Who makes what “{discussion.candidate.title}” needs first?",
                "low", "dependency", "tech-lead", dependency.description, dependency.evidence,
            )  # fmt: skip
            answer = ProposedAnswer(answer=sibling.title, confidence=0.9, source=f"{sibling.id} of the same meeting")
            yield evolve(made, status="answered_by_sibling", answered_by=sibling.id, proposed_answer=answer)
        elif dependency.status in ("unresolved", "unknown") and not dependency.description.startswith("an answer from"):
            yield _ask(
                f"Is this settled, and by whom: {shortened(dependency.description, 200)}",
                "high" if dependency.type == "blocking" else "medium",
                "dependency",
                "stakeholder" if dependency.type == "external" else "tech-lead",
                "the meeting says that it is needed, and not that it is there",
                dependency.evidence,
            )
    for creep in risks.scope_creep_indicators if risks else ():
        if creep.severity == "major":
            yield _ask(
                f"What belongs to “{discussion.candidate.title}”, and what doesn't?",
                "medium", "scope", "product-owner", creep.indicator, creep.evidence,
            )  # fmt: skip


def _ask(
    question: str,
    priority: QuestionPriority,
    category: QuestionCategory,
    role: TargetRole,
    context: str,
    evidence: tuple[Span, ...] = (),
) -> Question:
    return Question(
        question=question, priority=priority, category=category, target_role=role, context=context, evidence=evidence
    )


def _covered(question: Question, candidate: Candidate, candidates: Sequence[Sibling]) -> Question:
    """The question as answered, when a sibling states what it asks for; what somebody called open stays open."""
    if question.status != "needs_answer" or question.priority == "critical":
        return question
    sibling = sibling_that_covers(_without_title(question.question), candidate, candidates)
    if sibling is None:
        return question
    answer = ProposedAnswer(
        answer=shortened(sibling.raw_context) or sibling.title,
        confidence=0.6,
        source=f"{sibling.id} of the same meeting",
    )
    return evolve(question, status="answered_by_sibling", answered_by=sibling.id, proposed_answer=answer)


def _proposed(question: Question, context: Context | None) -> Question:
    """The question with the passage of the past that has most of its words, when there is one; it stays open."""
    if question.proposed_answer is not None or context is None:
        return question
    words = signals.content_words(_without_title(question.question))
    best: tuple[float, ProposedAnswer] | None = None
    for text, title, source in _passages(context):
        share = len(words & signals.content_words(f"{title} {text}")) / len(words) if words else 0.0
        if text and share >= ANSWERS and len(words) >= 2 and (best is None or share > best[0]):
            answer = ProposedAnswer(answer=shortened(text, 300), confidence=round(0.5 * share, 2), source=source)
            best = (share, answer)
    return evolve(question, proposed_answer=best[1]) if best else question


def _passages(context: Context) -> Iterable[tuple[str, str, str]]:
    for adr in context.relevant_adrs:
        yield adr.decision, adr.title, f"{adr.id} {adr.title}".strip()
    for doc in context.technical_docs:
        yield doc.snippet, doc.title, doc.source
    for lesson in context.lessons_learned:
        yield lesson.lesson, lesson.title, lesson.source
    for work in context.similar_work:
        yield work.snippet, work.title, work.source


def _without_title(text: str) -> str:
    return re.sub(r"“[^”]*”", " ", text)


def _is_same(one: Question, other: Question) -> bool:
    left, right = signals.content_words(one.question), signals.content_words(other.question)
    smaller = min(len(left), len(right))
    is_alike = smaller >= 2 and len(left & right) / smaller >= 0.8 and one.category == other.category
    return one.question == other.question or is_alike


def _place(remark: Remark, meeting: Meeting) -> str:
    if not remark.line:
        return "the review after the meeting"
    who = f", {remark.speaker}" if remark.speaker else ""
    return f"the meeting, {meeting.place(remark.line)}{who}"
