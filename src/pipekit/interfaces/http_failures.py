"""What an HTTP answer that is no success means, in our words; for providers whose clients raise such answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from pipekit.interfaces.llm_providers import FailureKind, ProviderFailure

__all__ = ["http_failure", "retry_after"]

#: How vendors say that a prompt doesn't fit; they use 400, 413 and 422 for it.
_TOO_LONG = re.compile(
    r"context[_ ](?:length|window|size)|maximum context|(?:prompt|input|request) (?:is )?too (?:long|large)"
    r"|too many (?:input )?tokens|exceed\w* .{0,40}(?:context|token)",
    re.IGNORECASE,
)
#: How vendors say that an account is empty, with the status of a rate limit.
_NO_CREDIT = re.compile(r"insufficient[_ ]quota|credit balance|billing|exceeded your current quota", re.IGNORECASE)
#: A server that asks for more patience than this, in seconds, is taken to mean this.
_MOST_PATIENCE = 24 * 3600.0
_MOST_WORDS = 300


def http_failure(status: int, headers: Mapping[str, str] | None = None, text: str = "") -> ProviderFailure:
    """The failure behind a status of 400 and above, with the vendor's own words and how long it asks to wait."""
    said = " ".join(text.split())[:_MOST_WORDS]
    return ProviderFailure(
        kind=_kind(status, text[:20_000]),
        message=f"the server answered {status}" + (f": {said}" if said else ""),
        retry_after=retry_after(headers or {}),
    )


def _kind(status: int, text: str) -> FailureKind:
    if status in (401, 403):
        return "auth"
    if status == 402 or (status in (400, 429) and _NO_CREDIT.search(text)):
        return "quota"
    if status == 429:
        return "rate"
    if status == 408:
        return "timeout"
    if status == 413 or (400 <= status < 500 and _TOO_LONG.search(text)):
        return "too-long"
    if status in (404, 410):
        return "not-found"
    if status in (409, 425) or status >= 500:
        return "server"
    return "refused"


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds to wait by ``retry-after-ms`` or ``Retry-After`` (seconds, or a date); None without a sensible value."""
    values = {name.lower(): value for name, value in headers.items()}
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = values.get(name, "").strip()
        if re.fullmatch(r"\d{1,12}(?:\.\d{1,6})?", text):
            return min(float(text) * scale, _MOST_PATIENCE)
    try:
        from email.utils import parsedate_to_datetime  # only here: it is slow to load

        moment = parsedate_to_datetime(values.get("retry-after", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    wait = (moment - (now or datetime.now(UTC))).total_seconds()
    return min(max(0.0, wait), _MOST_PATIENCE)
