"""One JSON value is found in what a model says, slips are mended, and what can't be meant is refused."""

from __future__ import annotations

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from pipekit.llm.structured import parse_answer, without_thinking
from pipekit.serde import MisfitError, encode


@frozen
class Verdict:
    is_good: bool
    why: str = ""
    marks: tuple[int, ...] = ()


GOOD = '{"isGood": true, "why": "a"}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\n\n{GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"Here you are:\n```\n{GOOD}\n```\nAnything else?",
        f"The verdict is {GOOD}. I hope this helps [sic].",
        f"As asked in (2) [see above]: {GOOD}",
        f'<think>Maybe {{"isGood": false}}?</think>{GOOD}',
        f"so it is good</think>{GOOD}",
        '{"isGood": true, "why": "a",}',
        "{'isGood': true, 'why': 'a'}",
        '{isGood: true, why: "a"}',
        '{"isGood": true, // yes\n "why": "a"}',
    ],
)
def test_prose_fences_thoughts_and_slips_are_no_hindrance(text: str) -> None:
    assert parse_answer(text, Verdict) == Verdict(True, "a")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("<think>it is good", "empty"),
        ("yes", "no JSON"),
        ('{"isGood": true, "why": "br', "breaks off"),
        ('{"isGood": true, "marks": [1, 2', "breaks off"),
        (f"{GOOD} {GOOD}", "several"),
        (f"```json\n{GOOD}\n```\nor\n```json\n{GOOD}\n```", "several"),
        ('{"isGood": true, "isGood": false}', "twice"),
        ('{"isGood": true, "marks": [NaN]}', "NaN"),
        ('{"isGood": true, "why": "\\ud800"}', "lone surrogate"),
        ('{"isGood": "true"}', "true or false"),
        ('{"isGood": 1}', "true or false"),
        (f"[{GOOD}]", "expected an object"),
        ('{"isGood": true, "extra": 1}', "unknown field extra"),
        ("x" * 5_000_000, "longer than"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises(MisfitError, match=says):
        parse_answer(text, Verdict)


def test_text_is_taken_as_it_is_without_the_thoughts() -> None:
    assert parse_answer("<think>x</think> A text {with} braces ", str) == "A text {with} braces"
    assert without_thinking("a<think>b</think>c<think>d") == "ac"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)), st.text())
def test_no_answer_makes_the_parser_fail_otherwise(value: object, noise: str) -> None:
    for text in (noise, f"{noise}{encode([value]).decode()}", f"{encode([value]).decode()[:-1]}{noise}"):
        try:
            parse_answer(text, Verdict)
        except MisfitError as error:
            assert error.problems


@pytest.mark.parametrize("unit", ["{", "[", '"', "<think>", "```json\n", "\\", "{'", "[1,"])
def test_a_hostile_answer_takes_no_time_to_refuse(unit: str) -> None:
    with pytest.raises(MisfitError):
        parse_answer(unit * 50_000, Verdict)


@pytest.mark.parametrize("piece", ["<think></think>", "[x] ", '{"a": 1,} ', "```json\n", '{"a', "[[[[", '\\"'])
def test_an_answer_made_to_keep_a_reader_busy_is_refused_like_any_other(piece: str) -> None:
    """Each of these once took minutes, or could have: what is read twice for each piece of it takes for ever."""
    with pytest.raises(MisfitError):
        parse_answer(piece * (2_000_000 // len(piece)), Verdict)
