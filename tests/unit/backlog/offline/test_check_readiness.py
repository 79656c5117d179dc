from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pipekit.backlog.dor import CHECKS as NAMED_CHECKS
from pipekit.backlog.dor import Criterion, DefinitionOfReady, default_dor, parse_dor
from pipekit.backlog.model.candidate import Claim, Span
from pipekit.backlog.model.context import Context, Repetition
from pipekit.backlog.model.dependency import Dependency, DependencyMap
from pipekit.backlog.model.question import Question, with_blockers
from pipekit.backlog.model.risk import RiskAssessment, RiskDependency
from pipekit.backlog.offline.check_readiness import CHECKS, check_readiness
from pipekit.backlog.offline.score_confidence import score_confidence
from pipekit.backlog.weighing import Weighing

CRITERIA = ("A booking is confirmed within two seconds", "A full room can't be booked, even when two people try")


@pytest.fixture
def meeting(talk: Any) -> Any:
    return talk("Ann: As a guest I want to book a room online so that I don't have to call.", "Bob: Five points.")


@pytest.fixture
def good(about: Any) -> Any:
    return about("Book a room online", 1, 2, description="Guests book a room online", acceptance_criteria=CRITERIA)


def _one(check: str, **numbers: int) -> DefinitionOfReady:
    return DefinitionOfReady(required=(Criterion(text="it", check=check, **numbers),))


def _status(check: str, candidate: Any, meeting: Any, **known: Any) -> str:
    return check_readiness(candidate, meeting, _one(check), **known).dor_checks.required[0].status


def test_a_good_candidate_is_ready(good: Any, meeting: Any) -> None:
    found = check_readiness(good, meeting, default_dor())
    assert found.readiness_status == "ready"
    assert found.readiness_score >= 90
    assert found.blocking_issues == ()


def test_checks_come_in_the_order_of_the_file_with_what_they_saw(good: Any, meeting: Any) -> None:
    dor = default_dor()
    found = check_readiness(good, meeting, dor).dor_checks
    assert [check.criterion for check in found.required] == [criterion.text for criterion in dor.required]
    assert [check.criterion for check in found.recommended] == [criterion.text for criterion in dor.recommended]
    assert all(check.notes for check in (*found.required, *found.recommended))
    assert "so that I don't have to call" in found.required[1].notes


def test_every_check_that_a_file_can_name_is_computed() -> None:
    assert set(CHECKS) == set(NAMED_CHECKS)


def test_text_alone_stays_unchecked_and_is_never_ready(good: Any, meeting: Any) -> None:
    dor = parse_dor("required: [The design is signed off]\nrecommended: [It is fun]", "dor.yaml")
    found = check_readiness(good, meeting, dor)
    assert [check.status for check in (*found.dor_checks.required, *found.dor_checks.recommended)] == ["unchecked"] * 2
    assert found.readiness_status == "not-ready"


@pytest.mark.parametrize(
    ("title", "status"),
    [
        ("Book a room online", "pass"),
        ("Rooms", "partial"),
        ("", "fail"),
        ("Misc", "fail"),
        ("Book a room " * 9, "partial"),
    ],
)
def test_a_title_says_in_a_few_words_what_comes_out(good: Any, meeting: Any, title: str, status: str) -> None:
    assert _status("clear-title", evolve(good, title=title), meeting) == status


@pytest.mark.parametrize(("count", "status"), [(0, "fail"), (1, "partial"), (2, "pass")])
def test_criteria_are_counted(good: Any, meeting: Any, count: int, status: str) -> None:
    assert _status("acceptance-criteria", evolve(good, acceptance_criteria=CRITERIA[:count]), meeting) == status


def test_the_file_says_how_many_criteria_are_wanted(good: Any, meeting: Any) -> None:
    found = check_readiness(good, meeting, _one("acceptance-criteria", at_least=3))
    assert found.dor_checks.required[0].notes == "2 of 3 stated"
    assert found.readiness_status != "ready"


