from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Literal, NewType

import pytest
from attrs import Attribute, field, frozen, validators
from hypothesis import given
from hypothesis import strategies as st

from pipekit.config.environment import parse_text
from pipekit.config.origin import Origin
from pipekit.config.structuring import NoSettings, field_names, fill
from pipekit.config.tree import Block, Entry, Node, from_plain
from pipekit.errors import ConfigError, PluginError

PLACE = Origin("project", file="pipekit.yaml", line=1, column=1)
FormatName = NewType("FormatName", str)


class Level(Enum):
    LOW = "low"
    HIGH = "high"


@frozen(kw_only=True)
class Inner:
    size: int = 1
    name: str = "x"


@frozen(kw_only=True)
class Everything:
    flag: bool = False
    count: int = 0
    ratio: float = 0.0
    name: str = ""
    limit: int | None = 3
    scale: Literal["fibonacci", "linear"] = "fibonacci"
    number: Literal[1, 2] = 1
    level: Level = Level.LOW
    formats: tuple[FormatName, ...] = ()
    pair: tuple[int, str] = (1, "a")
    items: list[int] = field(factory=list)
    several: Sequence[Inner] = ()
    unique: frozenset[str] = frozenset()
    by_name: Mapping[str, float] = field(factory=dict)
    inner: Inner = Inner()
    folder: Path = Path()
    either: int | str = 0
    block: Block = Block(Node({}))
    raw: Any = None


def _fill(value: object) -> tuple[Everything | None, list[ConfigError]]:
    return fill(Everything, from_plain(value, PLACE), "steps.x")


def test_no_block_gives_the_defaults() -> None:
    assert fill(Everything, None) == (Everything(), [])
    assert fill(Everything, Node(None)) == (Everything(), [])


@pytest.mark.parametrize(
    ("key", "given_", "taken"),
    [
        ("flag", True, True),
        ("count", -3, -3),
        ("ratio", 0.5, 0.5),
        ("ratio", 2, 2.0),
        ("name", "5", "5"),
        ("limit", None, None),
        ("limit", 5, 5),
        ("scale", "linear", "linear"),
        ("number", 2, 2),
        ("level", "high", Level.HIGH),
        ("formats", ["json", "csv"], ("json", "csv")),
        ("pair", [2, "b"], (2, "b")),
        ("items", [1, 2], [1, 2]),
        ("several", [{"size": 2}, {}], (Inner(size=2), Inner())),
        ("unique", ["a", "a"], frozenset({"a"})),
        ("byName", {"a_b": 1}, {"a_b": 1.0}),
        ("by_name", None, {}),
        ("inner", {"SIZE": 4}, Inner(size=4)),
        ("inner", None, Inner()),
        ("folder", "a/b", Path("a/b")),
        ("either", 5, 5),
        ("either", "5", "5"),
        ("raw", {"a": [1, None]}, {"a": [1, None]}),
    ],
)
def test_a_value_of_the_right_kind_is_taken(key: str, given_: object, taken: object) -> None:
    filled, faults = _fill({key: given_})

    assert faults == []
    name = "by_name" if key == "byName" else key
    assert getattr(filled, name) == taken
    assert type(getattr(filled, name)) is type(taken)


@pytest.mark.parametrize(
    ("key", "given_", "message"),
    [
        ("flag", "false", 'flag must be true or false, not the text "false"'),
        ("flag", 1, "flag must be true or false, not 1"),
        ("flag", None, "flag must be true or false, not nothing"),
        ("count", "5", 'count must be a whole number, not the text "5"'),
        ("count", True, "count must be a whole number, not true"),
        ("count", 5.0, "count must be a whole number, not 5.0"),
        ("ratio", "0.5", 'ratio must be a number, not the text "0.5"'),
        ("ratio", False, "ratio must be a number, not false"),
        ("ratio", math.nan, "ratio must be a finite number, not nan"),
        ("ratio", math.inf, "ratio must be a finite number, not inf"),
        ("ratio", 10**400, "ratio must be a finite number"),
        ("name", 5, "name must be text, not 5"),
        ("name", ["a"], "name must be text, not a list"),
        ("limit", "x", "limit must be a whole number"),
        ("scale", "linaer", "scale must be one of fibonacci, linear, not the text"),
        ("number", True, "number must be one of 1, 2, not true"),
        ("number", 1.0, "number must be one of 1, 2, not 1.0"),
        ("level", "HIGH", "level must be one of low, high"),
        ("formats", "json", 'formats must be a list, not the text "json"'),
        ("formats", {"a": 1}, "formats must be a list, not a mapping"),
        ("formats", ["json", 5], r"formats\[1\] must be text, not 5"),
        ("pair", [1], "pair must have 2 values, not 1"),
        ("pair", ["a", "b"], r"pair\[0\] must be a whole number"),
        ("several", [{"size": "x"}], r"several\[0\].size must be a whole number"),
        ("byName", {"a": "x"}, "byName.a must be a number"),
        ("byName", [1], "byName must be a mapping, not a list"),
        ("inner", [], "inner must be a mapping, not a list"),
        ("inner", 5, "inner must be a mapping, not 5"),
        ("inner", {"sice": 5}, "there is no setting steps.x.inner.sice"),
        ("folder", 5, "folder must be a path, not 5"),
        ("either", [1], "either must be a whole number or text, not a list"),
        ("block", "x", "block must be a mapping, not the text"),
    ],
)
def test_a_value_of_another_kind_is_a_fault_at_its_place(key: str, given_: object, message: str) -> None:
    filled, faults = _fill({key: given_})

    assert filled is None
    assert len(faults) == 1
    with pytest.raises(ConfigError, match=message):
        raise faults[0]
    assert faults[0].where == "pipekit.yaml:1:1"
    assert faults[0].hint


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(field_names(Everything)), ANYTHING, max_size=4))
def test_whatever_is_given_is_taken_or_explained(value: dict[str, object]) -> None:
    try:
        node = from_plain(value, PLACE)
    except ConfigError:
        return  # two spellings of one key
    filled, faults = fill(Everything, node)

    assert (filled is None) == bool(faults)


