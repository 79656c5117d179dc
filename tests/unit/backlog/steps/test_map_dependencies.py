from __future__ import annotations

from typing import Any

from attrs import evolve

from pipekit.backlog import Candidate, Meeting
from pipekit.backlog.steps.map_dependencies import map_dependencies


def edge(source: str, target: str, **fields: Any) -> dict[str, Any]:
    return {"source": source, "target": target, "type": "blocks", "strength": "hard", "reason": "It does.", **fields}


def answer(*edges: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(edges)}


def test_a_dependency_has_its_words_and_an_order_follows(
    ask: Any, garden: Meeting, waiting_list: Candidate, register: Candidate
) -> None:
    given = answer(edge("candidate-1", "candidate-2", quote="The list has to come off the paper first"))
    found = ask(map_dependencies, given, garden, [waiting_list, register])
    assert [(one.source, one.target, one.evidence[0].first) for one in found.dependencies] == [
        ("candidate-1", "candidate-2", 9)
    ]
    assert [(place.candidate_id, place.sequence) for place in found.sequence] == [
        ("candidate-1", 2),
        ("candidate-2", 1),
    ]
    assert found.warnings == ()


def test_ghosts_are_dropped_and_told_at_a_bearable_length(
    ask: Any, garden: Meeting, waiting_list: Candidate, register: Candidate
) -> None:
    given = answer(edge("candidate-1", "candidate-99"), edge("../" * 100, "candidate-1"), edge("", "candidate-2"))
    found = ask(map_dependencies, given, garden, [waiting_list, register])
    assert found.dependencies == ()
    assert len(found.warnings) == 3
    assert all(len(warning) < 100 for warning in found.warnings)


def test_candidates_are_known_by_sloppy_ids_and_titles(
    ask: Any, garden: Meeting, waiting_list: Candidate, register: Candidate
) -> None:
    found = ask(map_dependencies, answer(edge(" Candidate 1", f"“{register.title}”")), garden, [waiting_list, register])
    assert [(one.source, one.target) for one in found.dependencies] == [("candidate-1", "candidate-2")]


def test_a_title_that_is_somebody_elses_id_points_to_that_one(
    ask: Any, garden: Meeting, waiting_list: Candidate, register: Candidate
) -> None:
    impostor = evolve(waiting_list, title="candidate-2")
    found = ask(map_dependencies, answer(edge("candidate-1", "candidate-2")), garden, [impostor, register])
    assert found.dependencies[0].target == "candidate-2"


def test_cycles_are_broken_and_reported(
    ask: Any, garden: Meeting, waiting_list: Candidate, register: Candidate
) -> None:
    given = answer(edge("candidate-1", "candidate-2"), edge("candidate-2", "candidate-1", strength="soft"))
    found = ask(map_dependencies, given, garden, [waiting_list, register])
    assert [one.broken.source for one in found.cycles] == ["candidate-2"]
    assert {place.sequence for place in found.sequence} == {1, 2}


def test_words_that_nobody_said_are_no_evidence(
    ask: Any, garden: Meeting, waiting_list: Candidate, register: Candidate
) -> None:
    given = answer(edge("candidate-1", "candidate-2", quote="Purple elephants come before the list"))
    found = ask(map_dependencies, given, garden, [waiting_list, register])
    assert found.dependencies[0].evidence == ()
    assert found.warnings == ("candidate-1 on candidate-2: the words given for it aren't in the meeting",)


def test_one_candidate_alone_depends_on_nothing_and_nobody_is_asked(
    ask: Any, garden: Meeting, waiting_list: Candidate
) -> None:
    found = ask(map_dependencies, "never read", garden, [waiting_list])
    assert (found.dependencies, len(found.sequence)) == ((), 1)
    assert ask(map_dependencies, "never read", garden, []).sequence == ()