def test_without_a_reason_there_is_no_business_context(talk: Any, about: Any) -> None:
    assert _status("business-context", about("Blue button", 1), talk("Ann: Make the button blue.")) == "fail"


@pytest.mark.parametrize(
    ("priority", "state", "status"),
    [
        ("critical", "needs_answer", "fail"),
        ("critical", "answered", "pass"),
        ("critical", "answered_by_sibling", "pass"),
        ("high", "needs_answer", "pass"),
    ],
)
def test_only_an_open_critical_question_fails(good: Any, meeting: Any, priority: Any, state: Any, status: str) -> None:
    question = Question(question="Who?", priority=priority, category="scope", target_role="developer", status=state)
    assert _status("open-questions", good, meeting, questions=with_blockers([question])) == status


def test_open_urgent_questions_are_among_what_blocks(talk: Any, good: Any) -> None:
    meeting = talk("Ann: Who cleans the rooms, because guests ask?", "Bob: No idea. That blocks everything.")
    found = check_readiness(good, meeting, default_dor())
    assert found.readiness_status == "needs-refinement"
    assert any("Who cleans the rooms" in issue for issue in found.blocking_issues)


def test_dependencies_on_siblings_are_named(good: Any, meeting: Any, about: Any) -> None:
    edge = Dependency(source="candidate-1", target="candidate-2", type="blocks", reason="said", strength="hard")
    sibling = about("Room list", id="candidate-2")
    found = check_readiness(
        good, meeting, _one("dependencies"), [good, sibling], dependencies=DependencyMap(dependencies=(edge,))
    )
    assert (found.readiness_status, found.dor_checks.required[0].notes) == ("ready", "blocks candidate-2")


def test_waiting_for_something_that_nobody_makes_is_partial(good: Any, meeting: Any) -> None:
    waiting = RiskDependency(type="blocking", description="the key service", status="unknown")
    risks = RiskAssessment(risk_level="low", complexity_level="low", dependencies=(waiting,))
    assert _status("dependencies", good, meeting, risks=risks) == "partial"


@pytest.mark.parametrize("check", ["estimate", "approach", "test-scenarios"])
def test_what_was_not_spoken_of_fails(talk: Any, about: Any, check: str) -> None:
    assert _status(check, about("Blue button", 1), talk("Ann: Make the button blue.")) == "fail"


def test_open_risks_are_counted(good: Any, meeting: Any) -> None:
    risky = RiskAssessment(risk_level="medium", complexity_level="low", unknowns=("the boiler may burst",))
    assert _status("risks", good, meeting, risks=risky) == "fail"
    assert check_readiness(good, meeting, _one("risks", at_most=1), risks=risky).readiness_status == "ready"


def test_improvement_actions_name_each_criterion_that_is_not_met(good: Any, meeting: Any) -> None:
    found = check_readiness(evolve(good, acceptance_criteria=()), meeting, default_dor())
    assert "make true: At least two acceptance criteria are stated" in found.improvement_actions
    assert found.blocking_issues[0].startswith("At least two acceptance criteria are stated: none stated")


def test_a_title_that_repeats_itself_is_judged_at_once(meeting: Any, about: Any) -> None:
    titles = ("misc" * 40 + " x y", "misc stuff, some things", "Miscellaneous changes")
    assert [_status("clear-title", about(title), meeting) for title in titles] == ["partial", "fail", "fail"]


@pytest.mark.parametrize(
    ("said", "most", "status"),
    [("Five points.", 5, "pass"), ("Eight points.", 5, "fail"), ("Three days.", 5, "unchecked"), ("Fine.", 5, "fail")],
)
def test_an_item_is_small_enough_in_points(talk: Any, about: Any, said: str, most: int, status: str) -> None:
    meeting = talk("Ann: We need a list of rooms.", f"Bob: It takes me about {said[0].lower()}{said[1:]}")
    found = check_readiness(about("List the rooms", 1, 2), meeting, _one("size", at_most=most)).dor_checks.required[0]
    assert found.status == status
    assert said.split()[0].casefold() in found.notes.casefold() or "nobody said" in found.notes