@given(ANYTHING)
def test_a_truth_value_is_only_ever_a_truth_value(value: object) -> None:
    filled, _ = fill(Everything, Node({"flag": Entry("flag", PLACE, Node(value, PLACE))}))  # type: ignore[arg-type]

    assert (filled is not None) == isinstance(value, bool)


def test_all_faults_are_reported_at_once() -> None:
    _, faults = _fill({"flag": "no", "count": 1.5, "inner": {"size": "x", "nmae": "y"}, "colour": "red"})

    assert [one.field for one in faults] == [
        "steps.x.colour",
        "steps.x.flag",
        "steps.x.count",
        "steps.x.inner.nmae",
        "steps.x.inner.size",
    ]


def test_an_unknown_key_is_reported_where_the_key_stands_and_the_nearest_is_offered() -> None:
    key_place = Origin("project", file="pipekit.yaml", line=7, column=5)

    _, faults = fill(Everything, Node({"formtas": Entry("formtas", key_place, Node("x", PLACE))}), "steps.x")

    assert str(faults[0]) == "pipekit.yaml:7:5: there is no setting steps.x.formtas"
    assert faults[0].hint == "did you mean formats?"


def test_keys_of_somebody_else_are_passed_over_and_still_offered() -> None:
    node = from_plain({"enabled": True, "size": 2}, PLACE)

    assert fill(Inner, node, ignore=("enabled",)) == (Inner(size=2), [])

    _, faults = fill(NoSettings, from_plain({"enbled": True}, PLACE), "steps.x", ignore=("enabled",))
    assert [one.hint for one in faults] == ["did you mean enabled?"]


def test_text_from_outside_of_files_is_taken_where_text_is_wanted() -> None:
    typed = {name: Entry(name, PLACE, parse_text("5", PLACE)) for name in ("name", "count", "either")}

    filled, faults = fill(Everything, Node(typed))

    assert faults == []
    assert filled is not None
    assert (filled.name, filled.count, filled.either) == ("5", 5, 5)


def _even(_: object, __: object, value: int) -> None:
    if value % 2:
        raise ValueError("it must be even")


def _not_above_most(instance: Guarded, _: Attribute[int], value: int) -> None:
    if value > instance.most:
        raise ValueError(f"it must be at most {instance.most}")


@frozen(kw_only=True)
class Guarded:
    most: int = field(default=10, validator=_even)
    least: int = field(default=0, validator=[_even, _not_above_most])
    share: float = field(default=0.5, validator=[validators.ge(0), validators.le(1)])
    api_key: str = field(default="", validator=validators.max_len(3))

    def __attrs_post_init__(self) -> None:
        if self.most == 4:
            raise ValueError("four brings bad luck")


def test_every_refusing_validator_is_heard() -> None:
    _, faults = fill(Guarded, from_plain({"most": 3, "least": 12, "share": 1.5}, PLACE), "x")

    assert [one.message for one in faults] == [
        "x.most can't be 3: it must be even",
        "x.least can't be 12: it must be at most 3",
        "x.share can't be 1.5: 'share' must be <= 1: 1.5",
    ]


def test_a_validator_isnt_asked_about_what_has_a_fault_already() -> None:
    _, faults = fill(Guarded, from_plain({"most": "x", "least": 12, "share": 2}, PLACE), "x")

    assert [one.field for one in faults] == ["x.most", "x.share"]


