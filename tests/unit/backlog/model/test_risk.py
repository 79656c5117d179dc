from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.model.risk import RiskDependency, RiskLevel, risk_level

LEVELS: tuple[RiskLevel, ...] = ("low", "medium", "high", "critical")
BLOCKING = RiskDependency(type="blocking", description="needs the queue", status="unresolved")
DEPENDENCIES = st.builds(
    RiskDependency,
    type=st.sampled_from(["blocking", "soft", "external"]),
    description=st.just("x"),
    status=st.sampled_from(["resolved", "unresolved", "unknown", "mitigated_by_sibling"]),
    residual_risk=st.sampled_from([None, "none", "low", "medium"]),
)


def test_nothing_found_is_a_low_risk() -> None:
    assert risk_level(complexity="low") == "low"


def test_what_a_sibling_takes_care_of_raises_no_risk() -> None:
    mitigated = evolve(BLOCKING, status="mitigated_by_sibling", mitigated_by="candidate-2", residual_risk="none")
    assert risk_level(complexity="low", dependencies=[BLOCKING]) == "medium"
    assert risk_level(complexity="low", dependencies=[mitigated]) == "low"
    assert risk_level(complexity="low", dependencies=[evolve(BLOCKING, status="resolved")]) == "low"


def test_what_the_meeting_calls_grave_is_high_at_least() -> None:
    assert risk_level(complexity="low", severe=True) == "high"
    assert risk_level(complexity="high", dependencies=[BLOCKING], unknowns=["a"], severe=True) == "critical"


@given(st.lists(DEPENDENCIES, max_size=4), DEPENDENCIES, st.lists(st.text(), max_size=5), st.booleans())
def test_a_further_finding_never_lowers_the_risk(
    dependencies: list[RiskDependency], further: RiskDependency, unknowns: list[str], severe: bool
) -> None:
    def level(found: list[RiskDependency], open_ends: list[str]) -> int:
        return LEVELS.index(risk_level(complexity="medium", dependencies=found, unknowns=open_ends, severe=severe))

    before = level(dependencies, unknowns)
    assert level([*dependencies, further], unknowns) >= before
    assert level(dependencies, [*unknowns, "more"]) >= before


@pytest.mark.parametrize("severe", [False, True])
def test_complexity_counts(severe: bool) -> None:
    levels = [
        LEVELS.index(risk_level(complexity=complexity, severe=severe)) for complexity in ("low", "medium", "high")
    ]
    assert levels == sorted(levels)
