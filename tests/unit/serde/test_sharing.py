"""Which values can be handed to several readers as they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from attrs import define, frozen

from pipekit.serde import is_immutable


@frozen
class Inner:
    kind: Literal["a", "b"] = "a"
    day: date | None = None


@frozen
class Outer:
    inner: Inner
    notes: Mapping[str, str] = {}


@frozen
class Tree:
    children: tuple[Tree, ...] = ()
    parent: Tree | None = None


@frozen
class Ada:
    ben: Ben | None = None


@frozen
class Ben:
    ada: tuple[Ada, ...] = ()
    notes: tuple[list[str], ...] = ()


@define
class Changing:
    name: str


def test_frozen_values_of_immutable_parts_can_be_shared() -> None:
    assert is_immutable(Inner)
    assert is_immutable(tuple[Inner, ...])
    assert not is_immutable(Outer), "it holds a mapping"
    assert not is_immutable(list[int])
    assert not is_immutable(Changing)


def test_a_class_that_holds_itself_is_decided_by_its_other_parts() -> None:
    assert is_immutable(Tree)
    assert is_immutable(Tree | None)
    assert not is_immutable(Ada), "a Ben holds lists"
    assert not is_immutable(Ben)
    assert not is_immutable(tuple[Ada, ...])
