"""Answers of any length: the work grows with them, and not with their square."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from pipekit.backlog import Candidate, Meeting, Utterance
from pipekit.backlog.asked.candidates import extraction_from
from pipekit.backlog.asked.extraction import AskedCandidate, AskedExtraction, AskedRejected
from pipekit.backlog.asked.questions import AskedAnswer, AskedQuestion, AskedQuestions, questions_from
from pipekit.backlog.model.candidate import Sibling

SAID = ("We want the list to be sorted.", "The pump doesn't stop.")
MEETING = Meeting(
    attendees=tuple(f"Person {n}" for n in range(30)),
    utterances=tuple(Utterance(text=text, line=n, last_line=n, speaker="Ann") for n, text in enumerate(SAID, start=1)),
)


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called: the same on every machine, unlike seconds."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def items(count: int) -> object:
    asked = AskedExtraction(
        candidates=tuple(AskedCandidate(quotes=SAID, title=f"Item {n}", type="bug") for n in range(count)),
        rejected=tuple(AskedRejected(quote=SAID[1], title=f"Other {n}", reason="done") for n in range(3)),
    )
    found = extraction_from(asked, MEETING)
    assert len(found.candidates) == count
    return found


def questions(count: int) -> object:
    item = Candidate(id="candidate-0", title="t", raw_context="x", description="", type="bug", verified=True)
    siblings = [Sibling(id=f"candidate-{n}", title=f"Item {n}", raw_context=SAID[0]) for n in range(1, count)]
    answer = AskedAnswer(source=f"candidate-{count - 1}", quote=SAID[0], answer="Sorted", confidence=0.5)
    asked = AskedQuestion(
        question="How?", category="scope", priority="low", target_role="developer", proposed_answer=answer
    )
    found = questions_from(AskedQuestions(questions=(asked,)), item, siblings, None, MEETING)
    assert found.questions[0].proposed_answer is not None
    return found


@pytest.mark.parametrize("work", [items, questions])
def test_twice_as_much_takes_about_twice_the_work(work: Callable[[int], object]) -> None:
    work(10)
    assert calls_of(lambda: work(400)) < 2.5 * calls_of(lambda: work(200))
