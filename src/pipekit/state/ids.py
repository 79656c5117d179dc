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
#: The newest id of this process.
_issued: list[str] = []


def new_run_id(now: datetime | None = None) -> str:
    """A new id, ``run-{timestamp}-{random}``, for example ``run-20261123-223808-7f3a9c`` (UTC).

    The last part begins with the fraction of the second, so that ids sort by time also within one second; within this
    process no two are the same, and each is later than the one before while the clock doesn't go back.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    with _lock:
        fraction = moment.microsecond * 4096 // 1_000_000
        for _ in range(1000):
            run_id = f"run-{moment:%Y%m%d-%H%M%S}-{fraction:03x}{secrets.randbelow(4096):03x}"
            if not _issued or run_id > _issued[-1] or run_id[:19] != _issued[-1][:19]:
                break
            fraction = min(fraction + 1, 4095)
        _issued[:] = [run_id]
        return run_id


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
