"""Several sources of one meeting are one, and every word says which of them it is from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog import Meeting
from pipekit.backlog.evidence.locating import locator_of
from pipekit.backlog.merging import merge_meetings
from pipekit.backlog.model.meeting import Unit, Utterance


def meeting(*said: tuple[str, str], source: str = "a.txt", date: str | None = None, unit: Unit = "line") -> Meeting:
    utterances = [
        Utterance(text=text, line=2 * number, last_line=2 * number + 1, speaker=speaker)
        for number, (speaker, text) in enumerate(said, start=1)
    ]
    people = tuple(dict.fromkeys(speaker for speaker, _ in said))
    return Meeting(utterances=tuple(utterances), attendees=people, source=source, date=date, unit=unit)


def test_utterances_keep_their_order_their_source_and_their_place_in_it() -> None:
    merged = merge_meetings(
        [meeting(("Anna", "one"), source="x/a.txt"), meeting(("Ben", "two"), source="x/b.docx", unit="paragraph")]
    )
    assert [(one.text, one.line, one.source, one.source_line) for one in merged.utterances] == [
        ("one", 2, "a.txt", 2),
        ("two", 5, "b.docx", 2),
    ]
    assert [merged.place(one.line) for one in merged.utterances] == ["a.txt, line 2", "b.docx, paragraph 2"]
    assert merged.source == "a.txt + b.docx"
    assert merged.attendees == ("Anna", "Ben")


def test_a_quote_is_of_the_source_that_holds_it() -> None:
    merged = merge_meetings([meeting(("Anna", "the first word")), meeting(("Ben", "the other word"), source="b.txt")])
    span = locator_of(merged).locate("other word")
    assert span is not None
    assert (span.source, span.source_line, span.speaker) == ("b.txt", 2, "Ben")


def test_a_meeting_that_is_not_merged_has_no_sources() -> None:
    one = meeting(("Anna", "one"))
    assert (one.sources, one.utterances[0].source, one.place(12)) == ((), None, "line 12")


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["a/x.txt", "b/y.txt"], ["x.txt", "y.txt"]),
        (["a/x.txt", "b/x.txt"], ["a/x.txt", "b/x.txt"]),
        (["x.txt", "x.txt"], ["x.txt (1)", "x.txt (2)"]),
    ],
)
def test_sources_of_one_name_are_told_apart(names: list[str], shown: list[str]) -> None:
    merged = merge_meetings([meeting(("Anna", "one"), source=name) for name in names])
    assert [one.name for one in merged.sources] == shown


def test_days_that_differ_are_told() -> None:
    merged = merge_meetings([meeting(date="2026-11-24"), meeting(), meeting(date="2026-11-25")])
    assert merged.date == "2026-11-24"
    assert "more than one day (2026-11-24, 2026-11-25)" in merged.warnings[0]


def test_one_person_has_one_name_in_all_sources() -> None:
    merged = merge_meetings(
        [
            meeting(("Anna Smith (Guest)", "one"), ("Ben Okri", "two")),
            meeting(("anna", "three"), ("OKRI, Ben", "four"), source="b"),
        ]
    )
    assert [one.speaker for one in merged.utterances] == ["Anna Smith", "Ben Okri", "Anna Smith", "Ben Okri"]
    assert merged.attendees == ("Anna Smith", "Ben Okri")


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c"]), max_size=5), min_size=1, max_size=5))
def test_no_line_is_two_and_every_word_is_there(talks: list[list[str]]) -> None:
    merged = merge_meetings(
        [meeting(*((text, text) for text in talk), source=str(at)) for at, talk in enumerate(talks)]
    )
    assert [one.text for one in merged.utterances] == [text for talk in talks for text in talk]
    lines = [line for one in merged.utterances for line in range(one.line, one.last_line + 1)]
    assert lines == sorted(set(lines))
    assert all(merged.place(one.line) == f"{one.source}, line {one.source_line}" for one in merged.utterances)
