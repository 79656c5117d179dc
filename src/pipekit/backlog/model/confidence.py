"""How well a candidate is described: four scores, their weighted mean, and what led to them."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, field, frozen, validators

__all__ = ["SCORE_NAMES", "Confidence", "Scores", "overall_confidence", "with_overall"]

#: The scores in the order they are shown.
SCORE_NAMES: tuple[str, ...] = ("completeness", "clarity", "testability", "actionability")

_PERCENT = validators.and_(validators.instance_of(int), validators.ge(0), validators.le(100))


@frozen(kw_only=True)
class Scores:
    """Whole numbers from 0 (nothing there) to 100 (nothing missing)."""

    completeness: int = field(validator=_PERCENT)
    clarity: int = field(validator=_PERCENT)
    testability: int = field(validator=_PERCENT)
    actionability: int = field(validator=_PERCENT)


@frozen(kw_only=True)
class Confidence:
    """How well one candidate is described.

    ``overall_confidence`` (0–100) is `overall_confidence` of the scores, ``needs_refinement`` says that it is
    below the threshold of the settings. The three lists hold one sentence each, with the words from the meeting.
    """

    scores: Scores
    overall_confidence: int = field(validator=_PERCENT)
    needs_refinement: bool = False
    strengths: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()


def overall_confidence(scores: Scores, weights: Mapping[str, float] | None = None) -> int:
    """The weighted mean of the scores, 0–100, rounded half up.

    ``weights`` has a number of at least 0 for each name of `SCORE_NAMES`; a missing one counts as 1, and weights
    that are all 0 count as equal ones. Only their ratio matters.
    """
    given = {name: float((weights or {}).get(name, 1.0)) for name in SCORE_NAMES}
    if any(weight < 0 for weight in given.values()):
        raise ValueError(f"weights can't be negative: {given}")
    total = sum(given.values())
    if not total:
        given, total = dict.fromkeys(SCORE_NAMES, 1.0), float(len(SCORE_NAMES))
    mean: float = sum(getattr(scores, name) * weight for name, weight in given.items()) / total
    return max(0, min(100, int(mean + 0.5)))


def with_overall(confidence: Confidence, weights: Mapping[str, float], threshold: int) -> Confidence:
    """The confidence with its mean and its flag computed from its scores, whatever they were before."""
    overall = overall_confidence(confidence.scores, weights)
    return evolve(confidence, overall_confidence=overall, needs_refinement=overall < threshold)
