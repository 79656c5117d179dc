"""Which talk is about an item, from where its words stand."""

from __future__ import annotations

from pipekit.backlog import Meeting, Span, Utterance
from pipekit.backlog.asked.stretches import TAIL, stretches
from pipekit.backlog.model.meeting import UtteranceKind


def meeting(count: int, *headings: int, kind: UtteranceKind = "speech") -> Meeting:
    return Meeting(
        utterances=tuple(
            Utterance(text="words", line=n, last_line=n, kind="heading" if n in headings else kind, level=2)
            for n in range(1, count + 1)
        )
    )


def found(of: Meeting, *items: list[int]) -> list[list[tuple[int, int]]]:
    places = [[Span(first=line, last=line) for line in lines] for lines in items]
    return [[(span.first, span.last) for span in spans] for spans in stretches(of, places)]


def test_talk_is_about_an_item_until_the_next_one_comes_up() -> None:
    assert found(meeting(9), [2], [5]) == [[(2, 4)], [(5, 9)]]


def test_an_item_that_comes_up_again_has_two_stretches() -> None:
    assert found(meeting(9), [2, 8], [5]) == [[(2, 4), (8, 9)], [(5, 7)]]


def test_a_heading_belongs_to_what_follows_it() -> None:
    assert found(meeting(9, 1, 4), [2], [5]) == [[(1, 3)], [(4, 9)]]


def test_in_notes_all_from_the_heading_down_belongs_to_the_item() -> None:
    assert found(meeting(9, 1, 6, kind="bullet"), [4], [8]) == [[(1, 5)], [(6, 9)]]
    assert found(meeting(9, 1, kind="bullet"), [3], [5]) == [[(1, 4)], [(5, 9)]]


def test_talk_far_behind_the_last_words_is_about_something_else() -> None:
    assert found(meeting(90), [2]) == [[(2, 2 + TAIL)]]


def test_an_item_without_a_place_has_no_stretch() -> None:
    assert found(meeting(3), [], [2], [99]) == [[], [(2, 3)], []]
