"""The day of a meeting, as people write it: ISO 8601 where only one day can be meant, and a word about it where not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Literal

from attrs import frozen

__all__ = ["Day", "Order", "day_in", "day_of"]

#: Whether the day or the month stands first.
Order = Literal["day", "month"]

# From January on, in English, German, Dutch, French, Spanish and Italian; three letters are enough where one begins so.
_MONTHS = """
january januar januari janvier enero gennaio jänner jan
february februar februari février febrero febbraio feb fév
march märz maart mars marzo mar mrz
april avril abril aprile apr avr abr
may mai mei mayo maggio
june juni juin junio giugno jun
july juli juillet julio luglio jul
august augustus août agosto aug ago
september septembre septiembre settembre sep sept
october oktober octobre octubre ottobre oct okt
november novembre noviembre nov
december dezember décembre diciembre dicembre dec dez déc dic
"""
_NUMBERS = {name: number for number, line in enumerate(_MONTHS.split("\n")[1:-1], start=1) for name in line.split()}
_MONTH = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_YEAR_FIRST = re.compile(r"(?<![\d./-])(\d{4})([./-])(\d{1,2})\2(\d{1,2})(?![\d/-])(?!\.\d)")
_YEAR_LAST = re.compile(r"(?<![\d./-])(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?![\d/-])(?!\.\d)")
_DAY_AND_MONTH = re.compile(
    rf"(?i)(?<![\w./-])(\d{{1,2}})(?:st|nd|rd|th|er|\.)?[ -](?:of |de )?({_MONTH})\.?(?:,?[ -](?:de )?(\d{{4}}))?(?!\w)"
)
_MONTH_AND_DAY = re.compile(rf"(?i)(?<!\w)({_MONTH})\.?[ -](\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}}))?(?![\w:])")


@frozen
class Day:
    """The date, or what is wrong with what was written; ``order`` where the numbers leave one order only."""

    day: date | None = None
    fault: str | None = None
    order: Order | None = None
    written: str = ""


def day_in(text: str, *, order: Order | None = None) -> Day | None:
    """The first date in a text; None where there is none."""
    found = [one for one in (pattern.search(text) for pattern in _READERS) if one]
    if not found:
        return None
    first = min(found, key=lambda one: (one.start(), -one.end()))
    return _READERS[first.re](first, order)


def day_of(text: str, *, order: Order | None = None) -> Day:
    """The date that a text is; with a fault where it is none."""
    return day_in(text[:200], order=order) or Day(fault="is no date", written=text.strip())


def _checked(year: str, month: int, day: str, written: str, order: Order | None = None) -> Day:
    try:
        return Day(date(int(year), month, int(day)), order=order, written=written)
    except ValueError:
        return Day(fault="is no day of the calendar", written=written)


def _year_first(found: re.Match[str], _: Order | None) -> Day:
    return _checked(found.group(1), int(found.group(3)), found.group(4), found.group())


def _year_last(found: re.Match[str], order: Order | None) -> Day:
    first, sign, second, year = found.groups()
    # Dots are for the day first wherever dates are written with them.
    if sign == ".":
        order = "day"
    if len(year) == 2:
        if sign == "-":
            return Day(fault="could be more than one day", written=found.group())
        year = f"20{year}"
    if int(first) > 12:
        return _checked(year, int(second), first, found.group(), "day")
    if int(second) > 12:
        return _checked(year, int(first), second, found.group(), "month")
    if order is None and first.lstrip("0") != second.lstrip("0"):
        return Day(fault="could be more than one day", written=found.group())
    return _checked(
        year, int(first if order == "month" else second), second if order == "month" else first, found.group()
    )


def _named(day: str, month: str, year: str | None, written: str) -> Day:
    if year is None:
        return Day(fault="has no year", written=written)
    return _checked(year, _NUMBERS[month.lower()], day, written)


_READERS: dict[re.Pattern[str], Callable[[re.Match[str], Order | None], Day]] = {
    _YEAR_FIRST: _year_first,
    _YEAR_LAST: _year_last,
    _DAY_AND_MONTH: lambda found, _: _named(found.group(1), found.group(2), found.group(3), found.group()),
    _MONTH_AND_DAY: lambda found, _: _named(found.group(2), found.group(1), found.group(3), found.group()),
}
