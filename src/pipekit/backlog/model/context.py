"""What the past and the sibling candidates say about a candidate."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen, validators

__all__ = [
    "Context",
    "LessonLearned",
    "RelevantAdr",
    "Repetition",
    "RepetitionVerdict",
    "SiblingRelationship",
    "SiblingWork",
    "SimilarWork",
    "TechnicalDoc",
]

SiblingRelationship = Literal["depends-on", "needed-by", "extends", "extended-by", "relates-to"]

RepetitionVerdict = Literal["new", "extends", "duplicate"]

_SHARE = validators.and_(validators.ge(0.0), validators.le(1.0))


@frozen(kw_only=True)
class SimilarWork:
    """An earlier work item; ``relevance`` is 0–1, ``source`` says where it was found."""

    title: str
    source: str
    relevance: float = field(validator=_SHARE)
    snippet: str = ""


@frozen(kw_only=True)
class RelevantAdr:
    """An architecture decision record; ``decision`` is what it decided, ``relevance`` is 0–1."""

    id: str
    title: str
    decision: str
    relevance: float = field(validator=_SHARE)


@frozen(kw_only=True)
class TechnicalDoc:
    """A passage of documentation."""

    title: str
    source: str
    snippet: str = ""


@frozen(kw_only=True)
class LessonLearned:
    """What an incident or a review taught."""

    title: str
    source: str
    lesson: str = ""


@frozen(kw_only=True)
class SiblingWork:
    """Another candidate of the same meeting that this one has to do with.

    ``relationship`` reads from this candidate to the sibling: ``depends-on`` means this one needs the sibling.
    """

    candidate_id: str
    title: str
    relationship: SiblingRelationship
    reason: str
    relevant_context: str = ""


@frozen(kw_only=True)
class Repetition:
    """What a candidate is to the work items that exist: the same as one, an addition to one, or new.

    ``title`` and ``source`` tell the existing item, ``reason`` the words that led to the verdict.
    """

    verdict: RepetitionVerdict
    reason: str
    title: str = ""
    source: str = ""


@frozen(kw_only=True)
class Context:
    """All that is known beyond the meeting's words on one candidate; empty lists are a normal result.

    ``repetition`` is None where nothing was searched, and so nothing is known.
    """

    similar_work: tuple[SimilarWork, ...] = ()
    relevant_adrs: tuple[RelevantAdr, ...] = ()
    technical_docs: tuple[TechnicalDoc, ...] = ()
    lessons_learned: tuple[LessonLearned, ...] = ()
    sibling_work: tuple[SiblingWork, ...] = ()
    repetition: Repetition | None = None
    context_summary: str = ""
