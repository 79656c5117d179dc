"""What the rules find in meetings: on the samples with known truth, and in small talks of other teams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import LOADERS
from pipekit.backlog.offline.detect_event import detect_event
from pipekit.backlog.offline.extract_candidates import extract_candidates
from pipekit.backlog.offline.map_dependencies import map_dependencies
from pipekit.inputs import Given, pick_loader
from pipekit.interfaces import Source

MEETINGS = Path(__file__).parents[3] / "data" / "meetings"
GOLD = sorted(MEETINGS.glob("*.gold.yaml"))


def load(name: str, content: bytes) -> Meeting:
    made = {key: factory() for key, factory in LOADERS.items()}
    chosen = pick_loader(Given(name=name, content=content, kind="file"), made, None, Meeting)
    assert chosen is not None
    loaded = made[chosen].load(Source(name=name, content=content))
    assert isinstance(loaded, Meeting)
    return loaded


def mentions(text: str, groups: list[list[str]]) -> bool:
    return all(any(stem in text.lower() for stem in group) for group in groups)


@pytest.mark.parametrize("path", GOLD, ids=lambda path: path.name.split(".")[0])
def test_the_samples_are_read_as_a_careful_colleague_would(path: Path) -> None:
    gold: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text())
    meeting = load(gold["file"], (path.parent / gold["file"]).read_bytes())
    extraction = extract_candidates(meeting)
    texts = {one.id: f"{one.title} {one.description} {one.raw_context}" for one in extraction.candidates}

    found = [g for g in gold["candidates"] if any(mentions(text, g["must_mention"]) for text in texts.values())]
    wrong = [g for g in gold["not_candidates"] if any(mentions(text, g["must_mention"]) for text in texts.values())]

    assert detect_event(meeting).event_type == gold["eventType"]
    assert len(found) >= 0.8 * len(gold["candidates"])
    assert len(extraction.candidates) <= len(gold["candidates"]) + 1
    assert wrong == []
    assert all(one.verified for one in extraction.candidates)
    edges = map_dependencies(meeting, extraction.candidates).dependencies
    assert len(edges) <= len(gold["dependencies"]) + 1


def talk(text: str) -> Meeting:
    return load("talk.txt", text.encode())


def test_a_chat_without_work_gives_nothing() -> None:
    meeting = talk("Ana: How was your weekend?\nBo: Lovely, we went to the lake.\nAna: Nice! Lunch?\nBo: Sure.\n")
    assert extract_candidates(meeting).candidates == ()
    assert detect_event(meeting).event_type == "other"


def test_what_is_turned_down_is_no_candidate_and_keeps_its_evidence() -> None:
    meeting = talk(
        "Ana: First, the search. As a nurse I want to search patients by room so that I find them at night.\n"
        "Bo: Two points.\n"
        "Cy: And a chat bot?\n"
        "Ana: No, we're not doing that.\n"
    )
    extraction = extract_candidates(meeting)
    assert len(extraction.candidates) == 1
    assert [one.reason for one in extraction.rejected] == ["rejected"]
    assert extraction.rejected[0].evidence[0].first == 3


@pytest.mark.parametrize(
    ("bug", "wish", "refusal", "reason"),
    [
        ("The printer fails, that is a bug.", "Could we also have a dark mode?", "No, sorry.", "rejected"),
        ("The printer fails, that is a bug.", "Could we also have a dark mode?", "No, not this season.", "parked"),
        ("De printer hapert, dat is een bug.", "Kunnen we een chatbot krijgen?", "Nee, echt niet.", "rejected"),
        ("De printer hapert, dat is een bug.", "Kunnen we een chatbot krijgen?", "Nee, niet dit jaar.", "parked"),
        ("Der Drucker stürzt ab, das ist ein Bug.", "Könnten wir auch Karten haben?", "Nein, bloß nicht.", "rejected"),
    ],
)
def test_a_wish_that_somebody_else_refuses_in_a_word_is_turned_down(
    bug: str, wish: str, refusal: str, reason: str
) -> None:
    extraction = extract_candidates(talk(f"Ana: {bug}\nBo: {wish}\nAna: {refusal}\n"))
    assert [one.type for one in extraction.candidates] == ["bug"]
    [rejected] = extraction.rejected
    assert (rejected.reason, rejected.evidence[0].first) == (reason, 2)


@pytest.mark.parametrize(
    "told",
    [
        "I wrote back that I'm telling them no.",
        "Not today, not ever.",
        "It doesn't need a ticket.",
        "That was only a joke.",
        "That's for the verger.",
    ],
)
def test_what_somebody_keeps_off_the_list_in_other_words_is_turned_down(told: str) -> None:
    extraction = extract_candidates(
        talk(
            "Ana: First, the printer. The printer fails with long names, that is a bug. Two points.\n"
            "Bo: Then the choir. They'd like a ranking of the singers.\n"
            f"Bo: {told}\n"
            "Ana: Good.\n"
        )
    )
    assert [one.type for one in extraction.candidates] == ["bug"]
    assert [one.reason for one in extraction.rejected] == ["rejected"]


def test_a_no_that_goes_on_with_another_way_turns_nothing_down() -> None:
    meeting = talk(
        "Ana: The printer fails with long names, that is a bug.\n"
        "Bo: Should we wait for the vendor?\n"
        "Ana: No, we'll mend it ourselves.\n"
    )
    extraction = extract_candidates(meeting)
    assert len(extraction.candidates) == 1
    assert extraction.rejected == ()


def test_the_same_item_said_again_is_one_candidate_with_two_pieces_of_evidence() -> None:
    meeting = talk(
        "Ana: First, exports. We should export the shift plan as a calendar file.\n"
        "Bo: Fine.\n"
        "Ana: Next, the login. The login crashes on old tablets, that's a bug.\n"
        "Cy: One more thing, could we export the shift plan to a calendar?\n"
        "Ana: It's the same thing as before.\n"
    )
    extraction = extract_candidates(meeting)
    assert len(extraction.candidates) == 2
    assert len(extraction.candidates[0].evidence) >= 2


@pytest.mark.parametrize(
    ("said", "kind", "title"),
    [
        (
            "We should refactor the billing module, it's pure technical debt.",
            "tech-debt",
            "Refactor the billing module",
        ),
        ("As a driver I want to see free docks so that I lose no time.", "feature", "See free docks"),
        ("We need to investigate whether the scanner works in the cold.", "spike", "Investigate whether the scanner"),
        ("The invoice shows the wrong tax rate, that's a bug.", "bug", "Fix: the invoice shows the wrong tax rate"),
    ],
)
def test_type_and_title_follow_from_the_words(said: str, kind: str, title: str) -> None:
    candidates = extract_candidates(talk(f"Ana: First topic. {said}\nBo: Okay, put it on the backlog.\n")).candidates
    assert [one.type for one in candidates] == [kind]
    assert candidates[0].title.startswith(title)
    assert len(candidates[0].title) <= 80


def test_only_stated_criteria_are_kept_one_by_one() -> None:
    meeting = talk(
        "Ana: First, labels. We should print the labels on the new printer.\n"
        "Bo: It's done when the label fits the box, and when the bar code can be scanned.\n"
    )
    assert extract_candidates(meeting).candidates[0].acceptance_criteria == (
        "The label fits the box",
        "The bar code can be scanned",
    )


@pytest.mark.parametrize(
    "asked",
    [
        "When's it good enough?",
        "What would you be content with?",
        "What's finished, for you?",
        "Can we say what done is?",
        "How do we measure that?",
        "What are the conditions?",
        "What should it do then?",
    ],
)
def test_criteria_are_the_answer_to_whoever_asks_for_them_in_other_words(asked: str) -> None:
    found = extract_candidates(
        talk(
            "Ann: Next, the deploy. We need to make the deploy faster.\n"
            f"Ann: {asked}\n"
            "Bo: A change of one line is out within fifteen minutes. And nobody is logged out by it.\n"
            "Ann: Okay. Five points.\n"
        )
    ).candidates
    assert [one.acceptance_criteria for one in found] == [
        ("A change of one line is out within fifteen minutes", "Nobody is logged out by it")
    ]


def test_notes_in_markdown_give_one_candidate_a_heading() -> None:
    meeting = load(
        "notes.md",
        b"# Refinement\n\n## Dark mode\n\n- users ask for it every week\n- done when: all screens follow the system\n\n"
        b"## Misc\n\n- cake on Friday\n- the build server is flaky, we should replace it\n\n"
        b"## Fax export\n\n- rejected\n",
    )
    extraction = extract_candidates(meeting)
    assert extraction.candidates[0].title == "Dark mode"
    assert len(extraction.candidates) == 2
    assert [one.title for one in extraction.rejected] == ["Fax export"]


def test_a_stated_dependency_orders_the_candidates() -> None:
    meeting = talk(
        "Ana: First, the voucher service. We should build a voucher service that creates codes.\n"
        "Bo: Three points.\n"
        "Ana: Next, gift cards. We should sell gift cards in the shop.\n"
        "Bo: We can't sell gift cards until the voucher service exists.\n"
    )
    found = extract_candidates(meeting)
    places = map_dependencies(meeting, found.candidates)
    assert [(one.source, one.target, one.type) for one in places.dependencies] == [
        ("candidate-2", "candidate-1", "blocks")
    ]
    assert [one.sequence for one in places.sequence] == [1, 2]


@pytest.mark.parametrize(
    "said",
    [
        "First the new log-in, then the calendar.",
        "Without the new log-in there's no calendar.",
        "No calendar without the new log-in.",
        "The calendar comes after the new log-in.",
    ],
)
def test_an_order_that_is_stated_in_one_sentence_is_a_dependency(said: str) -> None:
    meeting = talk(
        "Ann: Next, the calendar. Firefighters want to subscribe to the calendar of shifts on their phone.\n"
        "Bo: Next, the log-in. We have to replace the log-in by the one of the county.\n"
        f"Ann: {said}\n"
    )
    found = extract_candidates(meeting).candidates
    names = {one.id: one.title for one in found}
    edges = map_dependencies(meeting, found).dependencies
    assert [("calendar" in names[one.source], "log-in" in names[one.target]) for one in edges] == [(True, True)]


def test_a_long_meeting_takes_no_time_to_speak_of() -> None:
    line = (
        "Ana: We talked about the shelf and the lamp and the weather. Then the delivery came, and we signed for it.\n"
    )
    assert len(extract_candidates(talk(line * 600)).candidates) <= 1


def test_bullets_below_a_heading_that_asks_for_work_are_items_and_checked_ones_are_done() -> None:
    notes = b"""# Retro

## What went well
- the release was calm

## Actions
- [ ] Speed up the CI pipeline by caching dependencies (Omar)
- [ ] Fix the duplicate invoices (Jo)
- [ ] Stand-ups: max 10 minutes from now on
- [x] Book the offsite
"""
    found = extract_candidates(load("retro.md", notes))
    assert [one.title for one in found.candidates] == [
        "Speed up the CI pipeline by caching dependencies",
        "Fix the duplicate invoices",
    ]
    assert [one.reason for one in found.rejected] == ["agreement", "done"]


def test_letting_somebody_do_something_is_a_request() -> None:
    meeting = talk(
        "Priya: First up is the returns portal. We need to let customers register a return themselves.\n"
        "Lena: When is it done?\n"
        "Priya: When a customer can print the label. And the refund has to start within a day.\n"
    )
    assert len(extract_candidates(meeting).candidates) == 1
