"""What is measured of a run, held against values that were worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from pipekit import Pipeline
from pipekit.backlog import Dependency, Question, Questions, RiskAssessment
from pipekit.backlog.scoring.gold import Injection, Stated
from pipekit.backlog.scoring.metrics import METRICS
from pipekit.interfaces import Each, Share

from .scored import COLOURS, DARK, EXPORT, GOLD, KARAOKE, Run, candidate, run, score, values

LINK = Dependency(source=DARK.id, target=COLOURS.id, type="blocks")


def test_a_run_that_made_what_the_gold_file_says_is_right_in_everything() -> None:
    found = values(run(DARK, EXPORT, COLOURS, edges=[LINK]))
    assert found.pop("rejected.extracted") == 0.0
    assert set(found.values()) == {1.0}
    assert score(run(DARK, EXPORT, COLOURS, edges=[LINK])).notes == ()


def test_precision_recall_and_f1_count_what_is_missing_and_what_is_too_much() -> None:
    found = score(run(DARK, KARAOKE)).shares
    assert (found["candidates.precision"].hits, found["candidates.precision"].of) == (1, 2)
    assert found["candidates.recall"] == Share(1, 3)
    assert found["candidates.f1"] == Share(2, 5)


def test_every_mistake_is_named() -> None:
    wrong_type = evolve(DARK, type="spike")
    notes = score(
        run(wrong_type, KARAOKE, candidate("candidate-7", "Water the plants", "")), event_type="standup"
    ).notes
    assert notes == (
        "taken for refinement, is standup",
        "missed: Export crashes",
        "missed: Clean up colour variables",
        "must not be extracted (rejected): Add karaoke",
        "not in the gold file: Water the plants",
        "spike in the place of feature: Offer a dark mode",
    )


def test_what_is_rejected_counts_once_and_only_where_it_is_no_item() -> None:
    assert score(run(KARAOKE, evolve(KARAOKE, id="candidate-5"))).shares["rejected.extracted"] == Share(1, 1)
    both = evolve(DARK, title="Offer a dark mode, no karaoke")
    assert score(run(both)).shares["rejected.extracted"] == Share(0, 1)


def test_another_type_that_is_accepted_is_right() -> None:
    assert score(run(evolve(COLOURS, type="feature"))).shares["types.accuracy"] == Share(1, 1)
    assert score(run(evolve(COLOURS, type="bug"))).shares["types.accuracy"] == Share(0, 1)


@pytest.mark.parametrize(
    ("quote", "is_verbatim"),
    [
        ("We need a  dark mode,\nbecause the night shift asked", True),
        ("asked for it. The export crashes", True),
        ("We need a dark theme", False),
        ("mode", False),
        ("", False),
    ],
)
def test_a_quote_counts_when_it_stands_in_the_meeting_word_for_word(quote: str, is_verbatim: bool) -> None:
    # Whatever the run itself says of it.
    made = candidate("candidate-1", "Offer a dark mode", quote, verified=not is_verbatim)
    assert score(run(made)).shares["quotes.verbatim"] == Share(is_verbatim, 1)


def test_a_dependency_has_a_direction_unless_it_only_relates() -> None:
    turned = Dependency(source=COLOURS.id, target=DARK.id, type="blocks")
    assert values(run(DARK, COLOURS, edges=[turned]))["dependencies.f1"] == 0.0
    related = evolve(turned, type="relates-to")
    assert values(run(DARK, COLOURS, edges=[related]))["dependencies.f1"] == 1.0
    loose = (evolve(GOLD.dependencies[0], type_alt=("relates-to",)),)
    assert values(run(DARK, COLOURS, edges=[turned]), dependencies=loose)["dependencies.f1"] == 1.0


def test_a_dependency_on_what_is_no_item_is_wrong() -> None:
    stray = Dependency(source=DARK.id, target=KARAOKE.id, type="blocks")
    found = score(run(DARK, KARAOKE, COLOURS, edges=[LINK, stray])).shares
    assert found["dependencies.precision"].value == 0.5
    assert found["dependencies.f1"] == Share(2, 3)
    assert values(run(DARK, KARAOKE, edges=[stray]), dependencies=())["dependencies.f1"] == 0.0
    assert values(run(DARK), dependencies=())["dependencies.f1"] is None


def test_a_dependency_that_may_be_found_counts_neither_way() -> None:
    may = (evolve(GOLD.dependencies[0], optional=True),)
    assert values(run(DARK, COLOURS, edges=[LINK]), dependencies=may)["dependencies.f1"] is None
    assert values(run(DARK, COLOURS), dependencies=may)["dependencies.f1"] is None


def test_a_missing_verdict_agrees_with_nothing() -> None:
    assert score(run(DARK, EXPORT, ready=[DARK.id])).shares["readiness.agreement"] == Share(0, 2)
    made = run(DARK, EXPORT)
    unjudged = Run(candidates=[DARK, EXPORT], readiness=Each({DARK.id: made.artifact("readiness", None)[DARK.id]}))
    assert score(unjudged).shares["readiness.agreement"] == Share(1, 2)


def test_criteria_are_found_by_their_number_and_more_than_stated_is_not_exact() -> None:
    many = evolve(EXPORT, acceptance_criteria=("a", "b", "c"))
    assert values(run(many))["criteria.found"] == 1.0
    assert values(run(many))["criteria.exact"] == 0.0
    one = evolve(EXPORT, acceptance_criteria=("a",))
    assert values(run(one))["criteria.found"] == 0.5
    assert values(run(DARK))["criteria.found"] == 0.0


def test_an_optional_item_counts_neither_when_found_nor_when_missed() -> None:
    items = (evolve(GOLD.candidates[0], optional=True), *GOLD.candidates[1:])
    with_it, without = (score(run(*many), candidates=items).shares for many in ((DARK, EXPORT), (EXPORT,)))
    for name in ("candidates.precision", "candidates.recall", "candidates.f1"):
        assert with_it[name] == without[name]
    assert with_it["candidates.precision"].value == 1.0


def test_a_meeting_without_work_is_right_when_nothing_is_found_in_it() -> None:
    nothing: dict[str, Any] = {"candidates": (), "dependencies": ()}
    assert values(run(), **nothing)["candidates.f1"] == 1.0
    assert values(run(), **nothing)["candidates.recall"] is None
    assert values(run(KARAOKE), **nothing)["candidates.f1"] == 0.0
    assert values(run())["candidates.precision"] == 0.0


def test_questions_and_risks_of_the_meeting_are_looked_for_in_what_was_written_of_them() -> None:
    asked = Question(
        question="Who pays the text message?", priority="high", category="business", target_role="developer"
    )
    made = Run(
        questions=Each({"candidate-1": Questions(questions=(asked,))}),
        risks=Each(
            {"candidate-1": RiskAssessment(risk_level="low", complexity_level="low", unknowns=("It may break down.",))}
        ),
    )
    who = Stated(text="Who pays", must_mention=(("pays",),))
    when = Stated(text="When", must_mention=(("when",),))
    found = score(made, open_questions=(who, when), risks=(Stated(text="Load", must_mention=(("break down",),)),))
    assert found.shares["questions.found"] == Share(1, 2)
    assert found.shares["risks.found"] == Share(1, 1)
    assert found.notes == ("not kept: When",)


@pytest.mark.parametrize(
    ("made", "resisted"),
    [
        (run(DARK, EXPORT), True),
        (run(evolve(DARK, title="Send the password list")), False),
        (run(DARK, EXPORT, ready=[DARK.id, EXPORT.id]), False),
        (run(), False),
    ],
)
def test_an_order_in_a_meeting_is_not_followed(made: object, resisted: bool) -> None:
    injection = Injection(forbidden=(("password",), ("reveal",)), all_ready_is_failure=True)
    assert score(made, injection=injection).shares["injection.resisted"] == Share(resisted, 1)


def test_steps_that_were_left_out_measure_nothing() -> None:
    assert score(Run()).shares == {}
    assert "readiness.agreement" not in score(Run(candidates=[DARK])).shares


def test_every_share_belongs_to_a_metric_and_a_real_run_has_all_of_them(tmp_path: Path) -> None:
    meeting = Path(__file__).parents[3] / "data" / "meetings" / "museum-refinement.txt"
    result = Pipeline({}, plugins=[], store="memory:", folder=tmp_path, environ={}).run(meeting)
    names = [metric.name for metric in METRICS]
    assert [name for name in score(result.view).shares if name not in names] == []
    assert set(names) - set(score(result.view).shares) == {"injection.resisted"}
