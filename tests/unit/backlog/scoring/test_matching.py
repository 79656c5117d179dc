"""Which candidate is which item: one to one, and nothing by its length."""

from __future__ import annotations

from attrs import evolve

from pipekit.backlog.scoring.matching import match

from .scored import COLOURS, DARK, EXPORT, GOLD, KARAOKE, SAID, candidate


def test_every_item_finds_its_candidate_whatever_the_order() -> None:
    assert match(GOLD, [COLOURS, KARAOKE, DARK, EXPORT]).found == {0: 2, 1: 3, 2: 0}


def test_the_same_item_twice_is_found_once() -> None:
    again = candidate("candidate-9", "A dark mode for the night", SAID[0])
    assert len(match(GOLD, [DARK, again]).found) == 1


def test_who_quotes_the_whole_meeting_matches_one_item_at_most() -> None:
    blob = candidate("candidate-9", "Everything", " ".join(SAID), description=" ".join(SAID))
    assert len(match(GOLD, [blob]).found) <= 1


def test_words_that_stand_far_behind_count_for_nothing() -> None:
    filler = "something else entirely " * 40
    late = candidate("candidate-9", "Something else", filler + SAID[0], description=filler + "dark mode")
    assert match(GOLD, [late]).found == {}
    half = candidate("candidate-9", "Export something else", "", description=filler + "crash")
    assert match(GOLD, [half]).found == {}


def test_the_right_quote_with_half_of_the_words_is_the_item() -> None:
    named_otherwise = candidate("candidate-9", "Make empty files work", SAID[1])
    assert match(GOLD, [named_otherwise]).found == {1: 0}


def test_all_words_in_a_long_quote_alone_are_not_the_item() -> None:
    stray = "x " * 160
    by_chance = candidate("candidate-9", "Do a thing", f"{stray} export {stray[:20]} crash")
    assert match(GOLD, [by_chance]).found == {}


def test_items_that_have_to_be_found_go_before_optional_ones() -> None:
    # It is more like the optional one.
    either = candidate("candidate-9", "Offer a dark mode", SAID[0], description="Clean the colour variables.")
    both = evolve(GOLD, candidates=(evolve(GOLD.candidates[0], optional=True), GOLD.candidates[2]))
    assert match(both, [either]).found == {1: 0}
