from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.model.confidence import SCORE_NAMES, Confidence, Scores, overall_confidence, with_overall

PERCENT = st.integers(0, 100)
SCORES = st.builds(Scores, completeness=PERCENT, clarity=PERCENT, testability=PERCENT, actionability=PERCENT)
WEIGHTS = st.fixed_dictionaries({name: st.floats(0, 1000) for name in SCORE_NAMES})


def _scores(*numbers: int) -> Scores:
    return Scores(**dict(zip(SCORE_NAMES, numbers, strict=True)))


def test_without_weights_all_scores_count_the_same() -> None:
    assert overall_confidence(_scores(10, 20, 30, 41)) == 25


def test_a_score_without_weight_does_not_count() -> None:
    weights = {"completeness": 1.0, "clarity": 0.0, "testability": 0.0, "actionability": 0.0}
    assert overall_confidence(_scores(73, 0, 0, 0), weights) == 73


def test_half_a_point_is_rounded_up() -> None:
    assert overall_confidence(_scores(1, 0, 1, 0)) == 1


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        overall_confidence(_scores(1, 2, 3, 4), {"clarity": -0.1})


@pytest.mark.parametrize("number", [-1, 101])
def test_a_score_outside_0_to_100_is_refused(number: int) -> None:
    with pytest.raises(ValueError):
        _scores(number, 0, 0, 0)


@given(SCORES, WEIGHTS)
def test_the_mean_lies_between_the_lowest_and_the_highest_score(scores: Scores, weights: dict[str, float]) -> None:
    numbers = [getattr(scores, name) for name in SCORE_NAMES]
    assert min(numbers) <= overall_confidence(scores, weights) <= max(numbers)


@given(SCORES, st.floats(0.1, 10))
def test_only_the_ratio_of_the_weights_matters(scores: Scores, factor: float) -> None:
    weights = {"completeness": 4.0, "clarity": 2.0, "testability": 1.0, "actionability": 1.0}
    scaled = {name: weight * factor for name, weight in weights.items()}
    assert abs(overall_confidence(scores, scaled) - overall_confidence(scores, weights)) <= 1


def test_the_mean_is_computed_whatever_it_was_said_to_be() -> None:
    told = Confidence(scores=_scores(40, 40, 40, 40), overall_confidence=99)
    computed = with_overall(told, dict.fromkeys(SCORE_NAMES, 1.0), threshold=60)
    assert computed.overall_confidence == 40
    assert computed.needs_refinement
    assert not with_overall(told, {}, threshold=40).needs_refinement
