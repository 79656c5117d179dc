"""Step 6: what must be asked about each candidate, of whom, with a proposed answer where one is known."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit import LLM, StepContext, step
from pipekit.backlog.asked.questions import AskedQuestions, questions_from, with_stated
from pipekit.backlog.asked.shown import (
    candidate_shown,
    confidence_shown,
    context_shown,
    risks_shown,
    siblings_shown,
    talk_shown,
)
from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.confidence import Confidence
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.question import Questions
from pipekit.backlog.model.review import Review, confidence_after, reviewed
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.backlog.offline import generate_questions as rule
from pipekit.backlog.settings import QuestionSettings
from pipekit.backlog.stakeholders import addressed

__all__ = ["generate_questions"]


def _by_rule(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    settings: QuestionSettings,
    ctx: StepContext,
    confidence: Confidence | None = None,
    risks: RiskAssessment | None = None,
    context: Context | None = None,
    review: Review | None = None,
) -> Questions:
    candidate, confidence = reviewed(candidate, review), confidence_after(confidence, review)
    found = rule.generate_questions(candidate, meeting, candidates, confidence, risks, context)
    return addressed(found, settings.people(ctx.project))


@step(provides="questions", each="candidates", offline=_by_rule)
async def generate_questions(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    settings: QuestionSettings,
    ctx: StepContext,
    llm: LLM,
    confidence: Confidence | None = None,
    risks: RiskAssessment | None = None,
    context: Context | None = None,
    review: Review | None = None,
) -> Questions:
    """The open questions on a candidate, most urgent first; those asked in the meeting are among them."""
    candidate, confidence = reviewed(candidate, review), confidence_after(confidence, review)
    asked = await llm.ask(
        "generate-questions",
        returns=AskedQuestions,
        candidate=candidate_shown(candidate),
        meeting=talk_shown(meeting, candidate),
        siblings=siblings_shown(candidates, candidate),
        confidence=confidence_shown(confidence),
        risks=risks_shown(risks),
        context=context_shown(context),
    )
    found = questions_from(asked, candidate, candidates, context, meeting)
    found = with_stated(found, rule.open_questions(candidate, meeting, candidates))
    # Names and addresses are no business of a model: they are put in when it has answered.
    return addressed(found, settings.people(ctx.project))
