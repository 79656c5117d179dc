"""What an output depends on, and what is said when that changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import evolve

from pipekit.state.fingerprint import Dependence, changed_parts, changes, drift, fingerprint, item_changes
from pipekit.state.record import StepRecord

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def record(now: Dependence, **more: Any) -> StepRecord:
    return StepRecord(
        key=1, name="weigh", path="steps/step-1.json", sha256="0" * 64, size=1, started_at=NOW, duration=0.0,
        each="words" if now.items else None, fingerprint=now.parts, items=now.items, item_parts=now.item_parts, **more,
    )  # fmt: skip


PLAIN = Dependence(
    parts=fingerprint(version="p 1.0", settings={"least": 1}, model="a/b", code=None, inputs={"text": "c" * 64})
)
ITEMS = Dependence(parts=PLAIN.parts, item_parts=("words", "lengths"), items={"w1": "a b", "w2": "c d", "w3": "e f"})


def test_nothing_changed_is_no_drift() -> None:
    for now in (PLAIN, ITEMS):
        assert not drift(record(now), now)
        assert changed_parts(record(now), now) == frozenset()


def test_each_part_that_changed_is_named_and_words_are_shown() -> None:
    now = fingerprint(
        version="p 1.1", settings={"least": 2}, model=None, code="f" * 64, inputs={"text": "d" * 64, "more": "e"}
    )
    assert changes(PLAIN.parts, now) == [
        "code is new",
        "input more is new",
        "input text changed",
        "model changed: a/b → none",
        "settings changed",
        "version changed: p 1.0 → p 1.1",
    ]


def test_settings_in_another_order_are_the_same_settings() -> None:
    def of(settings: Any) -> dict[str, str]:
        return fingerprint(version="1", settings=settings, model=None, code=None, inputs={})

    assert of({"a": 1, "b": 2}) == of({"b": 2, "a": 1})
    assert of({"a": [{"b": 1, "c": {"d": 2, "e": 3}}]}) == of({"a": [{"c": {"e": 3, "d": 2}, "b": 1}]})
    assert of({"a": [1, 2]}) != of({"a": [2, 1]})
    assert of({"a": 1}) != of({"a": 2})


def test_an_item_that_changed_says_in_what_and_the_others_are_left_out() -> None:
    now = evolve(ITEMS, items={"w1": "a b", "w2": "c X", "w4": "g h"})
    found = drift(record(ITEMS), now)
    assert found.step == ()
    assert found.items == {"w2": "lengths changed", "w4": "is new", "w3": "is gone"}
    assert changed_parts(record(ITEMS), now) == {"words", "lengths"}


def test_a_long_list_of_items_is_cut_when_it_is_told() -> None:
    now = evolve(ITEMS, items={f"w{number}": "x y" for number in range(1, 7)})
    assert str(drift(record(ITEMS), now)).endswith("; 3 more items")


def test_items_in_another_order_are_a_change_of_the_step() -> None:
    now = evolve(ITEMS, items=dict(reversed(list(ITEMS.items.items()))))
    assert drift(record(ITEMS), now).step == ("the order of the items changed",)
    assert changed_parts(record(ITEMS), now) == {"words"}


def test_an_item_reads_other_parts_than_before() -> None:
    assert item_changes({"w1": "a b"}, {"w1": "a c"}, ("words", "notes"), ("words", "lengths")) == {
        "w1": "notes changed"
    }


def test_the_basis_of_an_item_holds_the_steps_parts_and_its_own() -> None:
    assert ITEMS.basis_of("w1") != ITEMS.basis_of("w2")
    assert ITEMS.basis_of(None) == ITEMS.basis == PLAIN.basis
    other = evolve(ITEMS, parts={**ITEMS.parts, "model": "a/c"})
    assert other.basis_of("w1") != ITEMS.basis_of("w1")
