from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog.model.dependency import Dependency, DependencyMap
from pipekit.backlog.model.readiness import DorCheck, DorChecks, Readiness, readiness_of
from pipekit.backlog.offline.batch_readiness import batch_readiness

READY = readiness_of(DorChecks(required=(DorCheck(criterion="criteria", status="pass"),)))
OPEN = readiness_of(DorChecks(required=(DorCheck(criterion="criteria", status="fail", notes="none stated"),)))


def _map(*edges: tuple[str, str], type_: Any = "blocks", strength: Any = "hard") -> DependencyMap:
    return DependencyMap(
        dependencies=tuple(
            Dependency(source=source, target=target, type=type_, reason="said", strength=strength)
            for source, target in edges
        )
    )


@pytest.fixture
def items(about: Any) -> Any:
    return [
        about("Tidy the code", id="a", type="tech-debt"),
        about("Book a room", id="b"),
        about("Key service", id="c", type="tech-debt"),
        about("Study", id="d", type="spike"),
    ]


def _verdicts(**given: Readiness) -> dict[str, Readiness]:
    return {"a": READY, "b": READY, "c": READY, "d": OPEN, **given}


def test_all_ready_ones_go_together_and_what_is_needed_comes_first(items: Any) -> None:
    found = batch_readiness(items, _map(("b", "c")), _verdicts())
    assert found.can_sprint_together == ("a", "c", "b")
    assert [(entry.candidate_id, entry.reason) for entry in found.held_back] == [
        ("d", "not-ready: criteria: none stated")
    ]


def test_the_smallest_set_of_use_holds_all_that_it_needs(items: Any) -> None:
    assert batch_readiness(items, _map(("b", "c")), _verdicts()).minimum_viable_set == ("c", "b")


def test_a_ready_candidate_waits_for_one_that_is_not(items: Any) -> None:
    found = batch_readiness(items, _map(("b", "c")), _verdicts(c=OPEN))
    assert found.can_sprint_together == ("a",)
    reasons = {entry.candidate_id: entry.reason for entry in found.held_back}
    assert reasons["b"] == "ready, but needs c, which is not"


@pytest.mark.parametrize(("type_", "strength"), [("relates-to", "hard"), ("blocks", "soft")])
def test_a_soft_dependency_holds_nobody_back(items: Any, type_: str, strength: str) -> None:
    found = batch_readiness(items, _map(("b", "d"), type_=type_, strength=strength), _verdicts())
    assert "b" in found.can_sprint_together


def test_a_cycle_of_ready_candidates_goes_together(items: Any) -> None:
    found = batch_readiness(items, _map(("b", "c"), ("c", "b")), _verdicts())
    assert set(found.can_sprint_together) == {"a", "b", "c"}
    assert set(found.minimum_viable_set) == {"b", "c"}


def test_with_nothing_ready_the_nearest_set_is_named(items: Any) -> None:
    nothing = dict.fromkeys("abcd", OPEN)
    found = batch_readiness(items, None, nothing)
    assert found.can_sprint_together == ()
    assert found.minimum_viable_set == ("b",)
    assert any("b to become ready first" in note for note in found.notes)


def test_a_candidate_without_a_verdict_is_held_back(items: Any) -> None:
    found = batch_readiness(items, None, {"a": READY})
    assert found.can_sprint_together == ("a",)
    assert {entry.reason for entry in found.held_back} == {"its readiness was not checked"}


def test_edges_to_unknown_ids_are_no_obstacle(items: Any) -> None:
    assert (
        "b" in batch_readiness(items, _map(("b", "gone"), ("gone", "b"), ("b", "b")), _verdicts()).can_sprint_together
    )


def test_no_candidates_give_an_empty_batch() -> None:
    found = batch_readiness([], None, {})
    assert (found.can_sprint_together, found.minimum_viable_set, found.held_back) == ((), (), ())
    assert found.notes == ("There are no candidates.",)


def test_a_long_chain_of_needs_is_followed_to_its_end(about: Any) -> None:
    count = 1200
    chain = [about(f"Part {number}", id=str(number)) for number in range(count)]
    edges = _map(*((str(number), str(number + 1)) for number in range(count - 1)))
    found = batch_readiness(chain, edges, {str(number): READY for number in range(count - 1)})
    assert found.can_sprint_together == ()
