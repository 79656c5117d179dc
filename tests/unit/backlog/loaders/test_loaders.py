"""Every format becomes one meeting; what can't be read says why."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import LOADERS
from pipekit.errors import InputError
from pipekit.inputs import Given, pick_loader
from pipekit.interfaces import Loader, Source

MEETINGS = Path(__file__).parents[3] / "data" / "meetings"
MADE: dict[str, Loader[Any]] = {name: factory() for name, factory in LOADERS.items()}


def read(content: str | bytes, name: str = "meeting.txt") -> Meeting:
    data = content.encode() if isinstance(content, str) else content
    chosen = pick_loader(Given(name=name, content=data, kind="file"), MADE, None, Meeting)
    assert chosen is not None
    meeting = MADE[chosen].load(Source(name=name, content=data))
    assert isinstance(meeting, Meeting)
    return meeting


@pytest.mark.parametrize(
    ("name", "loader", "people"),
    [
        ("museum-refinement.txt", "text", {"Constance", "Idris", "Maud", "Petros"}),
        ("scooter-refinement.md", "markdown", {"Ewa (PO)", "Tobiasz", "Nneka", "Rui (ops)"}),
        ("podcast-planning.vtt", "vtt", {"Lucinda", "Farouk", "Anneli", "Jamal"}),
        ("weather-retro.srt", "srt", {"Solveig", "Bartek", "Hyacinth"}),
        ("vet-standup.json", "fireflies", {"Marguerite", "Desmond", "Lin", "Akosua", "Thibault"}),
    ],
)
def test_each_format_is_recognised_and_its_people_are_known(name: str, loader: str, people: set[str]) -> None:
    content = (MEETINGS / name).read_bytes()
    assert pick_loader(Given(name=name, content=content, kind="file"), MADE, None, Meeting) == loader
    assert pick_loader(Given(name="stdin", content=content, kind="file"), MADE, None, Meeting) == loader
    assert set(read(content, name).attendees) == people


@pytest.mark.parametrize(
    "line",
    [
        "[00:00:05] Ada (PO): We start.",
        "00:05 Ada: We start.",
        "Ada: We start.",
        "**Ada:** We start.",
        "Ada (PO) 00:05: We start.",
        "Ada  00:05\nWe start.",
    ],
)
def test_a_speaker_is_told_from_the_words_in_all_usual_forms(line: str) -> None:
    utterance = read(f"{line}\n").utterances[0]
    assert (utterance.speaker, utterance.text) == ("Ada", "We start.")


def test_a_word_before_a_colon_in_notes_is_nobodys_name() -> None:
    assert read("Decision: we use the blue one.\n").utterances[0].speaker is None


def test_lines_are_counted_in_the_source() -> None:
    meeting = read("Ada: one\r\n\r\nBen: two\r\n")
    assert [utterance.line for utterance in meeting.utterances] == [1, 3]


def test_notes_keep_headings_and_bullets_and_lose_their_marks() -> None:
    meeting = read("# Notes\n\n## Search\n\n- the **fast** [list](http://x.y) of `books`\n  - nested\n", "notes.md")
    assert meeting.title == "Notes"
    assert [(one.kind, one.level, one.text) for one in meeting.utterances[1:]] == [
        ("heading", 2, "Search"),
        ("bullet", 1, "the fast list of books"),
        ("bullet", 2, "nested"),
    ]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("## Search ##", "Search"),
        ("## Port it to C#", "Port it to C#"),
        ("## **Fast** __list__ of *books* #", "Fast list of books"),
        ("## a ** b ** c", "a ** b ** c"),
        ("## **open, and never closed", "**open, and never closed"),
        ("## **x** and **open", "x and **open"),
        ("## ***both***", "both"),
    ],
)
def test_marks_go_in_pairs_and_a_heading_keeps_its_own(written: str, read_as: str) -> None:
    assert read(f"{written}\n", "notes.md").utterances[0].text == read_as


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.vtt", "a.srt", "a.html", "a.eml"])
@pytest.mark.parametrize(
    "line",
    [
        "# a" + " " * 200_000 + "b",
        "# a" + "#" * 200_000 + "b",
        "[" * 200_000,
        "**a " * 50_000,
        "`" * 200_000 + "a",
        "<v." * 60_000,
        "<v" + " " * 200_000,
        "1" + "\n" * 200_000,
        "1:00" + " " * 200_000,
        "[a](" * 50_000,
    ],
    ids=["spaces", "hashes", "brackets", "strong", "code", "voices", "voice", "lines", "times", "links"],
)
def test_no_line_takes_longer_than_its_length(line: str, name: str) -> None:
    """A second at most; where an expression is quadratic, 200,000 characters take minutes."""
    begun = process_time()
    head = f"WEBVTT\n\n00:01.000 --> 00:02.000\n{line}\n" if name == "a.vtt" else f"{line}\n"
    for content in (head.encode(), f"Ada: {line}\n".encode()):
        for loader in MADE.values():
            loader.recognises(content, "a")
        with suppress(InputError):
            read(content, name)
    assert process_time() - begun < 10


def test_cues_of_one_speaker_are_joined_while_the_sentence_goes_on() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>We want</v>\n\n00:02.000 --> 00:03.000\n<v Ada>to go.</v>\n"
    meeting = read(text, "x.vtt")
    assert [(one.text, one.line, one.last_line, one.start) for one in meeting.utterances] == [
        ("We want to go.", 1, 2, 1.0)
    ]


def test_a_cue_that_cannot_be_read_is_left_out_and_counted() -> None:
    text = "WEBVTT\n\nsoon --> later\nlost\n\n00:02.000 --> 00:03.000\nAda: kept.\n"
    meeting = read(text, "x.vtt")
    assert [one.text for one in meeting.utterances] == ["kept."]
    assert "left out 1 cues" in meeting.warnings[0]


def test_an_object_that_hides_its_sentences_is_read_too() -> None:
    meeting = read(
        '{"title": "T", "date": 1700000000000, "data": {"sentences": [{"text": "a", "speaker": {"name": "Ada"}}]}}',
        "x.json",
    )
    assert (meeting.title, meeting.date, meeting.utterances[0].speaker) == ("T", "2023-11-14", "Ada")


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\x00", "a.txt", "binary"),
        (b"PK\x03\x04rest", "a.docx", "docx"),
        (b"\x00\x01\x02" * 50, "a.txt", "binary"),
        (b"\xef\xbb\xbf \n", "a.txt", "empty"),
        (b"[1, 2", "a.json", "json"),
        (b"[" * 100_000, "a.json", "json"),
        (b"[" + b"1" * 5000 + b"]", "a.json", "json"),
        (b'{"a": 1}', "a.json", "no-sentences"),
        (b'[{"text": "  "}]', "a.json", "empty"),
        (b"ID3\x04\x00\x00words", "a.txt", "binary"),
        (b"RIFF\x24\x08\x00\x00WAVEfmt ", "a.txt", "binary"),
        (b"GIF89a\x01\x00\x01\x00", "a.txt", "binary"),
        (b"OggS\x00\x02", "a.txt", "binary"),
        (b"\x00\x00\x00\x18ftypmp42", "a.txt", "binary"),
        (b"%PDF-1.7\n", "a.txt", "binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "a.doc", "binary"),
        (b"WEBVTT\n", "a.vtt", "no-cues"),
    ],
)
def test_what_cannot_be_read_names_the_file_and_the_reason(content: bytes, name: str, kind: str) -> None:
    with pytest.raises(InputError) as caught:
        read(content, name)
    assert caught.value.kind == kind
    assert caught.value.file == name
    assert str(caught.value).count(name) == 1
    assert caught.value.hint != InputError.usual_hint


@pytest.mark.parametrize(
    "words",
    [
        "ID3 tags come first.",
        "RIFF or not, that is the question.",
        "GIF89 support is asked for.",
        "OggS is not a word.",
        "%PDF files come next.",
        "the ftyp box is read first.",
    ],
)
def test_notes_about_sounds_and_pictures_are_text(words: str) -> None:
    assert read(f"{words}\n").utterances[0].text == words


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        ("Ada: one\nBen: two\n".encode("utf-16")[:-1], "replaced 1 broken place by \ufffd, the first at byte 36"),
        (
            "Ada: \ufffd kept\n".encode("utf-16") + b"\x00\xd8!\x00" * 2,
            "replaced 2 broken places by \ufffd, the first at byte 26",
        ),
        (
            "Ada: é é é é é é\n".encode() + b"\xff\n",
            "replaced 1 broken place by \ufffd, the first at byte 23",
        ),
    ],
)
def test_broken_places_of_a_text_are_counted_and_told(content: bytes, warning: str) -> None:
    meeting = read(content)
    assert warning in meeting.warnings
    assert meeting.utterances[0].speaker == "Ada"


def test_a_start_that_is_no_time_is_none() -> None:
    meeting = read(
        '[{"text": "a", "start": "inf"}, {"text": "b", "start": "nan"}, {"text": "c", "start": "0:05"}]', "x.json"
    )
    assert [one.start for one in meeting.utterances] == [None, None, 5.0]


@given(st.lists(st.from_regex(r"[a-z]{3,9}( [a-z]{3,9}){0,6}", fullmatch=True), min_size=1, max_size=12))
def test_no_word_of_a_transcript_is_lost_and_lines_point_at_their_words(lines: list[str]) -> None:
    source = "".join(f"Ada: {line}\n" for line in lines)
    meeting = read(source)
    assert [one.text for one in meeting.utterances] == lines
    assert all(one.text in source.split("\n")[one.line - 1] for one in meeting.utterances)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_an_input_error(content: bytes) -> None:
    for name in ("a.txt", "a.md", "a.vtt", "a.srt", "a.json", "a.docx", "a.html", "a.eml"):
        try:
            read(content, name)
        except InputError as error:
            assert error.file == name


def test_a_large_transcript_on_one_line_is_read() -> None:
    assert len(read("Ada: " + "we talk and talk. " * 300_000).utterances) == 1


def test_control_characters_written_as_escapes_never_reach_a_meeting_either() -> None:
    entry = {"speaker_name": "Ada\n\x1b[2J", "text": "red\x00 \x1b[31mbell\x07"}
    (one,) = read(json.dumps({"sentences": [entry]}), "talk.json").utterances
    assert (one.speaker, one.text) == ("Ada", "red bell")


def test_two_voices_on_one_line_of_a_cue_are_two_speakers() -> None:
    said = read("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Hello</v> <v Ben>Hi there</v>\n", "talk.vtt").utterances
    assert [(one.speaker, one.text) for one in said] == [("Ada", "Hello"), ("Ben", "Hi there")]


@pytest.mark.parametrize("name", ["NOTEBOOK-1", "STYLES", "NOTE hello"])
def test_a_name_or_a_note_before_a_cue_swallows_no_words(name: str) -> None:
    text = f"WEBVTT\n\n{name}\n00:01.000 --> 00:02.000\n<v Ada>Hello\n"
    assert [one.text for one in read(text, "talk.vtt").utterances] == ["Hello"]


def test_control_characters_never_reach_a_meeting() -> None:
    text = read("Ada: \x1b[31mred\x1b[0m \x07bell\u2028next\n").utterances
    assert text[0].text == "red bell"
