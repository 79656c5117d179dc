"""Evidence is marked where it stands, and where quotes meet each keeps its own."""

from __future__ import annotations

from pipekit.backlog import Meeting, Span, Utterance
from pipekit.backlog.evidence.locating import Locator, locator_of
from pipekit.backlog.output_formats.highlights import Mark, Piece, highlight, line_of


def said(*texts: str) -> Locator:
    return locator_of(
        Meeting(utterances=tuple(Utterance(text=text, line=n, last_line=n) for n, text in enumerate(texts, start=1)))
    )


def span(quote: str, first: int = 1, last: int | None = None) -> Span:
    """As an earlier version kept it: without its characters."""
    return Span(quote=quote, first=first, last=last or first)


def test_a_quote_is_cut_out_of_its_turn_of_talk() -> None:
    mark = Mark(1, 1)
    pieces, found = highlight(said("Well, we need dates. Yes."), {mark: span("we need dates.")})
    assert pieces == [
        [Piece("Well, "), Piece("we need dates.", begins=(mark,), covers=(mark,), ends=(mark,)), Piece(" Yes.")]
    ]
    assert found == {mark}


def test_a_quote_is_found_whatever_its_white_space_and_across_turns() -> None:
    mark = Mark(1, 1)
    pieces, _ = highlight(said("Now we\n need", "dates. Fine."), {mark: span("we need dates.", 1, 2)})
    assert [[(piece.text, bool(piece.covers)) for piece in turn] for turn in pieces] == [
        [("Now ", False), ("we\n need", True)],
        [("dates.", True), (" Fine.", False)],
    ]
    assert [piece.begins for turn in pieces for piece in turn] == [(), (mark,), (), ()]
    assert [piece.ends for turn in pieces for piece in turn] == [(), (), (mark,), ()]


def test_quotes_that_overlap_are_both_marked_and_no_word_is_said_twice() -> None:
    one, two = Mark(1, 1), Mark(2, 1)
    pieces, _ = highlight(said("a b c d"), {one: span("a b c"), two: span("b c d")})
    assert [(piece.text, piece.covers) for piece in pieces[0]] == [
        ("a ", (one,)),
        ("b c", (one, two)),
        (" d", (two,)),
    ]


def test_what_was_not_said_there_is_not_marked() -> None:
    pieces, found = highlight(said("a b", "c"), {Mark(1, 1): span("c"), Mark(1, 2): span(""), Mark(1, 3): span("a", 9)})
    assert (pieces, found) == ([[Piece("a b")], [Piece("c")]], set())


def test_a_line_leads_to_the_turn_it_belongs_to() -> None:
    turns = (Utterance(text="", line=3, last_line=5), Utterance(text="", line=7, last_line=7))
    assert [line_of(locator_of(Meeting(utterances=turns)), line) for line in (3, 5, 6, 7)] == [3, 3, None, 7]


def test_a_span_is_marked_at_its_characters_and_not_at_the_first_place_with_these_words() -> None:
    mark = Mark(1, 1)
    turns = said("Dates, dates.", "Dates\n again")
    pieces, _ = highlight(turns, {mark: turns.locate("dates", [span("", 2)])})
    assert [[(piece.text, bool(piece.covers)) for piece in turn] for turn in pieces] == [
        [("Dates, ", False), ("dates", True), (".", False)],
        [("Dates\n again", False)],
    ]


def test_a_span_whose_words_were_edited_by_hand_is_looked_for() -> None:
    mark = Mark(1, 1)
    edited = Span(first=1, last=1, quote="two", from_char=0, to_char=3)
    pieces, _ = highlight(said("one two"), {mark: edited})
    assert [piece.text for piece in pieces[0] if piece.covers] == ["two"]


def test_what_is_unsupported_is_marked_nowhere_even_where_somebody_said_the_words() -> None:
    unsupported = Span(first=1, last=1, quote="one", verified=False, match="unsupported")
    pieces, found = highlight(said("one two"), {Mark(1, 1): unsupported})
    assert (pieces, found) == ([[Piece("one two")]], set())
