"""Work items that a meeting asks for, and those that it turned down."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from pipekit.backlog.model.places import Claim, Match, Span
from pipekit.backlog.model.reasons import Reason

__all__ = [
    "Candidate",
    "CandidateType",
    "Claim",
    "Extraction",
    "Match",
    "RejectedItem",
    "RejectedReason",
    "Sibling",
    "Span",
]

CandidateType = Literal["feature", "bug", "tech-debt", "spike"]
RejectedReason = Literal["rejected", "parked", "done", "agreement"]


@frozen(kw_only=True)
class Sibling:
    """What the work on one candidate looks at of the others: a short summary.

    A step that takes ``candidates: Sequence[Sibling]`` depends on nothing else of them, so that a detail corrected in
    one candidate (its description, its type, its evidence) leaves what was found out about the others current.
    """

    id: str
    title: str
    raw_context: str
    acceptance_criteria: tuple[str, ...] = ()


@frozen(kw_only=True)
class Candidate(Sibling):
    """A possible work item.

    ``raw_context`` are the words that led to it, verbatim; ``verified`` says that they stand in the source.
    ``acceptance_criteria`` are only those that were stated, ``criteria_evidence`` has the words that state each of
    them. ``discussed`` are the stretches of the meeting that are about it, ``notes`` what people said about it when the
    meeting was over.
    """

    description: str
    type: CandidateType
    verified: bool
    evidence: tuple[Span, ...] = ()
    criteria_evidence: tuple[Claim, ...] = ()
    mentioned_by: tuple[str, ...] = ()
    discussed: tuple[Span, ...] = ()
    notes: tuple[str, ...] = ()


@frozen(kw_only=True)
class RejectedItem:
    """Something that was talked about and is no work item: rejected, parked, done, or an agreement of the team."""

    title: str
    reason: RejectedReason
    evidence: tuple[Span, ...] = ()


@frozen(kw_only=True)
class Extraction:
    """What was found in a meeting; ``extraction_notes`` say what a reader should know about how.

    ``why`` tells of every sentence that asks for work what was made of it, in the order of the talk.
    """

    candidates: tuple[Candidate, ...] = ()
    rejected: tuple[RejectedItem, ...] = ()
    extraction_notes: tuple[str, ...] = ()
    why: tuple[Reason, ...] = ()
