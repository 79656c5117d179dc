"""Ids that are safe as names of files on any system."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

from pipekit.errors import UsageError

__all__ = ["DEVICES", "check_run_id", "is_valid_id", "new_run_id"]

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
#: Names that are devices on Windows, and so never files.
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))})


def new_run_id(now: datetime | None = None) -> str:
    """A new id, ``run-{timestamp}-{random}``, for example ``run-20261123-223808-7f3a9c`` (UTC)."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"run-{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


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
