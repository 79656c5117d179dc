"""The crash tests see every call that changes a folder, whoever makes it: else they would prove nothing."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from typing import Any

import pytest

Shown = dict[str, Any]

EXPECTED: dict[str, list[list[str]]] = {
    "main thread": [["create", "a"], ["write", "a"], ["close", "a"], ["rename", "a", "b"], ["mkdir", "sub"]],
    "other program": [["create", "c"], ["write", "c"], ["close", "c"], ["mkdir", "d"]],
    "forked child": [["create", "f"], ["write", "f"], ["truncate", "f"], ["sync", "f"]],
    "by descriptor": [
        ["create", "g"],
        ["write", "g"],
        ["write", "g"],
        ["close", "g"],
        ["mkdir", "inner"],
        ["rename", "g", "inner/h"],
        ["sync", "."],
    ],
    "from elsewhere": [
        ["create", "i"],
        ["write", "i"],
        ["close", "i"],
        ["create", "j"],
        ["write", "j"],
        ["close", "j"],
        ["open", "j"],
        ["write", "j"],
        ["close", "j"],
    ],
}
EXPECTED["second thread"] = EXPECTED["main thread"]


@pytest.fixture(scope="module")
def shown(crashkit: Callable[..., str]) -> Shown:
    return json.loads(crashkit("crashkit.showing"))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_call_is_seen_in_order_whoever_makes_it(shown: Shown, name: str) -> None:
    assert shown["programs"][name]["calls"] == EXPECTED[name]


def test_calls_of_many_threads_at_once_are_all_seen(shown: Shown) -> None:
    calls = shown["programs"]["many threads"]["calls"]
    assert sorted(calls) == sorted([kind, f"t{n}"] for n in range(1, 9) for kind in ("create", "write", "close"))


@pytest.mark.parametrize("name", [*EXPECTED, "many threads", "killed", "refused", "signalled"])
def test_what_was_seen_rebuilds_what_was_left_byte_for_byte(shown: Shown, name: str) -> None:
    assert shown["programs"][name]["rebuilt"] == shown["programs"][name]["left"]
    assert shown["programs"][name]["left"]


def test_a_killed_program_has_made_the_calls_before_and_no_other(shown: Shown) -> None:
    killed = shown["programs"]["killed"]
    assert killed["code"] is None
    assert killed["left"] == {"a": "hello"}


def test_a_kill_takes_the_children_along(shown: Shown) -> None:
    assert shown["programs"]["killed child"]["left"] == {"c": "x" * 10}


def test_a_write_that_is_cut_leaves_exactly_its_first_bytes(shown: Shown) -> None:
    assert shown["programs"]["cut short"]["left"] == {"a": "he"}


def test_a_refused_call_fails_with_its_errno_and_does_nothing(shown: Shown) -> None:
    refused = shown["programs"]["refused"]
    assert refused["code"] == errno.ENOSPC
    assert refused["left"] == {"a": "hello"}


def test_signals_reach_the_program(shown: Shown) -> None:
    assert shown["programs"]["signalled"]["left"] == {"caught": "yes"}


def test_a_change_that_cannot_be_followed_is_refused_loudly(shown: Shown) -> None:
    assert shown["mapping"].startswith("mmap on ")
