"""What may go wrong with a candidate, as a model is asked for it. How grave that is, is computed from the findings.

A finding counts when the meeting, the candidate or its context shows it. What a model adds of its own stays visible,
and raises no level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from attrs import frozen

from pipekit.backlog.asked.dependencies import known_id, names_of
from pipekit.backlog.asked.quotes import Quotes, quotes_of
from pipekit.backlog.asked.wording import each_once, one_line, words_of
from pipekit.backlog.model.candidate import Candidate, Claim, Sibling
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.risk import (
    ArchitecturalConflict,
    ComplexityLevel,
    RiskAssessment,
    RiskDependency,
    ScopeCreepIndicator,
    risk_level,
)

__all__ = ["AskedConflict", "AskedCreep", "AskedNeed", "AskedRisks", "AskedUnknown", "risks_from"]


@frozen(kw_only=True)
class AskedCreep:
    """Words that leave the scope without bounds, copied from the meeting or the candidate, and what to do about it."""

    quote: str
    severity: Literal["minor", "moderate", "major"]
    suggestion: str = ""


@frozen(kw_only=True)
class AskedNeed:
    """Something the candidate waits for or leans on.

    The quote is copied from the meeting, empty when nobody said it. The status is resolved only when the meeting says
    so, mitigated_by_sibling only when another candidate takes care of it: then mitigatedBy is that candidate's id.
    """

    quote: str = ""
    type: Literal["blocking", "soft", "external"]
    description: str
    status: Literal["resolved", "unresolved", "unknown", "mitigated_by_sibling"]
    mitigated_by: str | None = None
    residual_risk: Literal["none", "low", "medium"] | None = None


@frozen(kw_only=True)
class AskedConflict:
    """A decision or a structure that the candidate collides with, by its id or its words, and a way out."""

    conflicts_with: str
    description: str
    resolution: str = ""


@frozen(kw_only=True)
class AskedUnknown:
    """A risk that was named, or something that nobody could tell; the quote is copied from the meeting, or empty."""

    quote: str = ""
    text: str


@frozen(kw_only=True)
class AskedRisks:
    """What may go wrong with one candidate; empty lists are a normal answer.

    The danger is a quote, copied from the meeting, that tells of harm to people, data, money or of a breach of the law;
    null when there is none.
    """

    dependencies: tuple[AskedNeed, ...] = ()
    scope_creep: tuple[AskedCreep, ...] = ()
    conflicts: tuple[AskedConflict, ...] = ()
    unknowns: tuple[AskedUnknown, ...] = ()
    danger: str | None = None
    complexity: ComplexityLevel
    assessment: str = ""


def risks_from(
    asked: AskedRisks, candidate: Candidate, candidates: Sequence[Sibling], context: Context | None, meeting: Meeting
) -> RiskAssessment:
    """The assessment with its level; a sibling or a decision that doesn't exist makes a finding an unknown."""
    quotes = quotes_of(meeting)
    names = names_of([one for one in candidates if one.id != candidate.id])
    needs = tuple(_need(one, names, quotes) for one in asked.dependencies if words_of(one.description))
    creep = tuple(_creep(one, candidate, quotes) for one in asked.scope_creep if words_of(one.quote))
    conflicts: list[ArchitecturalConflict] = []
    told: list[str] = []
    for one in asked.conflicts:
        with_what, what = one_line(one.conflicts_with), one_line(one.description)
        if not words_of(what):
            continue
        if _is_known(with_what, context) or quotes.holds(with_what):
            resolution = one_line(one.resolution)
            conflicts.append(
                ArchitecturalConflict(
                    conflicts_with=with_what,
                    description=what,
                    resolution=resolution,
                    evidence=quotes.spans(with_what) if quotes.holds(with_what) else (),
                )
            )
        else:
            told.append(f"perhaps a conflict, with nothing that is known of: {what}")
    stated = each_once(one.text for one in asked.unknowns if quotes.holds(one.quote))
    danger = quotes.evidence(asked.danger or "")
    level = risk_level(
        complexity=asked.complexity,
        dependencies=needs,
        scope_creep=creep,
        conflicts=conflicts,
        unknowns=stated,
        severe=quotes.holds(asked.danger or ""),
    )
    return RiskAssessment(
        risk_level=level,
        complexity_level=asked.complexity,
        scope_creep_indicators=creep,
        dependencies=needs,
        architectural_conflicts=tuple(conflicts),
        unknowns=each_once([*stated, *(one.text for one in asked.unknowns), *told]),
        unknowns_evidence=_claims(asked.unknowns, quotes),
        danger_evidence=danger,
        overall_assessment=one_line(asked.assessment),
    )


def _claims(asked: Sequence[AskedUnknown], quotes: Quotes) -> tuple[Claim, ...]:
    """The unknowns for which words of the meeting were given, with the places where these stand, if any."""
    found: dict[str, Claim] = {}
    for one in asked:
        text, spans = one_line(one.text), quotes.evidence(one.quote)
        if spans and words_of(text):
            found.setdefault(text.casefold(), Claim(text=text, evidence=spans))
    return tuple(found.values())


def _need(asked: AskedNeed, names: Mapping[str, str], quotes: Quotes) -> RiskDependency:
    status, sibling = asked.status, None
    if status == "mitigated_by_sibling":
        sibling = known_id(asked.mitigated_by or "", names)
        status = status if sibling else "unknown"
    elif status == "resolved" and not quotes.holds(asked.quote):
        status = "unknown"
    return RiskDependency(
        type=asked.type,
        description=one_line(asked.description),
        status=status,
        mitigated_by=sibling,
        residual_risk=(asked.residual_risk or "low") if sibling else None,
        evidence=quotes.evidence(asked.quote),
    )


def _creep(asked: AskedCreep, candidate: Candidate, quotes: Quotes) -> ScopeCreepIndicator:
    quote = one_line(asked.quote)
    said = quote.casefold()
    own = one_line(" ".join([candidate.title, candidate.description, *candidate.acceptance_criteria])).casefold()
    spans = quotes.spans(quote)
    is_own = said in own
    is_said = all(span.verified for span in spans)
    return ScopeCreepIndicator(
        indicator=quote,
        severity=asked.severity if is_own or is_said else "minor",
        suggestion=one_line(asked.suggestion),
        # Words of the item itself need not be those of the meeting.
        evidence=spans if is_said or not is_own else (),
    )


def _is_known(name: str, context: Context | None) -> bool:
    """Whether a name is that of a decision or a document of the context."""
    said = name.casefold()
    entries = [(one.id, one.title) for one in context.relevant_adrs] if context else []
    entries += [(one.source, one.title) for one in context.technical_docs] if context else []
    return any(part and (part.casefold() in said or said == part.casefold()) for entry in entries for part in entry)
