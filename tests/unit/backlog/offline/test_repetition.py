from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog.offline.enrich_context import enrich_context
from pipekit.backlog.offline.repetition import is_of_a_sibling, repetition_of
from pipekit.backlog.settings import ContextSettings
from pipekit.interfaces.retrievers import Hit


def _hit(title: str, **fields: Any) -> Hit:
    given = {"source": "backlog/x.md", "snippet": "", "relevance": 0.8, "kind": "work-item", "id": "PK-7"}
    return Hit(title=title, **{**given, **fields})


@pytest.mark.parametrize(
    ("title", "item"),
    [
        ("Skip a delivery week", "Skip a single delivery week"),
        ("Skip a delivery week", "Skip delivery weeks"),
        ("Export members as CSV", "Export members as CSV"),
    ],
)
def test_titles_of_the_same_words_are_a_duplicate_with_the_words_as_the_reason(
    about: Any, title: str, item: str
) -> None:
    found = repetition_of(about(title), [_hit(item)])
    assert (found.verdict, found.title, found.source) == ("duplicate", item, "PK-7 (backlog/x.md)")
    assert f"“{title.split()[0]}”" in found.reason


@pytest.mark.parametrize(
    ("title", "item", "fields", "reason"),
    [
        ("Delete photos after 30 days", "Delete photos after 60 days", {}, "the numbers differ (30 and 60)"),
        ("Skip a delivery week", "Skip a delivery week", {"attributes": {"type": "bug"}}, "this is a feature and that"),
        ("Skip a delivery week with a reminder by mail", "Skip a delivery week", {}, "this one of more"),
        ("Export member list", "Export member list as spreadsheet with filters", {}, "that one of more"),
    ],
)
def test_what_is_nearly_the_same_extends_it_and_says_what_differs(
    about: Any, title: str, item: str, fields: dict[str, Any], reason: str
) -> None:
    found = repetition_of(about(title), [_hit(item, **fields)])
    assert found.verdict == "extends"
    assert reason in found.reason


def test_an_item_that_the_meeting_names_is_extended(about: Any) -> None:
    named = about("Show the price", raw_context="That is pk-7 again, we should show the price.")
    assert repetition_of(named, [_hit("Cart")]).reason == "the meeting names PK-7"
    beside = about("Show the price", raw_context="That is PK-77 again, and APK-7-b.")
    assert repetition_of(beside, [_hit("Cart")]).verdict == "new"


@pytest.mark.parametrize("id_", ["DRAFT-001", "12", "ab", ""])
def test_an_id_that_names_no_one_item_is_no_reason(about: Any, id_: str) -> None:
    candidate = about("Show the price", raw_context=f"In {id_} we should show the price in 12 ab.")
    assert repetition_of(candidate, [_hit("Cart", id=id_)]).verdict == "new"


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        ("Delivery partners", {}),
        ("Week view of the calendar", {}),
        ("Skip intro", {}),
        ("Skip a delivery week", {"kind": "adr"}),
        ("Skip a delivery week", {"kind": "doc"}),
        ("Skip a delivery week", {"kind": "lesson"}),
        ("Is to be", {}),
        ("", {}),
    ],
)
def test_all_else_is_new(about: Any, item: str, fields: dict[str, Any]) -> None:
    found = repetition_of(about("Skip a delivery week"), [_hit(item, **fields)])
    assert (found.verdict, found.source) == ("new", "")
    assert found.reason


def test_a_duplicate_comes_before_what_is_only_extended(about: Any) -> None:
    hits = [_hit("Skip a delivery week", attributes={"type": "bug"}), _hit("Skip a delivery week", id="PK-9")]
    assert repetition_of(about("Skip a delivery week"), hits).source.startswith("PK-9")


def test_the_status_of_the_item_is_told(about: Any) -> None:
    found = repetition_of(about("Skip a delivery week"), [_hit("Skip a delivery week", attributes={"status": "done"})])
    assert found.reason.endswith("its status is done")


def test_an_item_that_a_sibling_is_about_is_left_to_it(about: Any) -> None:
    mine = about("Weekly report for the accountant")
    sibling = about("Skip a delivery week", id="candidate-2")
    other = about("Print labels", id="candidate-3")
    found = is_of_a_sibling(_hit("Skip a delivery week"), mine, [mine, other, sibling])
    assert found == sibling
    assert is_of_a_sibling(_hit("Skip a delivery week"), sibling, [mine, other, sibling]) is None
    assert is_of_a_sibling(_hit("Skip a delivery week", kind="adr"), mine, [mine, sibling]) is None
    assert is_of_a_sibling(_hit("Delivery notes"), mine, [mine, sibling]) is None


def test_what_is_left_to_a_sibling_makes_room_and_is_said_in_the_summary(about: Any) -> None:
    mine, sibling = about("Weekly report for the accountant"), about("Skip a delivery week", id="candidate-2")
    hits = [_hit("Skip a delivery week", relevance=0.9), _hit("Accounts", source="a.md", relevance=0.5)]
    found = enrich_context(mine, hits, [mine, sibling], None, ContextSettings(rag_top_k=1), ("folder",))
    assert [work.title for work in found.similar_work] == ["Accounts"]
    assert "“Skip a delivery week” is left to candidate-2." in found.context_summary
    assert found.repetition is not None
    assert found.repetition.verdict == "new"


def test_where_nothing_was_searched_nothing_is_said(about: Any) -> None:
    mine = about("Skip a delivery week")
    assert enrich_context(mine, [], [mine], None, ContextSettings(), ()).repetition is None
    searched = enrich_context(mine, [], [mine], None, ContextSettings(), ("folder",)).repetition
    assert searched is not None
    assert (searched.verdict, searched.reason) == ("new", "no earlier item was found")
