from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog.model.dependency import Dependency, DependencyMap
from pipekit.backlog.offline.enrich_context import context_queries, enrich_context
from pipekit.backlog.settings import ContextSettings
from pipekit.interfaces.retrievers import Hit

SETTINGS = ContextSettings()


def _hit(title: str, relevance: float = 0.8, kind: str = "work-item", **fields: Any) -> Hit:
    given = {"source": f"{title}.md", "snippet": f"About {title}.", "id": ""}
    return Hit(title=title, relevance=relevance, kind=kind, **{**given, **fields})


@pytest.fixture
def tank(about: Any) -> Any:
    return about("Cool the milk", 1, description="Cool the milk in the tank before the truck comes")


def test_hits_go_where_their_kind_belongs(tank: Any) -> None:
    hits = [
        _hit("Old tank"),
        _hit("Bottle", kind="bug"),
        _hit("Cold chain", kind="adr", id="A-1", attributes={"decision": "Below four degrees."}),
        _hit("Tank handbook", kind="doc"),
        _hit("Spoiled", kind="lesson", snippet="Milk spoiled. Recommendation: measure hourly."),
    ]
    found = enrich_context(tank, hits, [tank], None, SETTINGS)
    assert [work.title for work in found.similar_work] == ["Old tank", "Bottle"]
    assert [(adr.id, adr.decision) for adr in found.relevant_adrs] == [("A-1", "Below four degrees.")]
    assert [doc.source for doc in found.technical_docs] == ["Tank handbook.md"]
    assert [lesson.lesson for lesson in found.lessons_learned] == ["Recommendation: measure hourly."]


def test_nothing_below_the_threshold_and_no_more_than_asked_for(tank: Any) -> None:
    hits = [_hit(f"Work {number}", relevance=number / 10) for number in range(11)]
    found = enrich_context(tank, hits, [tank], None, ContextSettings(rag_top_k=3, rag_threshold=0.3))
    assert [work.relevance for work in found.similar_work] == [1.0, 0.9, 0.8]
    found = enrich_context(tank, hits, [tank], None, ContextSettings(rag_top_k=100, rag_threshold=0.3))
    assert min(work.relevance for work in found.similar_work) == 0.3


def test_a_document_found_twice_is_kept_once_with_its_better_relevance(tank: Any) -> None:
    found = enrich_context(tank, [_hit("Old tank", 0.4), _hit("Old tank", 0.9)], [tank], None, SETTINGS)
    assert [work.relevance for work in found.similar_work] == [0.9]


def test_siblings_it_depends_on_are_told_from_those_that_depend_on_it(tank: Any, about: Any) -> None:
    valve, report = about("New valve", id="candidate-2"), about("Weekly report", id="candidate-3")
    dependencies = DependencyMap(
        dependencies=(
            Dependency(source="candidate-1", target="candidate-2", type="blocks", reason="it leaks", strength="hard"),
            Dependency(source="candidate-3", target="candidate-1", type="extends", reason="", strength="soft"),
        )
    )
    found = enrich_context(tank, [], [tank, valve, report], dependencies, SETTINGS).sibling_work
    assert [(entry.candidate_id, entry.relationship, entry.reason) for entry in found] == [
        ("candidate-2", "depends-on", "it leaks"),
        ("candidate-3", "extended-by", "the map of dependencies says extends"),
    ]


def test_a_sibling_that_speaks_of_the_same_things_is_related(tank: Any, about: Any) -> None:
    other = about("Wash the tank", id="candidate-2", raw_context="Wash the milk tank after the truck left")
    (found,) = enrich_context(tank, [], [tank, other], None, SETTINGS).sibling_work
    assert found.relationship == "relates-to"
    assert "milk" in found.reason


def test_a_sibling_about_something_else_is_left_out(tank: Any, about: Any) -> None:
    other = about("Weekly report", id="candidate-2", description="A sheet of paper for the accountant")
    assert enrich_context(tank, [], [tank, other], None, SETTINGS).sibling_work == ()


@pytest.mark.parametrize(
    ("hits", "sources", "summary"),
    [
        ([], (), "No sources of earlier work are configured."),
        ([], ("folder",), "Nothing in the sources has to do with it."),
        ([_hit("Far", 0.1)], ("folder",), "Nothing in the sources comes as near as 0.3 (1 further away)."),
        ([_hit("Old tank", 0.75)], ("folder",), "Found “Old tank” (Old tank.md, relevance 0.75)."),
    ],
)
def test_the_summary_says_what_was_found_or_why_nothing(tank: Any, hits: Any, sources: Any, summary: str) -> None:
    assert enrich_context(tank, hits, [tank], None, SETTINGS, sources).context_summary == summary


def test_the_past_is_asked_sharply_and_broadly(tank: Any) -> None:
    sharp, broad = context_queries(tank)
    assert sharp == "Cool the milk"
    assert "before the truck comes" in broad
