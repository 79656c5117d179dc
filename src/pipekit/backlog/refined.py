"""All that is known about each candidate of a run, typed."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from attrs import frozen

from pipekit.backlog.model.candidate import Candidate
from pipekit.backlog.model.confidence import Confidence
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.dependency import Dependency, DependencyMap
from pipekit.backlog.model.question import Questions
from pipekit.backlog.model.readiness import Readiness
from pipekit.backlog.model.review import Review, with_notes
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.errors import UsageError
from pipekit.interfaces.steps import Each

__all__ = ["RefinedCandidate", "refined"]

T = TypeVar("T")


class _Result(Protocol):
    def artifact(self, name: str, type_: type[T]) -> T: ...


@frozen(kw_only=True)
class RefinedCandidate:
    """One candidate; what a disabled step would have made is None. ``dependencies`` are those it has itself.

    Where there was a ``review``, ``candidate`` and ``confidence`` hold what people added. One that they rejected is
    here, too, and nothing more was found out about it.
    """

    candidate: Candidate
    confidence: Confidence | None = None
    context: Context | None = None
    risks: RiskAssessment | None = None
    questions: Questions | None = None
    readiness: Readiness | None = None
    dependencies: tuple[Dependency, ...] = ()
    review: Review | None = None


def refined(result: _Result) -> list[RefinedCandidate]:
    """The candidates of a run's result (or view), in order; the result's own error when it has extracted none."""
    candidates: list[Candidate] = result.artifact("candidates", list[Candidate])
    edges = _optional(result, "dependencies", DependencyMap)
    by_name: dict[str, Any] = {
        "confidence": _optional(result, "confidence", Each[Confidence]),
        "context": _optional(result, "context", Each[Context]),
        "risks": _optional(result, "risks", Each[RiskAssessment]),
        "questions": _optional(result, "questions", Each[Questions]),
        "readiness": _optional(result, "readiness", Each[Readiness]),
        "review": _optional(result, "review", Each[Review]),
    }
    reviews: Each[Review] = by_name["review"] or Each({})
    if by_name["confidence"] is not None:
        after = {key: one.confidence for key, one in reviews.items()}
        by_name["confidence"] = Each({**by_name["confidence"], **after})
    return [
        RefinedCandidate(
            candidate=_noted(one, reviews.get(one.id)),
            dependencies=tuple(edge for edge in (edges.dependencies if edges else ()) if edge.source == one.id),
            **{name: found.get(one.id) for name, found in by_name.items() if found is not None},
        )
        for one in candidates
    ]


def _noted(candidate: Candidate, review: Review | None) -> Candidate:
    return candidate if review is None else with_notes(candidate, review.notes, review.added_criteria)


def _optional(result: _Result, name: str, type_: Any) -> Any:
    try:
        return result.artifact(name, type_)
    except (UsageError, KeyError):
        return None
