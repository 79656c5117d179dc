"""Where something was said, and what keeps it from being word for word, in plain text."""

from __future__ import annotations

from typing import Any

import pytest

from pipekit.backlog.model.candidate import Claim, Span
from pipekit.backlog.output_formats.cited import brief, cited, evidence_by_text, spans_of
from pipekit.serde import unstructure


def span(**fields: Any) -> Any:
    return unstructure(Span(**{"first": 3, "last": 3, "speaker": "Ann", "quote": "It leaks.", **fields}))


def test_where_something_was_said_is_told_once_a_place() -> None:
    assert cited([span(), span(), span(speaker="Bob", first=7, last=9)], "line") == "Ann, line 3; Bob, line 7–9"


def test_a_close_match_says_what_it_was_given_as() -> None:
    close = span(verified=False, match="close", similarity=0.93, given="It leaked.")
    assert cited([close]) == "Ann, 3: close match, 93% alike; given as “It leaked.”"


def test_words_that_stand_nowhere_are_told_as_that() -> None:
    nowhere = span(first=0, last=0, speaker=None, verified=False, match="unsupported")
    assert cited([nowhere], "line") == "unsupported: not in the meeting"


def test_nothing_is_told_of_what_claims_nothing_or_is_older_than_places() -> None:
    assert cited(spans_of({"question": "Who?"})) == ""
    assert evidence_by_text(None) == {}


def test_claims_are_found_by_their_texts() -> None:
    claims = unstructure([Claim(text="It is dry", evidence=(Span(first=1, last=1),))])
    assert isinstance(claims, list)
    assert [one["first"] for one in evidence_by_text(claims)["It is dry"]] == [1]


def test_a_place_is_told_in_one_line_for_a_terminal() -> None:
    assert brief(span(start=75.4)) == "“It leaks.”, Ann, 3, at 1:15"
    assert brief(span(quote="", first=2, last=8)) == "Ann, 2–8"


@pytest.mark.parametrize("value", [{}, {"first": 1, "last": 2}, {"question": "Who?", "evidence": []}])
def test_anything_else_is_left_as_it_is(value: Any) -> None:
    assert brief(value) is None
