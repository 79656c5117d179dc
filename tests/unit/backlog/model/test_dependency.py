"""Order and cycles of dependencies, computed whoever named them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.model.dependency import Dependency, DependencyMap, arrange_candidates


def edge(source: str, target: str, strength: str = "hard") -> Dependency:
    return Dependency(source=source, target=target, type="blocks", strength="soft" if strength == "soft" else "hard")


def test_what_is_waited_for_comes_first() -> None:
    found = arrange_candidates(["a", "b", "c"], [edge("a", "c")])
    assert [(one.candidate_id, one.sequence, one.can_parallelize) for one in found.sequence] == [
        ("a", 2, False),
        ("b", 1, True),
        ("c", 1, True),
    ]


def test_a_cycle_is_reported_with_its_path_and_broken_at_its_weakest_edge() -> None:
    found = arrange_candidates(["a", "b", "c"], [edge("a", "b"), edge("b", "c", "soft"), edge("c", "a")])
    assert [one.broken.source for one in found.cycles] == ["b"]
    assert set(found.cycles[0].path) == {"a", "b", "c"}
    assert {one.candidate_id: one.sequence for one in found.sequence} == {"b": 1, "a": 2, "c": 3}


def test_unknown_ids_are_dropped_with_a_warning() -> None:
    found = arrange_candidates(["a"], [edge("a", "x"), edge("a", "a")])
    assert found.dependencies == ()
    assert len(found.warnings) == 2


ids = st.sampled_from([f"candidate-{number}" for number in range(1, 7)])


@given(st.lists(st.tuples(ids, ids, st.sampled_from(["hard", "soft"])), max_size=30))
def test_any_dependencies_give_an_order_in_which_nobody_waits_in_vain(edges: list[tuple[str, str, str]]) -> None:
    names = [f"candidate-{number}" for number in range(1, 7)]
    found: DependencyMap = arrange_candidates(names, [edge(*one) for one in edges])
    place = {one.candidate_id: one.sequence for one in found.sequence}
    assert set(place) == set(names)
    assert all(place[one.source] > place[one.target] for one in found.dependencies if one.type != "relates-to")