def test_somebody_takes_it_on(talk: Any, about: Any) -> None:
    named = about("List the rooms", 1, 2)
    assert _status("next-step", named, talk("Ann: We need a list of rooms.", "Bob: I'll take it.")) == "pass"
    assert _status("next-step", named, talk("Ann: We need a list of rooms.", "Bob: Nice.")) == "fail"


def test_phrases_without_bounds_are_counted(talk: Any, about: Any) -> None:
    meeting = talk("Ann: We need a list of rooms, and while we're at it, everything else as well.")
    listed = about("List the rooms", 1)
    found = check_readiness(listed, meeting, _one("scope")).dor_checks.required[0]
    assert (found.status, "while we're at it" in found.notes) == ("fail", True)
    assert _status("scope", listed, talk("Ann: We need a list of rooms.")) == "pass"
    many = DefinitionOfReady(required=(Criterion(text="it", check="scope", at_most=9),))
    assert check_readiness(listed, meeting, many).readiness_status == "ready"


def test_confidence_is_compared_and_never_guessed(good: Any, meeting: Any) -> None:
    scored = score_confidence(good, meeting, [], Weighing())
    overall = scored.overall_confidence
    enough, too_much = _one("confidence", at_least=overall), _one("confidence", at_least=overall + 1)
    assert check_readiness(good, meeting, enough, confidence=scored).readiness_status == "ready"
    found = check_readiness(good, meeting, too_much, confidence=scored).dor_checks.required[0]
    assert (found.status, f"{overall} of at least {overall + 1}" in found.notes) == ("fail", True)
    assert _status("confidence", good, meeting) == "unchecked"


@pytest.mark.parametrize(
    ("verdict", "status"), [("duplicate", "fail"), ("extends", "pass"), ("new", "pass"), (None, "unchecked")]
)
def test_an_item_that_repeats_another_is_not_new(good: Any, meeting: Any, verdict: Any, status: str) -> None:
    repetition = Repetition(verdict=verdict, reason="same words", title="Book", source="old.md") if verdict else None
    assert _status("new-item", good, meeting, context=Context(repetition=repetition)) == status


def test_words_that_are_not_in_the_meeting_keep_an_item_from_being_ready_where_that_is_required(
    good: Any, meeting: Any
) -> None:
    nowhere = (Span(first=0, last=0, quote="Make it so", verified=False),)
    invented = evolve(good, evidence=nowhere)
    unstated = evolve(good, criteria_evidence=(Claim(text=CRITERIA[0], evidence=nowhere),))
    strict = default_dor().requiring_evidence()
    assert check_readiness(good, meeting, strict).readiness_status == "ready"
    for one, told in ((invented, "candidate “Book a room online”"), (unstated, f"criterion “{CRITERIA[0]}”")):
        assert check_readiness(one, meeting, default_dor()).readiness_status == "ready"
        found = check_readiness(one, meeting, strict)
        assert found.readiness_status == "needs-refinement"
        assert found.blocking_issues == (f"{strict.required[-1].text}: not in the meeting: {told}",)


def test_a_close_match_passes_and_is_told(good: Any, meeting: Any) -> None:
    close = evolve(good, evidence=(Span(first=1, last=1, quote="x", verified=False, match="close", given="y"),))
    (check,) = check_readiness(close, meeting, _one("evidence")).dor_checks.required
    assert (check.status, "only nearly word for word" in check.notes) == ("pass", True)
    nowhere = evolve(good, evidence=(Span(first=0, last=0, quote="x", verified=False),))
    assert check_readiness(nowhere, meeting, _one("evidence", at_most=1)).readiness_status == "ready"
