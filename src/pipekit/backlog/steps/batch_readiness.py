"""After step 7: what can be taken into a sprint together."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit import Each, step
from pipekit.backlog.model.candidate import Candidate
from pipekit.backlog.model.dependency import DependencyMap
from pipekit.backlog.model.readiness import BatchReadiness, Readiness
from pipekit.backlog.model.review import Review
from pipekit.backlog.offline import batch_readiness as rule

__all__ = ["batch_readiness"]


@step(provides="batch_readiness")
def batch_readiness(
    candidates: Sequence[Candidate],
    readiness: Each[Readiness],
    dependencies: DependencyMap | None = None,
    review: Each[Review] | None = None,
) -> BatchReadiness:
    """Which ready candidates can go into a sprint together, and the smallest set that is of use."""
    rejected = {id_ for id_, one in (review or {}).items() if one.decision == "rejected"}
    left = [one for one in candidates if one.id not in rejected]
    return rule.batch_readiness(left, dependencies, readiness)
