"""What the rules say to come from a meeting stands there, at the characters that are named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipekit.backlog import Candidate, Meeting, Span, source_of
from pipekit.backlog.loaders import LOADERS
from pipekit.backlog.offline.assess_risks import assess_risks
from pipekit.backlog.offline.extract_candidates import extract_candidates
from pipekit.backlog.offline.generate_questions import generate_questions
from pipekit.backlog.offline.map_dependencies import map_dependencies
from pipekit.inputs import Given, pick_loader
from pipekit.interfaces import Source

MEETINGS = Path(__file__).parents[3] / "data" / "meetings"
NAMES = sorted(path.name for path in MEETINGS.iterdir() if not path.name.endswith(".gold.yaml"))


def read(path: Path) -> Meeting:
    content = path.read_bytes()
    made: dict[str, Any] = {key: factory() for key, factory in LOADERS.items()}
    chosen = pick_loader(Given(name=path.name, content=content, kind="file"), made, None, Meeting)
    assert chosen is not None
    meeting = made[chosen].load(Source(name=path.name, content=content))
    assert isinstance(meeting, Meeting)
    return meeting


def claims(meeting: Meeting) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """Everything that says that it comes from the meeting, with its places."""
    found = extract_candidates(meeting)
    edges = map_dependencies(meeting, found.candidates)
    for one in found.candidates:
        yield one.title, one.evidence
        assert tuple(claim.text for claim in one.criteria_evidence) == one.acceptance_criteria
        for claim in one.criteria_evidence:
            yield claim.text, claim.evidence
        risks = assess_risks(one, meeting, found.candidates, edges)
        assert tuple(claim.text for claim in risks.unknowns_evidence) == risks.unknowns
        for claim in risks.unknowns_evidence:
            yield claim.text, claim.evidence
        for need in risks.dependencies:
            yield need.description, need.evidence
        for creep in risks.scope_creep_indicators:
            if "in the description" not in creep.indicator:
                yield creep.indicator, creep.evidence
        for question in generate_questions(one, meeting, found.candidates, risks=risks).questions:
            if question.context.startswith(("asked", "noted", "brought up")):
                yield question.question, question.evidence
            if question.status == "answered" and question.proposed_answer:
                yield question.proposed_answer.answer, question.proposed_answer.evidence


@pytest.mark.parametrize("name", NAMES)
def test_every_finding_of_the_rules_stands_in_the_meeting_word_for_word(name: str) -> None:
    meeting = read(MEETINGS / name)
    text = source_of(meeting).text
    for claim, spans in claims(meeting):
        assert spans, claim
        for span in spans:
            assert (span.match, text[span.from_char : span.to_char]) == ("exact", span.quote), claim
            assert meeting.utterances[0].line <= span.first <= span.last


def test_a_criterion_is_found_by_its_own_words(talk: Any) -> None:
    meeting = talk(
        "Ann: As a member I want to see my place on the waiting list.",
        "Bob: The criteria are: the place is right as of last night, and nobody sees the names of others.",
    )
    (one,) = extract_candidates(meeting).candidates
    assert [(claim.text, claim.evidence[0].quote) for claim in one.criteria_evidence] == [
        ("The place is right as of last night", "the place is right as of last night"),
        ("Nobody sees the names of others", "nobody sees the names of others"),
    ]
    assert {claim.evidence[0].speaker for claim in one.criteria_evidence} == {"Bob"}


def test_a_question_has_the_words_that_ask_it_and_those_that_leave_it_open(talk: Any, about: Any) -> None:
    meeting = talk(
        "Ann: Members want to see the list.",
        "Bob: And who may see the phone numbers?",
        "Ann: No idea, I'd have to ask the board.",
    )
    one: Candidate = about("Show the list", 1, 2, 3)
    asked = generate_questions(one, meeting, [one]).questions[0]
    assert [(span.speaker, span.first, span.quote) for span in asked.evidence] == [
        ("Bob", 2, "And who may see the phone numbers?"),
        ("Ann", 3, "No idea, I'd have to ask the board."),
    ]


def test_a_question_that_nobody_asked_claims_no_words(talk: Any, about: Any) -> None:
    meeting = talk("Ann: Members want to see the list.")
    one: Candidate = about("Show the list", 1)
    (criteria,) = (q for q in generate_questions(one, meeting, [one]).questions if "accepted" in q.question)
    assert criteria.evidence == ()
