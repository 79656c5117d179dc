"""What must be asked about a candidate, of whom, and with which proposed answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from attrs import field, frozen, validators

from pipekit.backlog.model.candidate import Span

__all__ = [
    "PRIORITIES",
    "Addressee",
    "ProposedAnswer",
    "Question",
    "QuestionCategory",
    "QuestionPriority",
    "Questions",
    "TargetRole",
    "readiness_blockers",
    "with_blockers",
]

QuestionPriority = Literal["critical", "high", "medium", "low"]
QuestionCategory = Literal["scope", "technical", "business", "dependency", "acceptance-criteria"]
TargetRole = Literal["product-owner", "tech-lead", "developer", "stakeholder"]

#: From the most to the least urgent.
PRIORITIES: tuple[QuestionPriority, ...] = ("critical", "high", "medium", "low")


@frozen(kw_only=True)
class ProposedAnswer:
    """A possible answer, ``confidence`` 0–1, and the ``source`` it was found in, which is never empty.

    ``evidence`` are its words where the source is the meeting itself.
    """

    answer: str = field(validator=validators.min_len(1))
    confidence: float = field(validator=validators.and_(validators.ge(0.0), validators.le(1.0)))
    source: str = field(validator=validators.min_len(1))
    evidence: tuple[Span, ...] = ()


@frozen(kw_only=True)
class Addressee:
    """Somebody who is asked, as the team's stakeholders file has it."""

    name: str
    contact: str | None = None


@frozen(kw_only=True)
class Question:
    """One question; ``context`` says why it matters, ``answered_by`` names the sibling or the speaker.

    ``evidence`` are the words of the meeting that ask it, leave it open or make it necessary; empty for one that nobody
    thought of. ``addressed_to`` are the people with the target role; empty where the team's files name nobody.
    """

    question: str
    priority: QuestionPriority
    category: QuestionCategory
    target_role: TargetRole
    status: Literal["needs_answer", "answered_by_sibling", "answered"] = "needs_answer"
    answered_by: str | None = None
    proposed_answer: ProposedAnswer | None = None
    context: str = ""
    evidence: tuple[Span, ...] = ()
    addressed_to: tuple[Addressee, ...] = ()


@frozen(kw_only=True)
class Questions:
    """The questions on one candidate, most urgent first; ``readiness_blockers`` are computed from them.

    ``unnamed_roles`` are roles with an open question for which the team's stakeholders file names nobody.
    """

    questions: tuple[Question, ...] = ()
    readiness_blockers: tuple[str, ...] = ()
    unnamed_roles: tuple[TargetRole, ...] = ()


def readiness_blockers(questions: Sequence[Question]) -> tuple[str, ...]:
    """The texts of the open questions of critical or high priority."""
    return tuple(
        question.question
        for question in questions
        if question.status == "needs_answer" and question.priority in ("critical", "high")
    )


def with_blockers(questions: Iterable[Question]) -> Questions:
    """The questions by priority (equal ones keep their order), with their blockers computed."""
    ordered = tuple(sorted(questions, key=lambda question: PRIORITIES.index(question.priority)))
    return Questions(questions=ordered, readiness_blockers=readiness_blockers(ordered))
