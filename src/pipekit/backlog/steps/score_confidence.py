"""Step 3: how well each candidate is described."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from pipekit import LLM, step
from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.confidence import Confidence, overall_confidence
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline import score_confidence as rule
from pipekit.backlog.settings import ScoreSettings

__all__ = ["score_confidence"]


@step(provides="confidence", each="candidates", offline=rule.score_confidence)
async def score_confidence(
    candidate: Candidate, meeting: Meeting, candidates: Sequence[Sibling], settings: ScoreSettings, llm: LLM
) -> Confidence:
    """Completeness, clarity, testability and actionability of a candidate, and their weighted mean."""
    asked = await llm.ask(
        "score-confidence", returns=Confidence, candidate=candidate, meeting=meeting, candidates=candidates
    )
    # The mean and the flag are computed from the scores, whatever a model says of them.
    overall = overall_confidence(asked.scores, settings.weights.by_name())
    return evolve(asked, overall_confidence=overall, needs_refinement=overall < settings.threshold)
