"""What may go wrong with a candidate, and how grave that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from pipekit.backlog.model.candidate import Claim, Span

__all__ = [
    "ArchitecturalConflict",
    "ComplexityLevel",
    "RiskAssessment",
    "RiskDependency",
    "RiskLevel",
    "ScopeCreepIndicator",
    "risk_level",
]

RiskLevel = Literal["low", "medium", "high", "critical"]
ComplexityLevel = Literal["low", "medium", "high"]


@frozen(kw_only=True)
class ScopeCreepIndicator:
    """Words that hint at a scope without bounds; ``indicator`` quotes them, ``evidence`` says where they stand."""

    indicator: str
    severity: Literal["minor", "moderate", "major"]
    suggestion: str
    evidence: tuple[Span, ...] = ()


@frozen(kw_only=True)
class RiskDependency:
    """Something the candidate waits for or leans on; ``evidence`` are the words of the meeting that say so, if any.

    With ``status`` ``mitigated_by_sibling``, ``mitigated_by`` is the id of the candidate that takes care of it and
    ``residual_risk`` what remains then.
    """

    type: Literal["blocking", "soft", "external"]
    description: str
    status: Literal["resolved", "unresolved", "unknown", "mitigated_by_sibling"]
    mitigated_by: str | None = None
    residual_risk: Literal["none", "low", "medium"] | None = None
    evidence: tuple[Span, ...] = ()


@frozen(kw_only=True)
class ArchitecturalConflict:
    """A decision or a structure that the candidate collides with, and a way out.

    ``evidence`` are the words of the meeting that tell of it; empty where a document does.
    """

    conflicts_with: str
    description: str
    resolution: str
    evidence: tuple[Span, ...] = ()


@frozen(kw_only=True)
class RiskAssessment:
    """What may go wrong with one candidate.

    ``unknowns`` are stated risks and things nobody could tell; ``unknowns_evidence`` has the words of the meeting for
    each of them that comes from there. ``danger_evidence`` are words that tell of harm to people, data or money.
    """

    risk_level: RiskLevel
    complexity_level: ComplexityLevel
    scope_creep_indicators: tuple[ScopeCreepIndicator, ...] = ()
    dependencies: tuple[RiskDependency, ...] = ()
    architectural_conflicts: tuple[ArchitecturalConflict, ...] = ()
    unknowns: tuple[str, ...] = ()
    unknowns_evidence: tuple[Claim, ...] = ()
    danger_evidence: tuple[Span, ...] = ()
    overall_assessment: str = ""


_DEPENDENCY_POINTS = {"blocking": 3, "external": 2, "soft": 1}
_RESIDUAL_POINTS = {"none": 0, "low": 0, "medium": 1, None: 0}
_CREEP_POINTS = {"minor": 0, "moderate": 1, "major": 2}


def risk_level(
    *,
    complexity: ComplexityLevel,
    dependencies: Sequence[RiskDependency] = (),
    scope_creep: Sequence[ScopeCreepIndicator] = (),
    conflicts: Sequence[ArchitecturalConflict] = (),
    unknowns: Sequence[str] = (),
    severe: bool = False,
) -> RiskLevel:
    """The level that the findings add up to.

    What a sibling mitigates counts only by its residual risk, what is resolved doesn't count. ``severe`` says that
    the meeting itself spoke of danger to people, data, money or the law: then the level is high at least.
    """
    points = {"low": 0, "medium": 1, "high": 2}[complexity]
    for dependency in dependencies:
        if dependency.status == "mitigated_by_sibling":
            points += _RESIDUAL_POINTS[dependency.residual_risk]
        elif dependency.status != "resolved":
            points += _DEPENDENCY_POINTS[dependency.type]
    points += sum(_CREEP_POINTS[indicator.severity] for indicator in scope_creep)
    points += 2 * len(conflicts) + min(len(unknowns), 4)
    if severe:
        return "critical" if points >= 6 else "high"
    if points >= 9:
        return "critical"
    if points >= 5:
        return "high"
    return "medium" if points >= 2 else "low"