def test_what_a_class_refuses_as_a_whole_is_a_fault_of_the_block() -> None:
    _, faults = fill(Guarded, from_plain({"most": 4}, PLACE), "x")

    assert [str(one) for one in faults] == ["pipekit.yaml:1:1: x can't be taken: four brings bad luck"]


def test_a_refused_secret_is_not_repeated() -> None:
    _, faults = fill(Guarded, from_plain({"apiKey": "sk-canary"}, PLACE), "x")
    _, mistyped = fill(Guarded, from_plain({"share": 0.1, "accessToken": "sk-canary"}, PLACE), "x")

    assert [one.field for one in faults + mistyped] == ["x.apiKey", "x.accessToken"]
    assert "canary" not in " ".join(str(one.to_dict()) for one in faults + mistyped)


def _refused(_: object, __: object, value: object) -> None:
    raise ValueError(f"{value} is refused")


@frozen(kw_only=True)
class Keyring:
    keys: tuple[str, ...] = ()
    tokens: str = field(default="", validator=_refused)
    max_tokens: int = field(default=1, validator=_refused)


def test_secrets_in_the_plural_are_not_repeated_either_but_a_count_is() -> None:
    _, faults = fill(Keyring, from_plain({"keys": "sk-canary", "tokens": "sk-canary", "maxTokens": 5}, PLACE), "x")

    assert [one.field for one in faults] == ["x.keys", "x.tokens", "x.maxTokens"]
    assert "canary" not in " ".join(str(one.to_dict()) for one in faults)
    assert faults[2].message == "x.maxTokens can't be 5: 5 is refused"


@frozen(kw_only=True)
class Needy:
    must: str
    _hidden: int = 2
    derived: int = field(init=False, default=7)


def test_a_setting_without_default_must_be_given() -> None:
    assert [one.message for one in fill(Needy, None, "x")[1]] == ["x.must is missing"]
    assert fill(Needy, from_plain({"must": "a", "hidden": 3}, PLACE)) == (Needy(must="a", hidden=3), [])


def test_a_field_that_is_not_of_the_constructor_is_no_setting() -> None:
    assert field_names(Needy) == ("must", "hidden")
    assert [one.field for one in fill(Needy, from_plain({"must": "a", "derived": 1}, PLACE))[1]] == ["derived"]


@frozen
class Unfit:
    value: complex = 0j


@frozen
class Unreadable:
    value: Missing = None  # type: ignore[name-defined]  # noqa: F821


@frozen
class Raising:
    value: int = 0

    def __attrs_post_init__(self) -> None:
        raise KeyError("a bug")


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Unfit, "value has a type that no configuration can give: complex"),
        (Unreadable, "Unreadable has an annotation that can't be read"),
        (Raising, "Raising raised KeyError"),
    ],
)
def test_a_bad_settings_class_is_its_authors_fault(cls: type, message: str) -> None:
    with pytest.raises(PluginError, match=message) as caught:
        fill(cls, from_plain({"value": 1}, PLACE), "x")

    assert caught.value.hint


def _buggy(_: object, __: object, value: object) -> None:
    raise KeyError(value)


@frozen
class Buggy:
    value: int = field(default=0, validator=_buggy)
    other: int = 0


@pytest.mark.parametrize("other", [1, "no number"])
def test_a_validator_with_a_bug_is_its_authors_fault_whatever_else_is_wrong(other: object) -> None:
    with pytest.raises(PluginError, match="Buggy raised KeyError for x"):
        fill(Buggy, from_plain({"value": 1, "other": other}, PLACE), "x")


@frozen
class Choices:
    either: str | int | None = None
    pair: str | list[str] | None = None
    changing: set[str] = field(factory=set)
    fixed: frozenset[str] = frozenset()


def test_the_text_of_a_flag_is_a_number_where_one_is_meant_as_well() -> None:
    for annotated, text, meant in (("either", "5", 5), ("either", "five", "five"), ("pair", "5", "5")):
        node = parse_text(text, Origin("flag", "--set"))
        made, faults = fill(Choices, Node({annotated: Entry(annotated, node.origin, node)}))
        assert faults == []
        assert repr(getattr(made, annotated)) == repr(meant)


def test_sets_are_of_the_kind_that_is_asked_for() -> None:
    made, _ = fill(Choices, from_plain({"changing": ["a", "b"], "fixed": ["a"]}, Origin("mapping")))
    assert made is not None
    assert (type(made.changing), type(made.fixed)) == (set, frozenset)
    assert sorted(made.changing) == ["a", "b"]
    assert sorted(made.fixed) == ["a"]
