"""Step 7: whether each candidate meets the team's Definition of Ready. The verdict is computed, never asked for."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit import StepContext, step
from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.confidence import Confidence
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.dependency import DependencyMap
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.question import Questions
from pipekit.backlog.model.readiness import Readiness
from pipekit.backlog.model.review import Review, confidence_after, reviewed
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.backlog.offline import check_readiness as rule
from pipekit.backlog.settings import ReadinessSettings

__all__ = ["check_readiness"]


@step(provides="readiness", each="candidates")
def check_readiness(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    ctx: StepContext,
    settings: ReadinessSettings,
    confidence: Confidence | None = None,
    risks: RiskAssessment | None = None,
    questions: Questions | None = None,
    dependencies: DependencyMap | None = None,
    context: Context | None = None,
    review: Review | None = None,
) -> Readiness:
    """Every criterion of the Definition of Ready with what it saw, and the verdict that follows."""
    candidate, confidence = reviewed(candidate, review), confidence_after(confidence, review)
    dor = settings.definition(ctx.project)
    return rule.check_readiness(
        candidate, meeting, dor, candidates, confidence, risks, questions, dependencies, context
    )
