from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.model.readiness import (
    CheckStatus,
    DorCheck,
    DorChecks,
    complete_checks,
    readiness_of,
    readiness_score,
    readiness_status,
    sprint_together,
)

STATUSES: tuple[CheckStatus, ...] = ("pass", "fail", "partial", "unchecked")
STATUS = st.sampled_from(STATUSES)


def _checks(*required: CheckStatus, recommended: tuple[CheckStatus, ...] = ()) -> DorChecks:
    return DorChecks(
        required=tuple(DorCheck(criterion=f"r{n}", status=status) for n, status in enumerate(required)),
        recommended=tuple(DorCheck(criterion=f"o{n}", status=status) for n, status in enumerate(recommended)),
    )


def test_ready_means_that_every_required_check_passes() -> None:
    assert readiness_status(_checks("pass", "pass")) == "ready"
    assert readiness_status(_checks("pass", "pass", recommended=("fail",))) == "ready"


@given(st.lists(STATUS, min_size=1, max_size=8), st.lists(STATUS, max_size=4))
def test_one_missing_failed_or_unchecked_check_is_never_ready(
    required: list[CheckStatus], recommended: list[CheckStatus]
) -> None:
    checks = _checks(*required, recommended=tuple(recommended))
    assert (readiness_status(checks) == "ready") == all(status == "pass" for status in required)
    assert (readiness_score(checks) > 89) <= (readiness_status(checks) == "ready")


def test_no_required_check_at_all_is_not_ready() -> None:
    assert readiness_status(_checks(recommended=("pass", "pass"))) == "not-ready"


@pytest.mark.parametrize(
    ("required", "status"),
    [
        (("pass", "pass", "fail"), "needs-refinement"),
        (("pass", "fail"), "not-ready"),
        (("pass", "partial"), "needs-refinement"),
        (("pass", "unchecked"), "not-ready"),
        (("fail",), "not-ready"),
    ],
)
def test_more_than_half_makes_the_difference_between_refining_and_not_ready(
    required: tuple[CheckStatus, ...], status: str
) -> None:
    assert readiness_status(_checks(*required)) == status


@given(st.lists(STATUS, min_size=1, max_size=6), st.integers(0, 5))
def test_a_check_that_gets_better_never_lowers_the_score(statuses: list[CheckStatus], which: int) -> None:
    better = [*statuses]
    better[which % len(better)] = "pass"
    assert readiness_score(_checks(*better)) >= readiness_score(_checks(*statuses))


def test_everything_met_scores_100_and_nothing_met_0() -> None:
    assert readiness_score(_checks("pass", recommended=("pass", "unchecked"))) == 100
    assert readiness_score(_checks("fail", recommended=("fail",))) == 0
    assert readiness_score(DorChecks()) == 0


def test_a_criterion_that_nobody_checked_is_unchecked_and_an_invented_one_is_dropped() -> None:
    reply = DorChecks(
        required=(DorCheck(criterion=" A Clear title ", status="pass"), DorCheck(criterion="easy", status="pass"))
    )
    checks = complete_checks(reply, required=("A clear title", "Two criteria"), recommended=("An estimate",))
    assert [(check.criterion, check.status) for check in checks.required] == [
        ("A clear title", "pass"),
        ("Two criteria", "unchecked"),
    ]
    assert [(check.criterion, check.status) for check in checks.recommended] == [("An estimate", "unchecked")]


@pytest.mark.parametrize("order", [("pass", "fail"), ("fail", "pass")])
def test_of_two_checks_of_one_criterion_the_worse_counts(order: tuple[CheckStatus, CheckStatus]) -> None:
    reply = DorChecks(required=tuple(DorCheck(criterion="a", status=status) for status in order))
    assert complete_checks(reply, required=("a",), recommended=()).required[0].status == "fail"


def test_what_is_not_met_blocks_and_names_an_action() -> None:
    checks = DorChecks(
        required=(
            DorCheck(criterion="A title", status="pass"),
            DorCheck(criterion="Two criteria", status="partial", notes="1 of 2 stated"),
        ),
        recommended=(DorCheck(criterion="An estimate", status="fail"),),
    )
    found = readiness_of(checks, ("Who pays?",))
    assert found.readiness_status == "needs-refinement"
    assert found.blocking_issues == ("Two criteria: 1 of 2 stated", "open: Who pays?")
    assert found.improvement_actions == ("complete: Two criteria", "make true: An estimate")


def test_nothing_blocks_what_is_ready() -> None:
    found = readiness_of(_checks("pass"), ("Which colour?",))
    assert (found.readiness_status, found.blocking_issues) == ("ready", ())


def test_only_what_is_ready_with_all_it_needs_can_be_taken_together() -> None:
    ids = ("a", "b", "c", "d")
    assert sprint_together(ids, {"a", "b", "c"}, {"a": ("b",), "c": ("d",)}) == ("a", "b")
    assert sprint_together(ids, {"a", "b"}, {"a": ("b",), "b": ("a",)}) == ("a", "b")
    assert sprint_together(ids, {"a"}, {"a": ("gone",)}) == ()


@given(
    st.sets(st.sampled_from("abcdef")),
    st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefx"), max_size=3)),
)
def test_a_sprint_is_closed_under_needs_and_as_large_as_can_be(ready: set[str], needs: dict[str, list[str]]) -> None:
    taken = set(sprint_together("abcdef", ready, needs))
    assert taken <= ready
    assert all(need in taken for id_ in taken for need in needs.get(id_, ()))
    for id_ in ready - taken:
        assert not _all_needed(id_, needs) <= ready


def _all_needed(id_: str, needs: dict[str, list[str]]) -> set[str]:
    found = {id_}
    while more := {need for known in found for need in needs.get(known, ())} - found:
        found |= more
    return found
