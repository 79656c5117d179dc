"""attrs values ↔ JSON: strict on the way in, camelCase on disk."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from enum import Enum, IntEnum
from typing import Any, Literal

import pytest
from attrs import frozen

from pipekit.serde import MisfitError, camel_case, decode, encode, structure, unstructure


class Size(IntEnum):
    SMALL = 1


class Colour(Enum):
    RED = "red"


class Word(str, Enum):  # noqa: UP042 - what many write
    YES = "yes"


@frozen(kw_only=True)
class Inner:
    rag_top_k: int
    kind: Literal["a", "b"] = "a"


@frozen(kw_only=True)
class Outer:
    inner: Inner
    items: tuple[Inner, ...] = ()
    at: datetime = datetime(2026, 1, 2, tzinfo=UTC)
    share: float = 0.5
    sure: bool = True
    key: int | str = 1
    notes: Mapping[str, str] = {}
    names: Sequence[str] = ()


@frozen(kw_only=True)
class Tree:
    name: str
    children: tuple[Tree, ...] = ()
    by_name: Mapping[str, list[Tree]] = {}


def test_a_value_survives_the_way_to_disk_and_back_with_camel_case_names() -> None:
    value = Outer(inner=Inner(rag_top_k=3), items=(Inner(rag_top_k=1, kind="b"),), key="x", notes={"a_b": "kept"})

    plain = unstructure(value)

    assert plain["inner"] == {"ragTopK": 3, "kind": "a"}
    assert plain["at"] == "2026-01-02T00:00:00Z"
    assert plain["notes"] == {"a_b": "kept"}
    assert structure(decode(encode(plain)), Outer) == value


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"sure": "false"}, "expected true or false, got text"),
        ({"sure": 1}, "expected true or false, got a number"),
        ({"inner": {"ragTopK": "3"}}, "expected a whole number, got text"),
        ({"inner": {"ragTopK": True}}, "expected a whole number, got true/false"),
        ({"inner": {"ragTopK": 3, "kind": "c"}}, "kind"),
        ({"inner": [1]}, "expected an object (Inner), got a list"),
        ({"items": "abc"}, "expected a list, got text"),
        ({"items": {"a": 1}}, "expected a list, got an object"),
        ({"share": "0.5"}, "expected a number, got text"),
        ({"names": "abc"}, "expected a list, got text"),
        ({"key": None}, "expected one of int, str, got null"),
        ({"at": 5}, "expected an ISO 8601 time"),
        ({"unknown": 1}, "unknown field unknown"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(change: dict[str, Any], complaint: str) -> None:
    plain = {**unstructure(Outer(inner=Inner(rag_top_k=3))), **change}

    with pytest.raises(MisfitError) as caught:
        structure(plain, Outer)

    assert complaint in str(caught.value)


def test_all_misfits_are_listed_each_with_its_path() -> None:
    with pytest.raises(MisfitError) as caught:
        structure({"inner": {"ragTopK": "x"}, "items": [{"ragTopK": 1}, {}], "sure": 0}, Outer)

    assert len(caught.value.problems) == 3
    assert any("items[1]" in problem for problem in caught.value.problems)


@pytest.mark.parametrize(("name", "expected"), [("run_id", "runId"), ("a", "a"), ("rag_top_k", "ragTopK"), ("x_", "x")])
def test_names_on_disk_are_camel_case(name: str, expected: str) -> None:
    assert camel_case(name) == expected


@pytest.mark.parametrize(
    "type_",
    [
        *(list, tuple, set, frozenset, deque, list[str], set[str], frozenset[str], deque[str], tuple[str, ...]),
        *(tuple[str, str], Sequence[str], Collection[str], Iterable[str], AbstractSet[str], list[str] | None),
    ],
)
@pytest.mark.parametrize("value", ["ab", {"a": 1, "b": 2}, 3, True])
def test_nothing_but_a_list_is_a_list(type_: Any, value: Any) -> None:
    with pytest.raises(MisfitError, match="expected a list, got"):
        structure(value, type_)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (list, ["a", "b"]),
        (tuple, ("a", "b")),
        (tuple[str, str], ("a", "b")),
        (tuple[str, ...], ("a", "b")),
        (Collection[str], ("a", "b")),
        (set[str], {"a", "b"}),
        (AbstractSet[str], frozenset({"a", "b"})),
        (deque[str], deque(["a", "b"])),
    ],
)
def test_a_list_becomes_what_was_asked_for(type_: Any, expected: Any) -> None:
    made = structure(["a", "b"], type_)
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize("type_", [dict, Mapping, dict[str, int], Mapping[str, int]])
@pytest.mark.parametrize("value", [[["a", 1]], "ab", None])
def test_nothing_but_an_object_is_a_mapping(type_: Any, value: Any) -> None:
    with pytest.raises(MisfitError, match="expected an object, got"):
        structure(value, type_)


@pytest.mark.parametrize(
    ("value", "type_", "complaint"),
    [
        (["a"], tuple[str, str], "expected a list of 2, got one of 1"),
        (["a", 1], tuple[str, str], r"expected text, got a number @ \$\[1\]"),
        ([1], tuple[()], "expected a list of 0, got one of 1"),
        (
            {"a": {"b": "x"}},
            dict[str, dict[str, int]],
            "expected a whole number, got text",
        ),
    ],
)
def test_what_lies_inside_is_checked_too(value: Any, type_: Any, complaint: str) -> None:
    with pytest.raises(MisfitError, match=complaint):
        structure(value, type_)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (True, Literal[1]),
        (1, Literal[True]),
        (1.0, Literal[1]),
        ("c", Literal["a", "b"]),
        (["a"], Literal["a"]),
        (True, Size),
        (1.0, Size),
        ("blue", Colour),
        (None, Colour),
        ("no", Word),
    ],
)
def test_a_choice_is_one_of_its_values_with_its_type(value: Any, type_: Any) -> None:
    with pytest.raises(MisfitError, match="expected"):
        structure(value, type_)


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (1, Literal[1, "a"], 1),
        (True, Literal[True, "all"], True),
        (None, Literal["a"] | None, None),
        (1, Size, Size.SMALL),
        ("red", Colour, Colour.RED),
        ("red", Literal[Colour.RED], Colour.RED),
        ("yes", Word, Word.YES),
    ],
)
def test_a_choice_that_fits_is_taken(value: Any, type_: Any, expected: Any) -> None:
    made = structure(value, type_)
    assert made is expected or (made == expected and type(made) is type(expected))


def test_a_wrong_choice_is_told_with_those_there_are() -> None:
    with pytest.raises(MisfitError, match=r"expected one of 'a', 'b', got 'c' @ \$\.kind"):
        structure({"ragTopK": 1, "kind": "c"}, Inner)


def test_dates_are_kept_and_read() -> None:
    days = (date(2026, 11, 24), date(1999, 1, 1))
    plain = unstructure({"days": days})
    assert plain == {"days": ["2026-11-24", "1999-01-01"]}
    assert structure(decode(encode(plain)), dict[str, tuple[date, ...]]) == {"days": days}


@pytest.mark.parametrize("value", ["2026-13-01", "tomorrow", "2026-11-24T10:00:00", 20261124, None])
def test_what_is_no_date_is_refused(value: Any) -> None:
    with pytest.raises(MisfitError, match="expected an ISO 8601 date"):
        structure(value, date)


@frozen(kw_only=True, order=False)
class Bag:
    inners: frozenset[Inner] = frozenset()
    mixed: frozenset[int | str | None] = frozenset()


def test_sets_of_anything_survive_and_are_written_in_one_order() -> None:
    one, two = Inner(rag_top_k=1), Inner(rag_top_k=2, kind="b")
    bags = [Bag(inners=frozenset(inners), mixed=frozenset({"a", 1, None})) for inners in ((one, two), (two, one))]
    first, second = (encode(unstructure(bag)) for bag in bags)
    assert first == second
    assert structure(decode(first), Bag) == bags[0]


class Level(IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ({1: "a", -20: "b", 0: "c"}, dict[int, str]),
        ({1: {2: Inner(rag_top_k=3)}}, Mapping[int, Mapping[int, Inner]]),
        ({Level.LOW: 1}, dict[Level, int]),
        ({date(2026, 1, 2): 1}, dict[date, int]),
        ({datetime(2026, 1, 2, tzinfo=UTC): 1}, dict[datetime, int]),
        (OrderedDict([("b", 1), ("a", 2)]), OrderedDict[str, int]),
        (OrderedDict([(2, 1), (1, 2)]), OrderedDict[int, int]),
        (Counter("abba"), Counter[str]),
    ],
)
def test_mappings_come_back_with_the_keys_of_their_type(value: Any, type_: Any) -> None:
    back = structure(decode(encode(unstructure(value))), type_)
    assert back == value
    assert type(back) is type(value)
    assert list(back) == list(value)


@pytest.mark.parametrize("key", ["01", "+1", " 1", "1.0", "1_0", "one", "", "-0"])
def test_only_the_digits_that_are_written_are_read_as_a_number(key: str) -> None:
    with pytest.raises(MisfitError, match="expected a whole number"):
        structure({key: "a"}, dict[int, str])


@pytest.mark.parametrize("key", [1.5, True, None, (1, 2), Inner(rag_top_k=1)])
def test_a_key_that_json_has_no_text_for_is_refused_with_its_place(key: object) -> None:
    with pytest.raises(MisfitError, match=r"^\$\.deep\[0\]: key .* is not a string$"):
        encode(unstructure({"deep": [{key: "a"}]}))


def test_two_keys_that_are_one_in_json_are_refused() -> None:
    with pytest.raises(MisfitError, match="key 1 is not a string"):
        encode(unstructure({1: "a", "1": "b"}))


def test_a_value_that_holds_its_own_kind_survives_the_way_to_disk_and_back() -> None:
    leaf = Tree(name="leaf")
    tree = Tree(name="root", children=(leaf, Tree(name="branch", children=(leaf,))), by_name={"l": [leaf]})
    assert structure(decode(encode(unstructure(tree))), Tree) == tree
