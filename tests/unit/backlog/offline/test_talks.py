"""Whole extractions from short meetings: every item, its type, title and criteria, and what was turned down."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipekit.backlog import Candidate, Meeting
from pipekit.backlog.loaders import LOADERS
from pipekit.backlog.offline.cues import cues, languages
from pipekit.backlog.offline.extract_candidates import extract_candidates
from pipekit.backlog.offline.generate_questions import generate_questions
from pipekit.inputs import Given, pick_loader
from pipekit.interfaces import Source

TALKS = Path(__file__).parents[3] / "data" / "talks"
GOLD = {path.name.split(".")[0]: YAML(typ="safe", pure=True).load(path.read_text()) for path in TALKS.glob("*.gold.*")}


def load(name: str, content: bytes) -> Meeting:
    made = {key: factory() for key, factory in LOADERS.items()}
    chosen = pick_loader(Given(name=name, content=content, kind="file"), made, None, Meeting)
    assert chosen is not None
    loaded = made[chosen].load(Source(name=name, content=content))
    assert isinstance(loaded, Meeting)
    return loaded


def talk(*lines: str) -> Meeting:
    return load("talk.txt", ("\n".join(lines) + "\n").encode())


def titles(*lines: str) -> list[str]:
    return [one.title for one in extract_candidates(talk(*lines)).candidates]


def mentions(text: str, groups: list[list[str]]) -> bool:
    return all(any(stem in text.lower() for stem in group) for group in groups)


def pairs(gold: dict[str, Any], found: tuple[Candidate, ...]) -> list[tuple[dict[str, Any], Candidate]]:
    """Each item of the truth with the one candidate that stands for it."""
    left = list(found)
    paired = []
    for item in gold["candidates"]:
        match = next((one for one in left if mentions(f"{one.title} {one.raw_context}", item["must_mention"])), None)
        if match is not None:
            left.remove(match)
            paired.append((item, match))
    return paired


@pytest.mark.parametrize("name", sorted(name for name in GOLD if GOLD[name]["tunedOn"]))
def test_every_item_of_a_talk_is_found_once_with_its_type_title_and_criteria(name: str) -> None:
    gold = GOLD[name]
    extraction = extract_candidates(load(gold["file"], (TALKS / gold["file"]).read_bytes()))
    paired = pairs(gold, extraction.candidates)

    assert [one.title for _, one in paired] == [one.title for one in extraction.candidates]
    assert len(paired) == len(gold["candidates"])
    for item, one in paired:
        assert one.type in (item["type"], *item.get("type_alt", ())), one.title
        assert mentions(one.title, item["in_title"]), one.title
        assert len(one.title) <= 80
        assert len(one.acceptance_criteria) == item["ac"], one.title
        assert set(item.get("by", ())) <= set(one.mentioned_by), one.title
        assert one.verified
    assert [one.reason for one in extraction.rejected] == [one["reason"] for one in gold["rejected"]]
    for item, turned_down in zip(gold["rejected"], extraction.rejected, strict=True):
        assert mentions(turned_down.title, item["must_mention"]), turned_down.title
    assert not any("seem" in note for note in extraction.extraction_notes)


def test_most_items_are_found_in_talks_that_the_rules_were_not_tuned_on() -> None:
    found = predicted = known = 0
    for gold in (gold for gold in GOLD.values() if not gold["tunedOn"]):
        candidates = extract_candidates(load(gold["file"], (TALKS / gold["file"]).read_bytes())).candidates
        found += len(pairs(gold, candidates))
        predicted += len(candidates)
        known += len(gold["candidates"])
    assert found >= 0.7 * known
    assert found >= 0.8 * predicted


def test_what_is_asked_for_one_after_the_other_without_a_word_between_is_not_lost() -> None:
    extraction = extract_candidates(
        talk(
            "Priya: As an accountant I want to filter invoices by quarter so that I can file VAT faster.",
            "Tom: Right, we need to build the date index first. Two days maybe.",
            "Tom: also we ought to look into whether the old reporting library can be replaced. Just a spike.",
            "Priya: fine. Dark mode?",
            "Tom: no, rejected, nobody asked.",
        )
    )
    assert [(one.type, one.title) for one in extraction.candidates] == [
        ("feature", "Filter invoices by quarter"),
        ("feature", "Build the date index"),
        ("spike", "Look into whether the old reporting library can be replaced"),
    ]
    assert [(one.reason, one.title) for one in extraction.rejected] == [("rejected", "Dark mode")]


def test_a_criterion_stays_with_the_item_it_was_stated_for() -> None:
    found = extract_candidates(
        talk(
            "Mara: We need to let guests pay without an account, so that fewer people leave the cart.",
            "Ola: It's done when a guest can pay by card.",
            "Ola: And the voucher field crashes on emojis, that's a bug we must fix.",
        )
    ).candidates
    assert [(one.title, one.acceptance_criteria) for one in found] == [
        ("Let guests pay without an account", ("A guest can pay by card",)),
        ("Fix: the voucher field crashes on emojis", ()),
    ]


def test_a_complaint_right_after_what_was_done_is_not_done() -> None:
    extraction = extract_candidates(
        talk("Vik: Yesterday I fixed the list, it's merged. The display shows the wrong floor.", "Ann: That's a bug.")
    )
    assert [one.title for one in extraction.candidates] == ["Fix: the display shows the wrong floor"]
    assert [one.reason for one in extraction.rejected] == ["done"]


def test_criteria_end_where_the_next_request_begins() -> None:
    found = extract_candidates(
        talk(
            "Ann: We should offer a form for sick notes.",
            "Bo: When is that done? When the teacher gets a mail. The timetable has to be cached because it is slow.",
        )
    ).candidates
    assert [one.acceptance_criteria for one in found] == [("The teacher gets a mail",), ()]


def test_what_is_called_a_bug_by_somebody_else_is_one_of_its_own() -> None:
    found = extract_candidates(
        talk(
            "Lea: As a driver I want to pay with my phone so that I don't need coins.",
            "Tim: The map shows free spots that are taken, people complain every day.",
            "Lea: That's a bug. When is it fixed? When the map is at most one minute old.",
        )
    ).candidates
    assert [(one.type, one.title) for one in found] == [
        ("feature", "Pay with their phone"),
        ("bug", "Fix: the map shows free spots that are taken, people complain every day"),
    ]
    assert [len(one.acceptance_criteria) for one in found] == [0, 1]


def test_two_requests_with_the_same_verb_are_two_items() -> None:
    said = ("Ann: We need to replace the map library.", "Bo: We need to replace the payment library.")
    assert titles(*said) == ["Replace the map library", "Replace the payment library"]


def test_a_remark_on_what_was_asked_opens_no_item() -> None:
    said = (
        "Ann: We should export the shift plan as a calendar file.",
        "Bo: It should hold the room, too.",
        "Ann: Right. They need that on their phones.",
        "Bo: Do we need the breaks in it?",
    )
    assert titles(*said) == ["Export the shift plan as a calendar file"]


@pytest.mark.parametrize(
    "said",
    [
        "You need to try the ice cream.",
        "We should go there too some day.",
        "The weather must be great.",
        "You should have seen the encore.",
        "Can you send me the photos?",
    ],
)
def test_small_talk_is_no_item(said: str) -> None:
    assert titles(f"Ann: {said}", "Bo: Sure.") == []


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Can we add totals to the invoice page?", "Add totals to the invoice page"),
        ("The invoice page should show totals in a table.", "Make the invoice page show totals in a table"),
        (
            "Users should be able to change their address after ordering.",
            "Let users change their address after ordering",
        ),
        ("The logs are full of warnings, we should clean them up.", "Clean up the logs"),
        ("I think we should have a button to reset the filters.", "Add a button to reset the filters"),
        ("Nurses would also like to search medicines by name.", "Search medicines by name"),
        ("The timetable has to be cached on the phone.", "Cache the timetable on the phone"),
        ("The mail goes out a day late. We need to fix that.", "Fix: the mail goes out a day late"),
        ("We need to replace the map library, the licence ends in March.", "Replace the map library"),
        ("We must let guests pay by card, otherwise they leave.", "Let guests pay by card"),
        ("What I would love is that owners get a message the day before.", "Let owners get a message the day before"),
        ("It would be nice if nurses could sort the list by room.", "Let nurses sort the list by room"),
        (
            "Can I also mention, the map takes like 9 seconds to load. We must fix that.",
            "Fix: the map takes like 9 seconds to load",
        ),
        ("We should upgrade the framework, 3.2 is out of support.", "Upgrade the framework"),
        ("lets add a filter for cities.", "Add a filter for cities"),
        (
            "Last time we said we'd investigate whether the insurer has an API. Ann, can you look into that?",
            "Investigate whether the insurer has an API",
        ),
        ("Gift boxes. I'd love to have that before Christmas.", "Add gift boxes before Christmas"),
        ("Customers book a table by phone. They'd like to do it on the website.", "Book a table on the website"),
        (
            "We want to know whether guests would pay for parking. Jo could look into that for two days.",
            "Investigate whether guests would pay for parking",
        ),
    ],
)
def test_a_title_is_an_outcome_that_can_stand_alone(said: str, title: str) -> None:
    assert titles(f"Ann: {said}") == [title]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("We need to migrate the session store to Redis because the old one loses logins.", "tech-debt"),
        ("The export is broken since Monday, we have to repair it.", "bug"),
        ("We should show the price next to the name because people get it wrong.", "feature"),
    ],
)
def test_what_is_to_be_done_says_more_about_the_type_than_why(said: str, kind: str) -> None:
    assert [one.type for one in extract_candidates(talk(f"Ann: {said}")).candidates] == [kind]


def test_a_question_that_goes_on_with_an_item_is_asked_about_it() -> None:
    found = talk(
        "Ann: I'd like owners to get a message the day before.",
        "Bo: and what about owners that have no mobile number?",
        "Ann: dont know. lets leave that open.",
    )
    (one,) = extract_candidates(found).candidates
    (asked, *_) = generate_questions(one, found, (one,)).questions
    assert (asked.question, asked.status) == ("What about owners that have no mobile number?", "needs_answer")


def test_what_was_done_is_named_by_who_brought_it_up() -> None:
    extraction = extract_candidates(
        talk(
            "Ann: Oh and the passport printing! When the owner has two names, the label gets cut off.",
            "Bo: I saw that one, it is already fixed in staging.",
        )
    )
    assert extraction.candidates == ()
    assert [(one.reason, one.title) for one in extraction.rejected] == [("done", "The passport printing")]


def test_owners_in_brackets_are_who_mentioned_it_and_no_part_of_the_words() -> None:
    notes = b"## Actions\n\n- [ ] Add a smoke test, done when it runs in two minutes (Bo)\n- [x] Order pizza\n"
    extraction = extract_candidates(load("notes.md", notes))
    (one,) = extraction.candidates
    assert (one.title, one.acceptance_criteria, one.mentioned_by) == (
        "Add a smoke test",
        ("It runs in two minutes",),
        ("Bo",),
    )
    assert [turned_down.title for turned_down in extraction.rejected] == ["Order pizza"]


def test_a_meeting_in_another_language_is_not_called_empty() -> None:
    notes = extract_candidates(
        talk("Aude: Il faut remplacer la vieille caisse.", "Luc: Oui, mais pas avant le mois de mai.")
    )
    assert "seems to be in French" in notes.extraction_notes[1]
    assert "found nothing that asks for work" not in notes.extraction_notes


def test_a_meeting_partly_in_another_language_says_so() -> None:
    lines = ["Ann: We should show the price on the page."] * 6
    notes = extract_candidates(talk(*lines, *["Uwe: Das müssen wir noch nicht machen."] * 2)).extraction_notes
    assert any("this meeting was read as English; some 25 % of it seem to be in German" in note for note in notes)


def test_each_meeting_is_read_in_its_own_language() -> None:
    english = extract_candidates(talk("Ann: We should show the price on the page because people ask for it."))
    dutch = extract_candidates(talk("Anna: We moeten de prijs op de pagina tonen, want mensen vragen ernaar."))
    german = extract_candidates(talk("Anna: Wir müssen den Preis auf der Seite zeigen, weil die Leute danach fragen."))
    assert [one.title for found in (english, dutch, german) for one in found.candidates] == [
        "Show the price on the page",
        "De prijs op de pagina tonen",
        "Den Preis auf der Seite zeigen",
    ]


def test_every_language_has_the_words_that_the_rules_look_for() -> None:
    """A cue that a file lacks is never found: nothing fails, and nothing is read."""
    assert languages() == ("en", "de", "nl")
    for code in languages():
        marks = cues(code)
        assert marks.words("function"), code
        assert marks.words("empty"), code
        assert marks.endings, code
        for cue in ("story", "request", "commit", "bug", "debt", "spike", "reject", "park", "done", "opener", "reason"):
            assert marks.pattern(cue).pattern != "(?!)", f"{code} lacks {cue}"


@pytest.mark.parametrize(
    "said",
    [
        "Ann: We need to replace the shelf in room {0} with lamp {0}a.\n",
        "Ann: It's done when page {0} loads.\n",
        "Ann: Drop it. We dropped it.\n",
        "Ann: The door of flat {0} crashes when it rains.\n",
    ],
)
def test_work_grows_no_faster_than_the_meeting(said: str) -> None:
    def calls(count: int) -> int:
        """How many functions are called, Python's own included: no clock is asked."""
        meeting = load("long.txt", "".join(said.format(number) for number in range(count)).encode())
        made = 0

        def count_one(frame: object, event: str, argument: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(count_one)
        try:
            extract_candidates(meeting)
        finally:
            sys.setprofile(before)
        return made

    calls(20)  # expressions are compiled when they are first looked for
    few = calls(200)  # first: words of sentences that were read before are kept
    assert calls(800) < 6 * few  # four times as long; sixteen times would be quadratic
