"""How talk is cut into topics: what opens one, what it is called, and what was turned down in its middle."""

from __future__ import annotations

import pytest

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import LOADERS
from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.extract_candidates import extract_candidates
from pipekit.backlog.offline.map_dependencies import map_dependencies
from pipekit.backlog.offline.talk import read_talk
from pipekit.backlog.offline.topics import Topic, cut_into_topics
from pipekit.interfaces import Source


def talk(*lines: str) -> Meeting:
    content = ("\n".join(lines) + "\n").encode()
    loaded = LOADERS["text"]().load(Source(name="talk.txt", content=content))
    assert isinstance(loaded, Meeting)
    return loaded


def topics(*lines: str) -> list[Topic]:
    meeting = talk(*lines)
    return cut_into_topics(meeting, read_talk(meeting), cues())


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Okay. Wheelchairs.", "Wheelchairs"),
        ("So, next, wheelchairs.", "wheelchairs"),
        ("Then, the wheelchairs.", "the wheelchairs"),
        ("Bo, please, the wheelchairs.", "the wheelchairs"),
        ("What about the wheelchairs?", "the wheelchairs"),
        ("The thing I'd like to begin with is wheelchairs.", "wheelchairs"),
        ("First on the list is the wheelchairs.", "the wheelchairs"),
    ],
)
def test_what_is_announced_opens_a_topic_and_names_it(said: str, name: str) -> None:
    found = topics(
        "Ann: We have the new beds in the hall since Monday, and the lift is repaired as well.",
        "Bo: I saw them.",
        f"Ann: {said}",
        "Ann: We own three hundred wheelchairs and nobody finds one.",
        "Bo: On paper we do.",
    )
    assert [one.name for one in found][-1] == name
    assert found[-1].sentences[-1].text == "On paper we do."


@pytest.mark.parametrize("said", ["A wheelchair?", "Many wheelchairs.", "Sounds good.", "Five points.", "Lovely."])
def test_an_answer_an_echo_or_a_comment_opens_none(said: str) -> None:
    found = topics(
        "Ann: Next, the lift. It stops between two floors when somebody brings a wheelchair.",
        "Ann: How often does that happen?",
        f"Bo: {said}",
        "Ann: The lift is from 1982, wheelchairs were smaller then.",
    )
    assert [one.name for one in found] == ["the lift"]


def test_a_topic_goes_on_after_something_in_its_middle_was_turned_down() -> None:
    extraction = extract_candidates(
        talk(
            "Ann: Next, the inventory. Players keep asking for a way to sort the inventory.",
            "Bo: And by weight?",
            "Ann: No, nobody cares about weight.",
            "Cleo: When is it done?",
            "Ann: You can sort by type and by name. The choice is remembered after a restart.",
        )
    )
    (one,) = extraction.candidates
    assert (one.title, len(one.acceptance_criteria)) == ("Sort the inventory", 2)
    assert [rejected.reason for rejected in extraction.rejected] == ["rejected"]


def test_what_was_asked_for_and_later_dropped_under_the_same_name_is_no_item() -> None:
    extraction = extract_candidates(
        talk(
            "Ann: Next, the valve. Customers ask for it, we should build a valve that shuts off the water.",
            "Bo: Possible.",
            "Ann: Next, the display. It must show French texts, people in Wallonia ask for it.",
            "Bo: Forty texts.",
            "Ann: So now the valve again. The valve is out, we're not building it.",
        )
    )
    assert [one.title for one in extraction.candidates] == ["The display"]


@pytest.mark.parametrize(
    "said", ["We should build the export, go or no-go on Friday.", "We should build the export, let's not park it."]
)
def test_what_is_only_one_of_two_ways_or_denied_turns_nothing_down(said: str) -> None:
    extraction = extract_candidates(talk(f"Ann: {said}"))
    assert [one.raw_context for one in extraction.candidates] == [said]
    assert extraction.rejected == ()


def test_a_sentence_that_is_called_the_criterion_afterwards_is_one() -> None:
    (one,) = extract_candidates(
        talk("Ann: We need to move to the new adapter.", "Bo: All the tests pass on it. That's when I'd call it done.")
    ).candidates
    assert one.acceptance_criteria == ("All the tests pass on it",)


def test_a_summary_at_the_end_brings_up_nothing_new() -> None:
    extraction = extract_candidates(
        talk(
            "Ann: We should add a filter for cities.",
            "Bo: Fine.",
            "Ann: Let me repeat what we have. We need the filter, that's it. We should add the filter for cities.",
        )
    )
    assert [one.title for one in extraction.candidates] == ["Add a filter for cities"]


