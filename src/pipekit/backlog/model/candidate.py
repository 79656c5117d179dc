"""Work items that a meeting asks for, and those that it turned down."""

from __future__ import annotations

from typing import Literal

from attrs import Factory, field, frozen

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


#: How words were found that are said to come from the meeting: as they are; but for white space, quotes, dashes, case
#: and forms of letters; only nearly; or not at all.
Match = Literal["exact", "folded", "close", "unsupported"]


@frozen(kw_only=True)
class Span:
    """A place in the source: ``first`` and ``last`` line, cue, entry or paragraph, counted from 1.

    ``quote`` are the words found there, empty for a stretch of talk as a whole, and ``from_char`` to ``to_char`` the
    characters of the normalised source that they are (the end not included); ``match`` says how they were found.
    ``verified`` says that they are ``exact`` or ``folded``. Of a ``close`` match ``given`` are the words that were
    looked for, and ``similarity`` (0–1) how like the two are. Words that are ``unsupported`` stand nowhere: the quote
    is what was looked for, and the lines are 0, or those of the talk that is likeliest to be meant.

    Of a meeting that was merged, ``source`` is the input that holds it, and ``source_line`` its first line there.
    """

    first: int
    last: int
    speaker: str | None = None
    start: float | None = None
    quote: str = ""
    verified: bool = True
    # Spans that an earlier version kept say only whether they are verified.
    match: Match = field(default=Factory(lambda self: "exact" if self.verified else "unsupported", takes_self=True))
    similarity: float = 1.0
    from_char: int | None = None
    to_char: int | None = None
    given: str | None = None
    source: str | None = None
    source_line: int | None = None


@frozen(kw_only=True)
class Claim:
    """Something that is said to come from the meeting, and the places that show it: none where nobody says it does."""

    text: str
    evidence: tuple[Span, ...] = ()


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
    """What was found in a meeting; ``extraction_notes`` say what a reader should know about how."""

    candidates: tuple[Candidate, ...] = ()
    rejected: tuple[RejectedItem, ...] = ()
    extraction_notes: tuple[str, ...] = ()
