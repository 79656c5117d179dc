"""Words are found as they are, then folded, then nearly; what is in none of these ways there is unsupported."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog import Meeting, Span, Utterance
from pipekit.backlog.evidence.close_match import CLOSE
from pipekit.backlog.evidence.folding import folded, says_something
from pipekit.backlog.evidence.locating import locator_of, unsupported
from pipekit.backlog.text import fold

Said = Callable[..., Meeting]

MESSY = st.text(alphabet="ab AB éß\u0301ﬁ…“’-–\r\n\t👍🏽שلم字\u200f\u00ad.", max_size=30)


def of_texts(texts: list[str]) -> Meeting:
    return Meeting(utterances=tuple(Utterance(text=text, line=n, last_line=n) for n, text in enumerate(texts, 1)))


def test_a_span_has_line_speaker_time_and_characters(said: Said) -> None:
    locator = locator_of(said("Good morning.", "We need   a date,\r\nand names."))
    span = locator.locate("a date, and names")
    assert span == Span(
        first=2, last=2, speaker="P2", start=2.0, quote="a date, and names", match="exact", from_char=22, to_char=39
    )
    assert locator.source.text[22:39] == span.quote


def test_a_quote_across_two_cues_is_found_with_both_places(said: Said) -> None:
    span = locator_of(said("We want to set a date", " ", "so that it goes online.")).locate("a date so that\n it goes")
    assert (span.first, span.last, span.match) == (1, 3, "exact")


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("WE'D LIKE the list - sorted", "We’d like the list – sorted"),
        ("straße 7", "Strasse 7"),
        ("Cafe\u0301 Zoë", "CAFÉ zoë"),
        ("שלום לכולם", "\u202bשלום\u202c לכולם"),
        ("well... yes", "Well… yes"),
    ],
)
def test_what_only_copying_changed_is_folded_and_kept_in_the_words_of_the_source(
    said: Said, quote: str, words: str
) -> None:
    span = locator_of(said("Hello.", f"So, {words}, please.")).locate(quote)
    assert (span.match, span.verified, span.first) == ("folded", True, 2)
    assert folded(span.quote) == folded(quote)
    assert span.quote.strip("\u202b\u202c") == fold(words).strip("\u202b\u202c")


def test_a_close_match_has_the_words_of_the_source_and_those_given(said: Said) -> None:
    given = "the import of members must be fixed before friday"
    span = locator_of(said("Hi.", "The import of the members must be fixed by Friday.")).locate(given)
    assert (span.match, span.verified, span.first, span.given) == ("close", False, 2, given)
    assert span.quote.startswith("The import of the members must be fixed")
    assert CLOSE <= span.similarity < 1


@pytest.mark.parametrize("quote", ["", "  \n", "?!", "“…”", "\u0301", "Purple elephants dance on the roof", "x" * 9000])
def test_what_is_not_there_is_unsupported_and_has_no_place(said: Said, quote: str) -> None:
    span = locator_of(said("Good morning?!", "We need a date…")).locate(quote)
    assert (span.match, span.verified, span.first, span.last) == ("unsupported", False, 0, 0)
    assert (span.from_char, span.to_char, span.similarity) == (None, None, 0.0)
    assert len(span.quote) < 600


def test_in_a_meeting_without_words_everything_is_unsupported() -> None:
    for meeting in (Meeting(utterances=()), of_texts(["", " \r\n"])):
        assert locator_of(meeting).locate("Good morning, everybody here") == unsupported("Good morning, everybody here")


def test_of_several_places_the_one_nearest_to_the_other_evidence_is_taken(said: Said) -> None:
    locator = locator_of(said("Send it.", "The report is late.", "Send it.", "x", "y", "Send it.", "The mail, too."))
    late, mail = locator.locate("The report is late"), locator.locate("The mail, too")
    assert locator.locate("Send it.").first == 1
    assert locator.locate("Send it.", [mail]).first == 6
    assert locator.locate("send IT.", [mail]).first == 6
    assert locator.locate("Send it.", [late]).first in (1, 3)
    assert locator.locate("Send it.", [Span(first=3, last=3)]).first == 3


def test_other_evidence_that_stands_nowhere_leads_nowhere(said: Said) -> None:
    locator = locator_of(said("Send it.", "Send it."))
    assert locator.locate("Send it.", [unsupported("the dog"), Span(first=90, last=99)]).first == 1


def test_whole_words_are_preferred_and_can_be_asked_for(said: Said) -> None:
    locator = locator_of(said("We start importing art."))
    assert locator.locate("art").from_char == 19
    assert locator.locate("star").match == "exact"
    assert locator.locate("star", whole_words=True).match == "unsupported"


@given(st.lists(MESSY, min_size=1, max_size=4), st.data())
def test_any_stretch_of_the_source_is_found_exactly(texts: list[str], data: st.DataObject) -> None:
    locator = locator_of(of_texts(texts))
    text = locator.source.text
    begin = data.draw(st.integers(0, len(text)))
    quote = text[begin : data.draw(st.integers(begin, len(text)))].strip()
    span = locator.locate(quote)
    if says_something(quote):
        assert (span.match, span.quote) == ("exact", quote)
        assert text[span.from_char : span.to_char] == quote
    else:
        assert span.match == "unsupported"


@given(st.lists(MESSY, min_size=1, max_size=4), MESSY, st.integers(0, 5))
def test_whatever_is_looked_for_what_is_found_is_in_the_text_and_is_what_it_says(
    texts: list[str], quote: str, line: int
) -> None:
    locator = locator_of(of_texts(texts))
    span = locator.locate(quote, [Span(first=line, last=line)])
    if span.match == "unsupported":
        assert span.from_char is span.to_char is None
        return
    assert span.from_char is not None
    assert span.to_char is not None
    assert 0 <= span.from_char < span.to_char <= len(locator.source.text)
    assert locator.source.text[span.from_char : span.to_char] == span.quote
    assert 1 <= span.first <= span.last <= len(texts)
    if span.match == "exact":
        assert span.quote == fold(quote)
    elif span.match == "folded":
        assert folded(span.quote) == folded(fold(quote))
    else:
        assert CLOSE <= span.similarity <= 1


WORDS = ["we", "need", "the", "list", "of", "dates", "and", "names", "by", "friday", "again"]


@given(st.lists(st.sampled_from(WORDS), min_size=8), st.data())
def test_no_close_match_is_under_the_threshold(words: list[str], data: st.DataObject) -> None:
    changed = [data.draw(st.sampled_from([word, word, word, "mail", word.upper(), f"{word}s"])) for word in words]
    span = locator_of(of_texts([" ".join(words)])).locate(" ".join(changed))
    if span.match == "close":
        assert (span.similarity >= CLOSE, span.verified) == (True, False)
    else:
        assert span.verified or span.similarity == 0


def test_a_meeting_is_read_once_and_not_kept_for_ever() -> None:
    meeting = of_texts(["a", "b"])
    assert locator_of(meeting) is locator_of(meeting)
    first = locator_of(meeting)
    del meeting
    assert locator_of(of_texts(["a", "b"])) is not first


def test_hostile_repetition_is_looked_through_once() -> None:
    # A search whose cost is the square of these lengths would run into the test's time limit.
    locator = locator_of(of_texts(["a" * 200_000, "ab " * 60_000]))
    near = [Span(first=2, last=2)]
    found = [locator.locate(quote, near, whole_words=True) for quote in ("a" * 50, "aab", "ab " * 150, "ba")]
    assert [span.match for span in found] == ["unsupported", "unsupported", "exact", "unsupported"]
