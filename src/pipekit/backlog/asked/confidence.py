"""How well a candidate is described, as a model is asked for it: four scores with what speaks for and against."""

from __future__ import annotations

from attrs import field, frozen, validators

from pipekit.backlog.asked.wording import each_once
from pipekit.backlog.model.confidence import SCORE_NAMES, Confidence, Scores, with_overall
from pipekit.backlog.weighing import Weighing

__all__ = ["AskedConfidence", "AskedScore", "confidence_from"]


@frozen(kw_only=True)
class AskedScore:
    """What is there and what is missing, one sentence each, and the score that follows: a whole number, 0 to 100."""

    # Found and missing come first: a model that has written them down scores by them.
    found: tuple[str, ...]
    missing: tuple[str, ...]
    score: int = field(validator=[validators.ge(0), validators.le(100)])


@frozen(kw_only=True)
class AskedConfidence:
    """The four scores of one candidate, and what should be done about what is missing, one sentence each."""

    completeness: AskedScore
    clarity: AskedScore
    testability: AskedScore
    actionability: AskedScore
    recommendations: tuple[str, ...]


def confidence_from(asked: AskedConfidence, weighing: Weighing) -> Confidence:
    """The confidence; the mean and the flag are computed from the scores and the team's weights."""
    parts: dict[str, AskedScore] = {name: getattr(asked, name) for name in SCORE_NAMES}
    found = Confidence(
        scores=Scores(**{name: part.score for name, part in parts.items()}),
        overall_confidence=0,
        strengths=each_once(text for part in parts.values() for text in part.found),
        weaknesses=each_once(text for part in parts.values() for text in part.missing),
        recommendations=each_once(asked.recommendations),
    )
    return with_overall(found, weighing.weights.by_name(), weighing.threshold)
