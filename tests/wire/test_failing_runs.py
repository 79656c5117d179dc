"""Whole runs against a server that goes wrong at one question: what is done, said and kept, and what comes after."""

from __future__ import annotations

from pathlib import Path

import pytest
from wirekit.failing_runs import WAYS, Outcome, outcome_of

pytestmark = pytest.mark.timeout(600)  # three processes each, and the waits that a server asks for
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "models.md"
KEY_REFUSED = ("refuses the key (401)", "forbids the model to this key (403)")
#: Failures that stay as they are, however often one asks.
STAY = (
    *KEY_REFUSED,
    "wants to be paid first (402)",
    "doesn't know the model (404)",
    "finds the request wrong (400)",
    "says that the prompt is too long (400)",
    "asks to wait an hour (429)",
    "cuts the answer off at its largest length",
    "declines to answer",
    "filters the answer",
)
#: Answers that came, and were of no use.
ANSWERED = (
    "cuts the answer off at its largest length",
    "declines to answer",
    "filters the answer",
    "gives an empty answer",
    "gives an answer that is no JSON",
    "gives an answer of the wrong types",
)


#: One of each sort; the others are like one of these.
SAMPLE = (
    "refuses the key (401)",
    "asks to wait a second (429)",
    "fails (500)",
    "answers with a web page",
    "hangs up in the middle",
    "cuts the answer off at its largest length",
    "gives an answer of the wrong types",
)


def test_the_sample_is_of_these_ways() -> None:
    assert set(SAMPLE) <= set(WAYS)


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=() if way in SAMPLE else pytest.mark.thorough) for way in WAYS]
)
def test_a_server_that_goes_wrong_fails_a_run_that_goes_on_later_and_shows_no_secret(way: str, tmp_path: Path) -> None:
    found = outcome_of(way, tmp_path)

    assert found.faults == ()
    assert found.leaks == ()
    assert found.code == (5 if way in ANSWERED else 6)
    assert found.said[0].startswith("error: ")
    assert len(found.said) >= 3, "a sentence, what to do, and how to go on"
    assert found.said[-1] == "go on with: pipekit resume RUN"
    assert found.asks_next == (way not in KEY_REFUSED)
    if way in STAY:
        assert found.calls == 1
    else:
        assert found.calls == (2 if way in ANSWERED else 4)
    assert found.is_resumed
    assert found.is_paid_once, "what had been answered was asked again"
    assert found.row() in PAGE.read_text().splitlines(), "python tests/wire/failures_page.py writes the table anew"


def test_the_table_has_a_row_for_each_way_and_no_other() -> None:
    lines = PAGE.read_text().partition("| the server … |")[2].partition("<!--")[0].splitlines()[2:]
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines if line] == list(WAYS)


def test_an_outcome_that_is_not_as_the_page_says_is_noticed() -> None:
    """The row says all that is claimed: another count, another fallback or other words are another row."""
    one = Outcome(
        way="w",
        calls=4,
        corrections=0,
        asks_next=True,
        code=6,
        said=("error: a", "b", "go on with: pipekit resume RUN"),
        is_resumed=True,
        is_paid_once=True,
    )
    assert one.row() == "| w | again, 4 times in all | yes | 6 | a → b |"
