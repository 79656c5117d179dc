"""The work items of a meeting, as a model is asked for them."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from pipekit.backlog.model.candidate import CandidateType, RejectedReason

__all__ = ["AskedCandidate", "AskedCriterion", "AskedExtraction", "AskedRejected", "put_together"]


@frozen(kw_only=True)
class AskedCriterion:
    """One acceptance criterion that somebody stated, and the words of the meeting that state it, copied."""

    text: str
    quote: str


@frozen(kw_only=True)
class AskedCandidate:
    """One work item that the meeting asks for.

    The quotes are copied word for word, the most telling one first. The title is an outcome in the imperative, at most
    80 characters. The description says what is wanted and why, as far as it was said. The acceptance criteria are only
    those that somebody stated; none is a normal answer. mentionedBy names the people who brought it up.
    """

    quotes: tuple[str, ...]
    title: str
    type: CandidateType
    description: str = ""
    # No bound on the length of a title: too long a one is cut, which costs less than to ask again for the whole answer.
    acceptance_criteria: tuple[AskedCriterion, ...] = ()
    mentioned_by: tuple[str, ...] = ()


@frozen(kw_only=True)
class AskedRejected:
    """Something that is no work item: rejected, parked for later, done already, or an agreement of the team.

    The quote is copied word for word and shows the reason.
    """

    quote: str
    title: str
    reason: RejectedReason


@frozen(kw_only=True)
class AskedExtraction:
    """All work items of a meeting in order of first mention, what was turned down, and notes on what was unclear."""

    # Both are asked for even when there is nothing: an empty answer that nobody thought about must not look like one.
    candidates: tuple[AskedCandidate, ...]
    rejected: tuple[AskedRejected, ...]
    notes: tuple[str, ...] = ()


def put_together(answers: Sequence[AskedExtraction]) -> AskedExtraction:
    """The answers to parts of one meeting as one; what stands in several parts is joined later."""
    return AskedExtraction(
        candidates=tuple(one for answer in answers for one in answer.candidates),
        rejected=tuple(one for answer in answers for one in answer.rejected),
        notes=tuple(one for answer in answers for one in answer.notes),
    )
