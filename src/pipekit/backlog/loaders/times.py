"""When something was said: seconds from the start, or the time of day, perhaps with its date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from attrs import evolve, frozen

from pipekit.backlog.loaders.dates import day_of

__all__ = ["CLOCK", "DAY", "SPAN", "TIME", "Stamp", "days_of", "seconds", "stamp_of", "starts_of"]

TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,9})?"
#: The same with the half of the day behind.
CLOCK = rf"{TIME}(?:\s?[AaPp]\.?[Mm]\b\.?)?(?!\w)"
#: A day in numbers; the order of day and month differs from file to file.
DAY = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
#: How meeting tools write a time in words.
SPAN = r"(?:\d{1,2} hours? )?\d{1,3} minutes?(?: \d{1,2} seconds?)?"
_HALF_DAY = 12 * 3600
#: Nobody records six hours of a meeting before somebody speaks: from here on, a time is one of the day.
_SURELY_OF_THE_DAY = 6 * 3600


@frozen
class Stamp:
    """Seconds, from the start or from midnight; ``day`` is the date as written."""

    seconds: float
    of_day: bool = False
    day: str | None = None
    #: Written to the second, as no agenda is.
    exact: bool = False


def seconds(text: str) -> float:
    """``1:02:03.5`` or ``02:03,5`` in seconds."""
    total = 0.0
    for part in text.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total


def stamp_of(time: str, day: str | None = None, *, of_day: bool = False) -> Stamp:
    """What `CLOCK` or `SPAN` matched; where it is a time of day, ``10:31`` is hours and minutes."""
    if "minute" in time:
        numbers = {unit[0]: int(number) for number, unit in re.findall(r"(\d+) (hour|minute|second)", time)}
        total = numbers.get("h", 0) * 3600 + numbers.get("m", 0) * 60 + numbers.get("s", 0)
        return Stamp(float(total), exact=True)
    half = re.search(r"([AaPp])\.?[Mm]\.?$", time)
    bare = time[: half.start()].strip() if half else time
    of_day = of_day or half is not None or day is not None
    parts = bare.count(":") + 1
    value = seconds(bare)
    if of_day and parts == 2:
        value *= 60
    if half:
        value = value % _HALF_DAY + (_HALF_DAY if half.group(1) in "Pp" else 0)
    return Stamp(value, of_day=of_day, day=day, exact=parts == 3)


def starts_of(stamps: Sequence[Stamp | None]) -> list[float | None]:
    """Seconds from the start of the meeting for each; times of day count from the first one."""
    known = [one for one in stamps if one is not None]
    if not known or not (any(one.of_day for one in known) or known[0].seconds >= _SURELY_OF_THE_DAY):
        return [None if one is None else one.seconds for one in stamps]
    days = days_of([one.day for one in known if one.day])
    if any(one.of_day for one in known):
        stamps = [None if one is None else _of_day(one) for one in stamps]
    first: float | None = None
    before = 0.0
    nights = 0.0
    starts: list[float | None] = []
    for one in stamps:
        if one is None:
            starts.append(None)
            continue
        day = days.get(one.day) if one.day else None
        at = one.seconds + (day.toordinal() * 86400.0 if day else 0.0)
        if day is None and at + nights + _HALF_DAY < before:
            nights += 86400.0  # it went on past midnight
        at += nights if day is None else 0.0
        before = at
        first = at if first is None else first
        starts.append(max(0.0, at - first))
    return starts


def _of_day(stamp: Stamp) -> Stamp:
    """The same as a time of day: its first number is hours."""
    return stamp if stamp.of_day or stamp.exact else evolve(stamp, seconds=stamp.seconds * 60, of_day=True)


def days_of(written: Iterable[str]) -> dict[str, date]:
    """The days as dates: where one of them can only be day or month first, the others are the same way round."""
    unique = list(dict.fromkeys(written))
    order = next((found.order for found in map(day_of, unique) if found.day and found.order), None)
    found = ((one, day_of(one, order=order).day) for one in unique)
    return {one: day for one, day in found if day}
