"""Step 3: how well each candidate is described."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit import LLM, StepContext, step
from pipekit.backlog.asked.confidence import AskedConfidence, confidence_from
from pipekit.backlog.asked.shown import candidate_shown, siblings_shown, talk_shown
from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.confidence import Confidence
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline import score_confidence as rule
from pipekit.backlog.settings import ScoreSettings

__all__ = ["score_confidence"]


def _by_rule(
    candidate: Candidate, meeting: Meeting, candidates: Sequence[Sibling], settings: ScoreSettings, ctx: StepContext
) -> Confidence:
    return rule.score_confidence(candidate, meeting, candidates, settings.weighing(ctx.project))


@step(provides="confidence", each="candidates", offline=_by_rule)
async def score_confidence(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    settings: ScoreSettings,
    ctx: StepContext,
    llm: LLM,
) -> Confidence:
    """Completeness, clarity, testability and actionability of a candidate, and their weighted mean."""
    asked = await llm.ask(
        "score-confidence",
        returns=AskedConfidence,
        candidate=candidate_shown(candidate),
        meeting=talk_shown(meeting, candidate),
        siblings=siblings_shown(candidates, candidate),
    )
    return confidence_from(asked, settings.weighing(ctx.project))