def test_an_interrupted_sentence_is_no_request() -> None:
    assert extract_candidates(talk("Ann: Can't we just do the voice and", "Bo: And the text? No.")).candidates == ()


def test_what_the_time_of_the_meeting_is_about_is_no_work() -> None:
    found = extract_candidates(
        talk("Ann: One more thing, the time of this meeting. Can we do it at nine instead of eleven?", "Bo: Sure.")
    )
    assert found.candidates == ()


def test_dependencies_follow_first_and_then() -> None:
    meeting = talk(
        "Ann: Next, the ward screen. Nurses want to see on the ward screen when the porter comes.",
        "Bo: Next, the feed. We should replace the polling script by the message feed.",
        "Bo: First the feed, then the ward screen.",
    )
    found = extract_candidates(meeting).candidates
    (edge,) = map_dependencies(meeting, found).dependencies
    titles = {one.id: one.title for one in found}
    assert "ward screen" in titles[edge.source]
    assert "feed" in titles[edge.target]


def test_what_names_its_own_thing_turns_down_nothing_that_was_said_before() -> None:
    extraction = extract_candidates(
        talk(
            "Ann: As a guest I want to buy a ticket on the phone so that I needn't queue.",
            "Bo: The clock at the door of the hall crashes every night, we have to fix that.",
            "Ann: The sauna booking is postponed.",
        )
    )
    assert [(one.type, one.title) for one in extraction.candidates] == [
        ("feature", "Buy a ticket on the phone"),
        ("bug", "Fix: the clock at the door of the hall crashes every night"),
    ]
    assert [(one.reason, one.title) for one in extraction.rejected] == [("parked", "The sauna booking")]


def test_that_something_is_there_already_does_not_finish_the_item_it_is_used_for() -> None:
    extraction = extract_candidates(
        talk(
            "Ann: Next, services. Farmers would like to be reminded of the next service.",
            "Bo: A message is sent at fifty hours.",
            "Cleo: The hours are already in production, by the way.",
            "Ann: Put that on the backlog.",
        )
    )
    (one,) = extraction.candidates
    assert "service" in one.title.lower()
    assert extraction.rejected == ()


def test_rules_that_are_noted_as_testable_are_criteria_though_nobody_calls_them_so() -> None:
    stated = (
        "Ann: As a dispatcher I want to put two porters on one job because one can't lift it.",
        "Ann: Both porters get the job. It only starts when both have accepted. The ward never sees half a job.",
    )
    noted = extract_candidates(talk(*stated, "Bo: I can test that.")).candidates
    only_told = extract_candidates(talk(*stated, "Bo: My bike has a flat tyre.")).candidates
    assert [len(one.acceptance_criteria) for one in noted] == [3]
    assert [len(one.acceptance_criteria) for one in only_told] == [0]


def test_laughter_names_nothing() -> None:
    found = topics(
        "Ann: Next, the lift. It stops between two floors when somebody brings a wheelchair.",
        "Bo: In the dark, too.",
        "Ann: Haha.",
        "Bo: Haha, yes, in the dark.",
    )
    assert [one.name for one in found] == ["the lift"]


@pytest.mark.parametrize(
    "lines",
    [
        (
            "Iris: We need to archive the old games, the server is full. Technical debt.",
            "Bo: No chat, we said no to that.",
        ),
        ("Iris: We moeten de oude partijen archiveren. Dat is technische schuld.", "Bo: Geen chat, dat is afgewezen."),
    ],
)
def test_what_is_named_where_it_is_turned_down_takes_nothing_with_it(lines: tuple[str, ...]) -> None:
    found = extract_candidates(talk(*lines))
    assert [one.type for one in found.candidates] == ["tech-debt"]
    assert ["chat" in one.title.lower() for one in found.rejected] == [True]


def test_bullets_that_only_stand_before_what_people_say_lay_nothing_out() -> None:
    content = (
        "# Refinement of the chess club\n\n"
        "- Iris: As a player I want to see my next opponent on my phone so that I find the board.\n"
        "- Iris: It's done when the pairing is there ten minutes before, and when it names the board.\n"
        "- Otto: Two days.\n"
        "- Otto: The rating list is wrong for people with an umlaut in the name. That's a bug.\n"
        "- Iris: Noted.\n"
    )
    meeting = LOADERS["markdown"]().load(Source(name="notes.md", content=content.encode()))
    assert isinstance(meeting, Meeting)
    found = extract_candidates(meeting).candidates
    assert [(one.type, len(one.acceptance_criteria)) for one in found] == [("feature", 2), ("bug", 0)]
