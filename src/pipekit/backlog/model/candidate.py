"""Work items that a meeting asks for, and those that it turned down."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Candidate", "CandidateType", "Extraction", "RejectedItem", "RejectedReason", "Span"]

CandidateType = Literal["feature", "bug", "tech-debt", "spike"]
RejectedReason = Literal["rejected", "parked", "done", "agreement"]


@frozen(kw_only=True)
class Span:
    """A place in the source: ``first`` and ``last`` line, cue or entry, counted from 1.

    ``quote`` are the words found there, empty for a stretch of talk as a whole. ``verified`` says that a program found
    the quote word for word, apart from white space.
    """

    first: int
    last: int
    speaker: str | None = None
    start: float | None = None
    quote: str = ""
    verified: bool = True


@frozen(kw_only=True)
class Candidate:
    """A possible work item.

    ``raw_context`` are the words that led to it, verbatim; ``verified`` says that they stand in the source.
    ``acceptance_criteria`` are only those that were stated. ``discussed`` are the stretches of the meeting that are
    about it.
    """

    id: str
    title: str
    description: str
    type: CandidateType
    raw_context: str
    verified: bool
    evidence: tuple[Span, ...] = ()
    acceptance_criteria: tuple[str, ...] = ()
    mentioned_by: tuple[str, ...] = ()
    discussed: tuple[Span, ...] = ()


@frozen(kw_only=True)
class RejectedItem:
    """Something that was talked about and is no work item: rejected, parked, done, or an agreement of the team."""

    title: str
    reason: RejectedReason
    evidence: tuple[Span, ...] = ()


@frozen(kw_only=True)
class Extraction:
    """What was found in a meeting; ``extraction_notes`` say what a reader should know about how."""

    candidates: tuple[Candidate, ...] = ()
    rejected: tuple[RejectedItem, ...] = ()
    extraction_notes: tuple[str, ...] = ()
