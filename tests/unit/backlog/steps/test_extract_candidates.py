"""From what a model says to candidates: located, numbered, each once; nothing invented passes for stated."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipekit.backlog import Meeting
from pipekit.backlog.asked.candidates import extraction_from
from pipekit.backlog.asked.extraction import AskedCandidate, AskedCriterion, AskedExtraction, AskedRejected
from pipekit.backlog.steps.extract_candidates import extract_candidates

LIST = "As a member I want to see my place on the waiting list."


def item(title: str, *quotes: str, **fields: Any) -> dict[str, Any]:
    return {"title": title, "quotes": list(quotes), "type": "feature", "description": title, **fields}


def extraction(*candidates: dict[str, Any], rejected: Any = (), notes: Any = ()) -> dict[str, Any]:
    return {"candidates": list(candidates), "rejected": list(rejected), "notes": list(notes)}


PLACE = item(
    "Show members their place on the waiting list",
    LIST,
    "The waiting list is on paper",
    acceptanceCriteria=[
        {"text": "It is right as of last night", "quote": "It's fine if it is right as of last night."}
    ],
    mentionedBy=["Ottla", "Bram", "Napoleon"],
)
METERS = item(
    "Fix water meters that fail below five degrees", "the water meters show nothing below five degrees", type="bug"
)
SEEDS = {"title": "Sell seeds", "reason": "rejected", "quote": "No, the statutes don't allow it."}


def test_candidates_are_numbered_by_first_mention_and_have_their_places(ask: Any, garden: Meeting) -> None:
    found = ask(extract_candidates, extraction(METERS, PLACE, rejected=[SEEDS]), garden)

    place, meters = found.candidates
    assert (place.id, meters.id) == ("candidate-1", "candidate-2")
    assert (place.raw_context, place.verified) == (LIST, True)
    assert [(span.first, span.speaker, span.verified) for span in place.evidence] == [
        (1, "Ottla (PO)", True),
        (2, "Bram", True),
    ]
    assert place.acceptance_criteria == ("It is right as of last night",)
    assert place.mentioned_by == ("Ottla (PO)", "Bram")
    assert [(span.first, span.last) for span in place.discussed] == [(1, 4)]
    assert [(span.first, span.last) for span in meters.discussed] == [(5, 7)]
    assert [(one.reason, one.evidence[0].first) for one in found.rejected] == [("rejected", 8)]
    assert found.extraction_notes == ()


def test_an_invented_quote_is_marked_and_told(ask: Any, garden: Meeting) -> None:
    one = item("Add a dark theme", "We absolutely need a dark theme by Friday")
    (candidate,) = ask(extract_candidates, extraction(one), garden).candidates
    (span,) = candidate.evidence
    assert (span.match, span.quote, span.first) == ("unsupported", "We absolutely need a dark theme by Friday", 0)
    assert (candidate.verified, candidate.discussed) == (False, ())
    notes = ask(extract_candidates, extraction(one), garden).extraction_notes
    assert notes == ("candidate-1: not in the meeting word for word: “We absolutely need a dark theme by Friday”",)


def test_a_paraphrase_beside_a_true_quote_is_marked_too(ask: Any, garden: Meeting) -> None:
    paraphrase = "Each week people ask me about the paper waiting list"
    found = ask(extract_candidates, extraction(item("Show the waiting list", paraphrase, LIST)), garden)
    (candidate,) = found.candidates
    assert (candidate.raw_context, candidate.verified) == (LIST, True)
    assert [(span.first, span.verified) for span in candidate.evidence] == [(1, False), (2, True)]
    assert paraphrase in found.extraction_notes[0]


def test_an_item_without_quotes_comes_last_and_is_not_verified(ask: Any, garden: Meeting) -> None:
    found = ask(extract_candidates, extraction(item("Do something", " "), PLACE), garden)
    assert [one.verified for one in found.candidates] == [True, False]
    assert [span.match for span in found.candidates[1].evidence] == ["unsupported"]
    assert found.extraction_notes == ("candidate-2: no words from the meeting were given for it",)


def test_the_same_item_twice_is_one_candidate_with_both_places(ask: Any, garden: Meeting) -> None:
    again = item("show members their place on the waiting list.", "Do members who moved away still see it?")
    found = ask(extract_candidates, extraction(PLACE, METERS, again), garden)
    assert [one.title for one in found.candidates] == [PLACE["title"], METERS["title"]]
    assert [span.first for span in found.candidates[0].evidence] == [1, 2, 3]
    assert found.extraction_notes == (f"joined two mentions of “{PLACE['title']}”",)


def test_two_items_of_one_sentence_stay_two(ask: Any, garden: Meeting) -> None:
    quote = "The list has to come off the paper first, into the register."
    one, other = item("Digitise the paper records", quote), item("Connect a register of plots", quote)
    assert len(ask(extract_candidates, extraction(one, other), garden).candidates) == 2
    one, other = item("Export the list as CSV", quote), item("Export the list as PDF", quote)
    assert len(ask(extract_candidates, extraction(one, other), garden).candidates) == 2


def test_what_was_turned_down_is_no_candidate_even_when_it_is_listed_as_one(ask: Any, garden: Meeting) -> None:
    found = ask(
        extract_candidates, extraction(item("Sell seeds", "Could we sell seeds, too?"), rejected=[SEEDS]), garden
    )
    assert found.candidates == ()
    assert found.extraction_notes == ("“Sell seeds” was turned down in the meeting, so it is no candidate",)


def test_words_that_nobody_said_turn_nothing_down(ask: Any, garden: Meeting) -> None:
    invented = {"title": PLACE["title"], "reason": "parked", "quote": "Purple elephants postpone everything"}
    found = ask(extract_candidates, extraction(PLACE, rejected=[invented]), garden)
    assert (len(found.candidates), found.rejected) == (1, ())
    assert "isn't in the meeting" in found.extraction_notes[0]


def test_criteria_that_nobody_stated_are_left_out_and_told(ask: Any, garden: Meeting) -> None:
    criteria = [
        {"text": "The page loads within 200 ms", "quote": LIST},
        {"text": "Screen readers are supported", "quote": "must be accessible"},
        {"text": " ", "quote": LIST},
        *PLACE["acceptanceCriteria"],
    ]
    found = ask(extract_candidates, extraction({**PLACE, "acceptanceCriteria": criteria}), garden)
    assert found.candidates[0].acceptance_criteria == ("It is right as of last night",)
    (note,) = found.extraction_notes
    assert "200 ms" in note
    assert "Screen readers" in note


def test_a_title_of_two_hundred_characters_is_cut_at_a_word(ask: Any, garden: Meeting) -> None:
    (candidate,) = ask(extract_candidates, extraction(item("waiting lists " * 15, LIST)), garden).candidates
    assert len(candidate.title) <= 80
    assert candidate.title.endswith("waiting…")


def test_blank_titles_are_made_of_the_words_or_left_out(ask: Any, garden: Meeting) -> None:
    found = ask(extract_candidates, extraction(item(" \n", LIST, description=""), item("…")), garden)
    (candidate,) = found.candidates
    assert (candidate.title, candidate.description) == (LIST, LIST)
    assert found.extraction_notes == ("left out an item without a title and without words from the meeting",)


def test_a_meeting_without_work_items_gives_an_empty_list(ask: Any, garden: Meeting) -> None:
    assert ask(extract_candidates, extraction(), garden).candidates == ()
    assert ask(extract_candidates, "never read", Meeting(utterances=())).candidates == ()


TEXTS = st.one_of(
    st.text(max_size=30), st.sampled_from([LIST, "the water meters", "candidate-1", "../../etc/passwd", ""])
)
ANSWERS = st.builds(
    AskedExtraction,
    candidates=st.lists(
        st.builds(
            AskedCandidate,
            quotes=st.lists(TEXTS, max_size=3).map(tuple),
            title=TEXTS,
            type=st.sampled_from(["feature", "bug", "tech-debt", "spike"]),
            description=TEXTS,
            acceptance_criteria=st.lists(st.builds(AskedCriterion, text=TEXTS, quote=TEXTS), max_size=2).map(tuple),
            mentioned_by=st.lists(TEXTS, max_size=2).map(tuple),
        ),
        max_size=4,
    ).map(tuple),
    rejected=st.lists(st.builds(AskedRejected, quote=TEXTS, title=TEXTS, reason=st.just("parked")), max_size=2).map(
        tuple
    ),
    notes=st.lists(TEXTS, max_size=2).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=ANSWERS)
def test_no_answer_of_the_right_shape_makes_it_fail(garden: Meeting, answer: AskedExtraction) -> None:
    found = extraction_from(answer, garden)
    lines = {one.line: one.text for one in garden.utterances}
    said = " ".join(lines.values())
    assert [one.id for one in found.candidates] == [f"candidate-{n}" for n in range(1, len(found.candidates) + 1)]
    for one in found.candidates:
        assert 0 < len(one.title) <= 80
        assert not one.verified or (one.raw_context and one.raw_context in said)
        assert one.evidence
        for span in (*one.evidence, *one.discussed):
            assert (span.first in lines and span.last in lines) or (span.match, span.first) == ("unsupported", 0)


def test_each_criterion_has_the_words_that_state_it(ask: Any, garden: Meeting) -> None:
    criteria = [
        {"text": "It is right as of last night", "quote": "It's fine if it is right as of last night."},
        {"text": "They show the level at minus ten", "quote": ""},
        {
            "text": "See the place on the waiting list",
            "quote": "The member sees the place on the paper list of waiting",
        },
    ]
    one = item("Show members their place on the waiting list", LIST, acceptanceCriteria=criteria)
    (candidate,) = ask(extract_candidates, extraction(one), garden).candidates
    assert tuple(claim.text for claim in candidate.criteria_evidence) == candidate.acceptance_criteria
    assert [(claim.text[:14], [(span.match, span.first) for span in claim.evidence]) for claim in
            candidate.criteria_evidence] == [
        ("It is right as", [("folded", 2)]),
        ("They show the ", [("folded", 6)]),
        ("See the place ", [("close", 2)]),
    ]  # fmt: skip
