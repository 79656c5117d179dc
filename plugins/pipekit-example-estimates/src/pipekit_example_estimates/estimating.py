"""The step: points from how much a candidate asks for and how sure one can be of it."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from pipekit import settings, step
from pipekit.backlog import Candidate, Readiness, RiskAssessment

__all__ = ["Estimate", "EstimateSettings", "estimate_points"]

FIBONACCI = (1, 2, 3, 5, 8, 13, 21)


@frozen(kw_only=True)
class Estimate:
    """Story points, and what they were made of."""

    points: int
    reason: str


@settings
class EstimateSettings:
    """``scale`` rounds to Fibonacci numbers or to whole ones; ``most`` is the largest estimate."""

    scale: Literal["fibonacci", "linear"] = "fibonacci"
    most: int = 21


@step(after="check-readiness", each="candidates", workflow="backlog", provides="estimates")
def estimate_points(
    candidate: Candidate,
    settings: EstimateSettings,
    readiness: Readiness | None = None,
    risks: RiskAssessment | None = None,
) -> Estimate:
    """Story points: one for the item, one for each criterion, more where the complexity or what is open says so."""
    criteria = len(candidate.acceptance_criteria)
    complexity = {"low": 0, "medium": 2, "high": 5}[risks.complexity_level] if risks else 0
    gaps = len(readiness.blocking_issues) if readiness else 0
    points = min(1 + criteria + complexity + gaps, settings.most)
    if settings.scale == "fibonacci":
        points = max(number for number in FIBONACCI if number <= max(points, 1))
    reason = f"{criteria} criteria, {risks.complexity_level if risks else 'unknown'} complexity, {gaps} gaps"
    return Estimate(points=points, reason=reason)
