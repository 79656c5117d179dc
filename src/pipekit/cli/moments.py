"""Moments as people write them on the command line: an age, or a day."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

__all__ = ["parse_age", "parse_moment"]

_AGE = re.compile(r"\s*([0-9]+)\s*([mhdw]?)\s*\Z", re.IGNORECASE)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_age(text: str) -> timedelta:
    """An age like ``30d``, ``12h``, ``2w`` or ``90m``; a bare number is days."""
    found = _AGE.match(text)
    try:
        if found is not None:
            return timedelta(**{_UNITS[found[2].lower() or "d"]: int(found[1])})
    except (OverflowError, ValueError):
        pass
    from pipekit.errors import UsageError

    raise UsageError(
        f"not an age: {text[:40]!r}",
        hint="an age is a whole number of minutes, hours, days or weeks: pipekit prune --older-than 30d (12h, 2w, 90m)",
    )


def parse_moment(text: str, example: str) -> datetime:
    """The moment that an age or a day means; days and times without a zone are UTC, as run ids are."""
    from pipekit.errors import UsageError

    with suppress(ValueError):
        given = datetime.fromisoformat(text.strip())
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    try:
        return datetime.now(UTC) - parse_age(text)
    except (UsageError, OverflowError) as error:
        raise UsageError(
            f"neither an age nor a day: {text[:40]!r}",
            hint=f"an age is 30d, 12h, 2w or 90m, a day 2026-11-01: {example}",
        ) from error
