"""Work items that a meeting asks for, and those that it turned down."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Candidate", "CandidateType", "Extraction", "RejectedItem", "RejectedReason", "Sibling", "Span"]

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
    ``acceptance_criteria`` are only those that were stated. ``discussed`` are the stretches of the meeting that are
    about it.
    """

    description: str
    type: CandidateType
    verified: bool
    evidence: tuple[Span, ...] = ()
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
