from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pipekit.backlog.offline.score_confidence import score_confidence
from pipekit.backlog.weighing import ScoreWeights, Weighing

AS_IT_COMES = Weighing()
CRITERIA = ("A booking is confirmed within two seconds", "A full room can't be booked, even when two people try")


@pytest.fixture
def meeting(talk: Any) -> Any:
    return talk(
        "Ann: As a guest I want to book a room online so that I don't have to call.",
        "Bob: Five points, I'll take it.",
        "Ann: Then the other thing.",
    )


@pytest.fixture
def good(about: Any) -> Any:
    return about(
        "Book a room online",
        1,
        2,
        description="Guests book a room online and get a confirmation at once",
        acceptance_criteria=CRITERIA,
    )


def test_a_well_described_candidate_scores_higher_than_a_bare_one(meeting: Any, good: Any, about: Any) -> None:
    bare = about("Rooms", 3, id="candidate-2")
    high = score_confidence(good, meeting, [good, bare], AS_IT_COMES)
    low = score_confidence(bare, meeting, [good, bare], AS_IT_COMES)
    assert high.overall_confidence >= 80
    assert low.overall_confidence <= 40
    assert not high.needs_refinement
    assert low.needs_refinement


def test_strengths_quote_the_meeting(meeting: Any, good: Any) -> None:
    found = score_confidence(good, meeting, [good], AS_IT_COMES)
    assert any("so that I don't have to call" in text and "(Ann)" in text for text in found.strengths)
    assert any("Five points" in text for text in found.strengths)


def test_every_weakness_has_a_recommendation(meeting: Any, about: Any) -> None:
    found = score_confidence(about("Rooms", 3), meeting, [], AS_IT_COMES)
    assert "No acceptance criteria were stated" in found.weaknesses
    assert "State at least two acceptance criteria" in found.recommendations
    assert len(found.recommendations) <= len(found.weaknesses)


def test_more_criteria_never_lower_completeness_and_testability(meeting: Any, good: Any) -> None:
    found = [
        score_confidence(evolve(good, acceptance_criteria=CRITERIA[:count]), meeting, [good], AS_IT_COMES).scores
        for count in (0, 1, 2)
    ]
    assert [scores.completeness for scores in found] == sorted({scores.completeness for scores in found})
    assert [scores.testability for scores in found] == sorted({scores.testability for scores in found})


def test_words_that_stretch_cost_clarity_unless_they_are_measured(meeting: Any, about: Any) -> None:
    vague = about("Faster search", 3, description="Make the search faster for all guests")
    exact = evolve(vague, description="Make the search faster for all guests, below 200 ms")
    scores = [score_confidence(candidate, meeting, [], AS_IT_COMES).scores.clarity for candidate in (vague, exact)]
    assert scores[0] < scores[1]


def test_an_open_question_that_work_waits_for_costs_clarity_and_actionability(talk: Any, about: Any) -> None:
    settled = talk("Ann: Who signs it?", "Bob: The director signs it.")
    unsettled = talk("Ann: Who signs it?", "Bob: No idea. That must be decided before we start.")
    candidate = about("Digital contract", 1, 2)
    before = score_confidence(candidate, settled, [], AS_IT_COMES).scores
    after = score_confidence(candidate, unsettled, [], AS_IT_COMES).scores
    assert after.clarity < before.clarity
    assert after.actionability < before.actionability


def test_what_a_sibling_covers_is_not_held_against_it(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Which bank account receives the deposit of the guest?")
    candidate = about("Cancel a booking", 1)
    sibling = about(
        "Deposits",
        id="candidate-2",
        acceptance_criteria=("The deposit of the guest goes to the bank account of the hotel",),
    )
    alone = score_confidence(candidate, meeting, [candidate], AS_IT_COMES)
    together = score_confidence(candidate, meeting, [candidate, sibling], AS_IT_COMES)
    assert any("deposit" in text for text in alone.weaknesses)
    assert not any("deposit" in text for text in together.weaknesses)


def test_a_spike_is_asked_for_its_question_and_time_and_not_for_criteria(talk: Any, about: Any) -> None:
    meeting = talk("Ann: I don't know whether guests want it. Two days, tops.")
    found = score_confidence(about("Study of guests", 1, type="spike"), meeting, [], AS_IT_COMES)
    assert "No acceptance criteria were stated" not in found.weaknesses
    assert "Its time is limited: Two days" in found.strengths


def test_words_that_are_not_in_the_meeting_cost_clarity(meeting: Any, good: Any) -> None:
    made_up = evolve(good, verified=False)
    assert (
        score_confidence(made_up, meeting, [], AS_IT_COMES).scores.clarity
        < score_confidence(good, meeting, [], AS_IT_COMES).scores.clarity
    )


def test_weights_and_threshold_are_the_teams(meeting: Any, good: Any) -> None:
    only_clarity = ScoreWeights(completeness=0.0, clarity=1.0, testability=0.0, actionability=0.0)
    found = score_confidence(good, meeting, [], Weighing(weights=only_clarity, threshold=100))
    assert found.overall_confidence == found.scores.clarity
    assert found.needs_refinement == (found.scores.clarity < 100)
