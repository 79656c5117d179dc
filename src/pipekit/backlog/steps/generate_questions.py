"""Step 6: what must be asked about each candidate, of whom, with a proposed answer where one is known."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit import LLM, step
from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.confidence import Confidence
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.question import Questions
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.backlog.offline import generate_questions as rule

__all__ = ["generate_questions"]


@step(provides="questions", each="candidates", offline=rule.generate_questions)
async def generate_questions(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    llm: LLM,
    confidence: Confidence | None = None,
    risks: RiskAssessment | None = None,
    context: Context | None = None,
) -> Questions:
    """The open questions on a candidate, most urgent first; those asked in the meeting are among them."""
    return await llm.ask(
        "generate-questions",
        returns=Questions,
        candidate=candidate,
        meeting=meeting,
        candidates=candidates,
        confidence=confidence,
        risks=risks,
        context=context,
    )
