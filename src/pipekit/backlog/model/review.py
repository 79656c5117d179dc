"""What people said to a candidate: approved or rejected it, or told what was missing."""

from __future__ import annotations

from typing import Literal

from attrs import evolve, frozen

from pipekit import SkipItemError
from pipekit.backlog.model.candidate import Candidate
from pipekit.backlog.model.confidence import Confidence

__all__ = ["Decision", "Review", "ReviewRound", "confidence_after", "reviewed", "with_notes"]

#: ``passed`` by its score alone; ``approved`` or ``rejected`` by a person.
Decision = Literal["passed", "approved", "rejected"]


@frozen(kw_only=True)
class ReviewRound:
    """What a person added to a candidate, and the overall confidence (0–100) before and with it."""

    added: str
    before: int
    after: int


@frozen(kw_only=True)
class Review:
    """How the review of one candidate ended.

    ``confidence`` is how well it is described with all that people added in ``rounds``; ``added_criteria`` are the
    acceptance criteria that were stated in there.
    """

    decision: Decision
    confidence: Confidence
    rounds: tuple[ReviewRound, ...] = ()
    added_criteria: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What people added, in order."""
        return tuple(one.added for one in self.rounds)


def reviewed(candidate: Candidate, review: Review | None) -> Candidate:
    """The candidate with what people added; `SkipItemError` for one that they rejected: no more work goes into it."""
    if review is None:
        return candidate
    if review.decision == "rejected":
        raise SkipItemError("rejected in the review")
    return with_notes(candidate, review.notes, review.added_criteria)


def with_notes(candidate: Candidate, notes: tuple[str, ...], criteria: tuple[str, ...]) -> Candidate:
    """The candidate with what people said about it after the meeting."""
    if not notes:
        return candidate
    stated = dict.fromkeys((*candidate.acceptance_criteria, *criteria))
    return evolve(candidate, notes=(*candidate.notes, *notes), acceptance_criteria=tuple(stated))


def confidence_after(confidence: Confidence | None, review: Review | None) -> Confidence | None:
    """How well the candidate is described, with what people added to it."""
    return confidence if review is None else review.confidence
