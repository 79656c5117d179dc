"""The report of a long afternoon is a file that can be sent around: forty items, each asked for, doubted, settled."""

from __future__ import annotations

import html
import itertools
import re
from pathlib import Path

import pytest

from pipekit import Pipeline, Text
from pipekit.backlog.output_formats import ReportHtml
from pipekit.interfaces import RunView

LIMIT = 400_000
SPEAKERS = ("Constance", "Idris", "Maud", "Petros", "Rosalind", "Søren")
DOERS = ("visitor", "curator", "cashier", "teacher", "guard", "bookkeeper", "guide")
DEEDS = """\
book an entry time|download an invoice|cancel a guided tour|filter the waiting list|export the attendance figures
change the language of the audio guide|search the photo archive|share a seating plan|renew a season ticket
report a broken lamp|reserve a wheelchair|upload a school certificate|print a badge|compare two exhibitions
rate the restaurant|translate a catalogue entry|lock a display case|schedule a cleaning shift|split a group bill
scan a parking permit|archive an old loan contract|follow a parcel from the shop|subscribe to the newsletter
pay with a gift voucher|mark an allergy on a lunch order|rotate the advertising screens|count umbrellas in the cloakroom
merge double addresses|lend a stroller|draw a route on the floor map|sign a volunteer agreement|order replacement keys
measure humidity in the cellar|tag a donated painting|approve a press photo|swap weekend duties|hide a sold-out concert
rename a lecture series|refund a cancelled workshop|watch the queue at the gate
"""
REASONS = (
    "they don't stand in the rain with small children",
    "the office doesn't have to do it by hand every single week",
    "somebody else isn't left without in the end",
    "they have it before the telephone rings again",
    "the board sees on one page what last month was like",
    "guests from abroad understand what they get",
    "a question at the desk is answered while people still stand there",
    "everybody knows the evening before where to be",
)
QUESTIONS = (
    "Is it the same screen as the one in the entrance hall, or the old one that somebody wakes up with a pencil?",
    "What happens when the connection is lost halfway, do they keep their place or is the next in line served?",
    "Who is told when it goes wrong, the desk downstairs, the office, or whoever happens to have the telephone?",
    "How long do we keep what they type in there, the legal people said thirty days but nobody wrote that down?",
    "Does it have to work without a connection as well, as it did in the tent last summer when the line was cut?",
)
WORRIES = (
    "Could be a risk, the supplier has changed the format twice without telling anybody, we noticed on a Saturday.",
    "That depends on the interface of the box office, and nobody has told us when the new version of it comes.",
    "I'm worried that it gets slow on the first Sunday of the month, when all of them come at eleven o'clock.",
    "I don't know whether the old readers can do that, somebody would have to take one of them apart and look.",
)
TALK = (
    "We had eleven complaints about that in October alone, and three of them were from people who know the director.",
    "We could build it on the queue that we have, with a small table beside it, I drew that on the board last week.",
    "I'd estimate five days, three of them for the part that talks to the box office and two for what is around it.",
)


def talk_about(number: int, deed: str) -> list[str]:
    asks, doubts, tells = (SPEAKERS[(number + step) % len(SPEAKERS)] for step in range(3))
    doer, reason = DOERS[number % len(DOERS)], REASONS[number % len(REASONS)]
    questions = [QUESTIONS[(number + step) % len(QUESTIONS)] for step in range(3)]
    worries = [WORRIES[(number + step) % len(WORRIES)] for step in range(2)]
    turns = [
        f"{asks}: Next one. As a {doer} I want to {deed} so that {reason}. {TALK[number % len(TALK)]}",
        f"{doubts}: {questions[0]} {worries[0]}",
        f"{asks}: It's done when a {doer} gets an answer within {number % 7 + 2} seconds and the desk sees it at once.",
        f"{tells}: It's also done when a second try with number {number + 100} changes nothing. {questions[1]}",
        f"{doubts}: It has to take at least {number + 20} of them an hour, etc. {questions[2]}",
        f"{tells}: {worries[1]} {TALK[(number + 1) % len(TALK)]}",
    ]
    return turns[:-1] if number % 5 == 4 else turns


@pytest.fixture(scope="module")
def afternoon() -> RunView:
    deeds = DEEDS.replace("\n", "|").strip("|").split("|")
    turns = [
        f"{SPEAKERS[0]}: Right, this is the refinement for the new museum, we have the room until five.",
        *itertools.chain.from_iterable(itertools.starmap(talk_about, enumerate(deeds))),
        f"{SPEAKERS[1]}: Then we're done, and there is still cake downstairs.",
    ]
    view = Pipeline({}, plugins=[], store="memory:").run(Text("\n".join(turns))).view
    assert (len(turns), len(view.value("candidates"))) == (234, 40)
    return view


@pytest.fixture(scope="module")
def page(afternoon: RunView) -> str:
    [file] = ReportHtml(Path("none")).render(afternoon)
    return file.content.decode()


def test_the_report_of_forty_items_is_smaller_than_400_kb(page: str) -> None:
    assert len(page.encode()) < LIMIT


def test_it_holds_every_word_of_the_meeting_and_every_finding(page: str, afternoon: RunView) -> None:
    # The numbers that lead from a quote to its candidate stand between the words.
    told = re.sub('<a href="#evidence[^>]*>[0-9]+</a>', "", page)
    words = " ".join(html.unescape(re.sub("<[^>]*>", "", told)).split())
    for utterance in afternoon.value("meeting")["utterances"]:
        assert utterance["text"] in words
    for candidate in afternoon.value("candidates"):
        for text in (candidate["title"], candidate["description"], *candidate["acceptanceCriteria"]):
            assert text in words
    for about in afternoon.value("questions").values():
        for question in about["questions"]:
            assert words.count(question["question"]) >= (2 if question["status"] == "needs_answer" else 1)
    for about in afternoon.value("risks").values():
        for text in (*about["unknowns"], *(one["description"] for one in about["dependencies"])):
            assert text in words


def test_a_weakness_that_is_an_open_question_stands_among_the_questions_only(page: str, afternoon: RunView) -> None:
    weak = [text for one in afternoon.value("confidence").values() for text in one["weaknesses"]]
    assert sum(text.startswith("Open: ") for text in weak) > 40
    shown = re.findall(r"<h4>Weak</h4><ul>(.*?)</ul>", page)
    assert len(shown) > 20
    assert not any("<li>Open: " in one for one in shown)
    assert all(text in page for text in weak if ": " not in text)
