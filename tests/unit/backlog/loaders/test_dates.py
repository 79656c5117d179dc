"""A date is taken where only one day can be meant."""

from __future__ import annotations

import pytest

from pipekit.backlog.loaders.dates import day_in, day_of


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-24",
        "2026/11/24",
        "2026-11-24T10:31:05Z",
        "24.11.2026",
        "24.11.26",
        "24. 11. 2026",
        "24/11/2026",
        "11/24/2026",
        "24-11-2026",
        "24 November 2026",
        "Tuesday, 24th of November, 2026",
        "November 24, 2026",
        "Nov. 24th, 2026",
        "24-Nov-2026",
        "24. November 2026",
        "24 nov 2026",
        "24 novembre 2026",
        "24 de noviembre de 2026",
        "Dienstag, 24.11.2026, 10:00 Uhr",
    ],
)
def test_a_date_that_only_one_day_can_be_is_that_day(written: str) -> None:
    assert str(day_of(written).day) == "2026-11-24"


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("03/04/2026", "could be more than one day"),
        ("24-11-26", "could be more than one day"),
        ("24 November", "has no year"),
        ("12 June, 14:00", "has no year"),
        ("2026-13-45", "is no day of the calendar"),
        ("31.02.2026", "is no day of the calendar"),
        ("next Friday", "is no date"),
        ("1.2.3", "is no date"),
        ("10.11.12.13", "is no date"),
    ],
)
def test_any_other_is_left_out_and_says_why(written: str, fault: str) -> None:
    found = day_of(written)
    assert (found.day, found.fault) == (None, fault)


@pytest.mark.parametrize(("order", "day"), [("day", "2026-04-03"), ("month", "2026-03-04")])
def test_a_known_order_decides_between_day_and_month(order: str, day: str) -> None:
    assert str(day_of("03/04/2026", order="day" if order == "day" else "month").day) == day


def test_the_same_number_twice_is_one_day_in_any_order() -> None:
    assert str(day_of("05/05/2026").day) == "2026-05-05"


@pytest.mark.parametrize("text", ["We march 12 miles.", "I may 5 times.", "version 2.10.3", "no date at all"])
def test_words_of_a_sentence_are_no_dates(text: str) -> None:
    found = day_in(text)
    assert found is None or found.day is None
