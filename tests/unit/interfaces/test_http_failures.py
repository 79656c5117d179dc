"""HTTP answers in our words: which can be tried again, and how long a server asks to wait."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.interfaces import http_failure, retry_after


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, "bad parameter", "refused"),
        (400, '{"error": {"code": "context_length_exceeded"}}', "too-long"),
        (400, "prompt is too long: 250000 tokens > 200000 maximum", "too-long"),
        (400, "Your credit balance is too low", "quota"),
        (401, "", "auth"),
        (403, "", "auth"),
        (404, "model not found", "not-found"),
        (408, "", "timeout"),
        (413, "", "too-long"),
        (422, "", "refused"),
        (429, "slow down", "rate"),
        (429, '{"code": "insufficient_quota"}', "quota"),
        (500, "", "server"),
        (503, "", "server"),
        (529, "overloaded", "server"),
    ],
)
def test_a_status_and_its_words_have_one_meaning(status: int, text: str, kind: str) -> None:
    found = http_failure(status, {}, text)
    assert found.kind == kind
    assert str(status) in found.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"Retry-After": "Wed, 25 Nov 2026 10:00:30 GMT"}, 30.0),
        ({"Retry-After": "Wed, 25 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"Retry-After": "99999999"}, 86400.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_from_seconds_and_dates(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=datetime(2026, 11, 25, 10, tzinfo=UTC)) == seconds


@given(st.text(max_size=40))
def test_whatever_a_server_says_is_a_bounded_time_or_nothing(value: str) -> None:
    found = retry_after({"Retry-After": value})
    assert found is None or 0 <= found <= 86400
