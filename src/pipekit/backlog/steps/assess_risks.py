"""Step 5: what may go wrong with each candidate."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit import LLM, step
from pipekit.backlog.asked.risks import AskedRisks, risks_from
from pipekit.backlog.asked.shown import candidate_shown, context_shown, dependencies_shown, siblings_shown, talk_shown
from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.dependency import DependencyMap
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.review import Review, reviewed
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.backlog.offline import assess_risks as rule

__all__ = ["assess_risks"]


def _by_rule(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    dependencies: DependencyMap | None = None,
    context: Context | None = None,
    review: Review | None = None,
) -> RiskAssessment:
    return rule.assess_risks(reviewed(candidate, review), meeting, candidates, dependencies, context)


@step(provides="risks", each="candidates", after="enrich-context", offline=_by_rule)
async def assess_risks(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    llm: LLM,
    dependencies: DependencyMap | None = None,
    context: Context | None = None,
    review: Review | None = None,
) -> RiskAssessment:
    """Risks, dependencies, unknowns and signs of scope creep; what a sibling takes care of names it."""
    candidate = reviewed(candidate, review)
    asked = await llm.ask(
        "assess-risks",
        returns=AskedRisks,
        candidate=candidate_shown(candidate),
        meeting=talk_shown(meeting, candidate),
        siblings=siblings_shown(candidates, candidate),
        dependencies=dependencies_shown(dependencies, candidate),
        context=context_shown(context),
    )
    return risks_from(asked, candidate, candidates, context, meeting)
