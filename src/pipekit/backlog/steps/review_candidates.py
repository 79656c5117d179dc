"""After step 3, for those who enable it: people approve what is described well enough, and tell what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pipekit import LLM, Question, StepContext, step
from pipekit.backlog.asked.confidence import AskedConfidence, confidence_from
from pipekit.backlog.asked.shown import candidate_shown, siblings_shown, talk_shown
from pipekit.backlog.asked.wording import shortened
from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.confidence import SCORE_NAMES, Confidence
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.review import Decision, Review, ReviewRound, with_notes
from pipekit.backlog.offline import score_confidence as rule
from pipekit.backlog.offline.notes import criteria_in
from pipekit.backlog.settings import ReviewSettings

__all__ = ["review_candidates"]

_APPROVE = {"approve": "go on with it as it is", "reject": "leave it out: it is no work item"}
#: How many weaknesses a person is shown.
_SHOWN = 6
#: How much of a description, in characters.
_LONG = 400

#: Scores a candidate again, in the round of this number.
Rescore = Callable[[Candidate, int], Awaitable[Confidence]]


def _by_rule(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    confidence: Confidence,
    settings: ReviewSettings,
    ctx: StepContext,
) -> Review:
    async def rescore(amended: Candidate, _: int) -> Confidence:
        weighing = settings.weighing(ctx.project)
        return await asyncio.to_thread(rule.score_confidence, amended, meeting, candidates, weighing)

    return ctx.wait(_review(candidate, meeting, confidence, settings, ctx, rescore))


@step(provides="review", each="candidates", offline=_by_rule)
async def review_candidates(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    confidence: Confidence,
    settings: ReviewSettings,
    ctx: StepContext,
    llm: LLM,
) -> Review:
    """Whether work goes on with a candidate, and what people added to it before."""

    async def rescore(amended: Candidate, number: int) -> Confidence:
        asked = await llm.ask(
            "score-confidence",
            key=f"round-{number}",
            returns=AskedConfidence,
            candidate=candidate_shown(amended),
            meeting=talk_shown(meeting, candidate),
            siblings=siblings_shown(candidates, candidate),
        )
        return confidence_from(asked, settings.weighing(ctx.project))

    return await _review(candidate, meeting, confidence, settings, ctx, rescore)


async def _review(
    candidate: Candidate,
    meeting: Meeting,
    confidence: Confidence,
    settings: ReviewSettings,
    ctx: StepContext,
    rescore: Rescore,
) -> Review:
    rounds: list[ReviewRound] = []
    criteria: dict[str, None] = {}
    amended = candidate

    def ended(decision: Decision) -> Review:
        return Review(decision=decision, confidence=confidence, rounds=tuple(rounds), added_criteria=tuple(criteria))

    while confidence.overall_confidence < settings.pass_at:
        is_clear = confidence.overall_confidence >= settings.approve_at
        if is_clear or len(rounds) == settings.rounds:
            said = await ctx.answer("approval", _approval(amended, confidence))
            return ended("approved" if said == "approve" else "rejected")
        number = len(rounds) + 1
        said = await ctx.answer(f"context-{number}", _context(amended, confidence, number, settings.rounds))
        if said in _APPROVE:
            return ended("approved" if said == "approve" else "rejected")
        criteria |= dict.fromkeys(criteria_in(said, meeting))
        before = confidence.overall_confidence
        notes = (*(one.added for one in rounds), said)
        amended = with_notes(candidate, notes, tuple(criteria))
        confidence = await rescore(amended, number)
        rounds.append(ReviewRound(added=said, before=before, after=confidence.overall_confidence))
    return ended("passed")


def _approval(candidate: Candidate, confidence: Confidence) -> Question[str]:
    return Question(
        text=f"Is “{candidate.title}” clear enough to go on with? It scores {confidence.overall_confidence} of 100.",
        returns=str,
        context=_helps(candidate, confidence),
        choices=_APPROVE,
    )


def _context(candidate: Candidate, confidence: Confidence, number: int, rounds: int) -> Question[str]:
    return Question(
        text=f"What is missing in “{candidate.title}”? It scores {confidence.overall_confidence} of 100, and is scored "
        f"again with what you add (round {number} of {rounds}).",
        returns=str,
        context=_helps(candidate, confidence),
        choices=_APPROVE,
        or_text=True,
    )


def _helps(candidate: Candidate, confidence: Confidence) -> str:
    """What there is and what isn't, a line each."""
    lines = [
        shortened(candidate.description, _LONG),
        *(f"added: {text}" for text in candidate.notes),
        ", ".join(f"{name} {getattr(confidence.scores, name)}" for name in SCORE_NAMES),
        *(f"criterion: {text}" for text in candidate.acceptance_criteria),
        *(f"missing: {text}" for text in confidence.weaknesses[:_SHOWN]),
    ]
    return "\n".join(" ".join(line.split()) for line in lines)
