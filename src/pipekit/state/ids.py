"""Ids that are safe as names of files on any system."""

from __future__ import annotations

import re
import secrets
import threading
from datetime import UTC, datetime

from pipekit.errors import UsageError

__all__ = ["DEVICES", "check_run_id", "is_valid_id", "new_run_id"]

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
#: Names that are devices on Windows, and so never files.
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))})

_lock = threading.Lock()
#: The largest number that this process has given out in each of the last seconds in which it made runs.
_largest: dict[str, int] = {}
#: So many seconds are remembered, for a clock that goes back.
_SECONDS = 100


def new_run_id(now: datetime | None = None) -> str:
    """A new id, ``run-{timestamp}-{random}``, for example ``run-20261123-223808-7f3a9c`` (UTC).

    The last part begins with the fraction of the second, so that ids sort by time also within one second; within this
    process no two are the same, and each is later than the one before while the clock doesn't go back.
    """
    with _lock:  # the clock is read inside, too: of two threads the one that comes later may have looked earlier
        moment = (now or datetime.now(UTC)).astimezone(UTC)
        second = f"{moment:%Y%m%d-%H%M%S}"
        fraction = moment.microsecond * 4096 // 1_000_000
        # Thousands within the last instant of a second would get a seventh digit: no two are the same even then.
        number = max(fraction * 4096 + secrets.randbelow(4096), _largest.pop(second, -1) + 1)
        _largest[second] = number
        if len(_largest) > _SECONDS:
            del _largest[next(iter(_largest))]
        return f"run-{second}-{number:06x}"


def is_valid_id(text: str) -> bool:
    """Whether ``text`` can name a folder: ``[a-z0-9][a-z0-9._-]{0,63}``, no trailing dot, no device name."""
    return bool(_ID.match(text)) and not text.endswith(".") and text.split(".")[0] not in DEVICES


def check_run_id(text: str) -> str:
    """``text`` if it is a valid id, else `UsageError`."""
    if not is_valid_id(text):
        shown = ascii(text[:80])
        raise UsageError(
            f"not a run id: {shown}",
            hint="a run id looks like run-20261123-223808-7f3a9c; pipekit list shows those there are",
        )
    return text
