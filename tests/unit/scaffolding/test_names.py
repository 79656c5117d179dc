"""One word of an author's, and the names that follow from it."""

from __future__ import annotations

import pytest

from pipekit.errors import UsageError
from pipekit.scaffolding import PackageNames


@pytest.mark.parametrize("name", ["acme-tickets", "pipekit-acme-tickets"])
def test_all_names_follow_from_one_word(name: str) -> None:
    names = PackageNames.of(name)
    assert (names.slug, names.distribution, names.package) == (
        "acme-tickets",
        "pipekit-acme-tickets",
        "pipekit_acme_tickets",
    )
    markers = names.markers
    assert (markers["@@snake@@"], markers["@@class@@"], markers["@@upper@@"]) == (
        "acme_tickets",
        "AcmeTickets",
        "ACME_TICKETS",
    )


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Acme Corp", "acme-corp"),
        ("acme_tickets", "acme-tickets"),
        ("7up", "up"),
        ("acme-", "acme"),
        ("../acme", "acme"),
        ("a" * 30, "a" * 24),
        ("éclair", "clair"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_with_one_that_can(name: str, near: str) -> None:
    with pytest.raises(UsageError, match="lower-case letters") as caught:
        PackageNames.of(name)
    assert caught.value.hint == f"did you mean {near}?"
    PackageNames.of(near)


@pytest.mark.parametrize("name", ["", "-", "pipekit-", "日本"])
def test_where_nothing_is_near_an_example_is_given(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        PackageNames.of(name)
    assert caught.value.hint == "such as acme-tickets"


@pytest.mark.parametrize("name", ["class", "match", "list", "print", "offline", "framework", "backlog"])
def test_a_name_with_a_meaning_of_its_own_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        PackageNames.of(name)
    assert caught.value.hint == f"choose another name, such as my-{name}"
    PackageNames.of(f"my-{name}")
