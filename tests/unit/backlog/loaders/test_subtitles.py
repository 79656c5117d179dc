"""WebVTT and SRT: every word of a cue is read, whatever is wrong with the file around it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import LOADERS
from pipekit.inputs import Given, pick_loader
from pipekit.interfaces import Source


def read(content: str | bytes, name: str = "talk.vtt") -> Meeting:
    data = content.encode() if isinstance(content, str) else content
    made = {loader: factory() for loader, factory in LOADERS.items()}
    chosen = pick_loader(Given(name=name, content=data, kind="file"), made, None, Meeting)
    meeting = made[str(chosen)].load(Source(name=name, content=data))
    assert isinstance(meeting, Meeting)
    return meeting


def said(content: str | bytes, name: str = "talk.vtt") -> list[tuple[str | None, str]]:
    return [(one.speaker, one.text) for one in read(content, name).utterances]


SRT = "1\n00:00:01,000 --> 00:00:02,000\nAda: One,\n\nand two.\n\n2\n00:00:03,000 --> 00:00:04,000\nBen: Three.\n"


@pytest.mark.parametrize(
    "text",
    [
        SRT,
        SRT.replace("two.\n\n", "two.\n\n\n"),
        SRT.replace("two.\n\n2", "two.\n2"),
        SRT.replace("1\n00", "00").replace("2\n00", "00"),
        SRT.replace("One,\n\nand", "One,\n \t\nand"),
        SRT.replace("1\n00", "1\n\n00"),
    ],
    ids=["as usual", "two lines between", "none between", "without numbers", "blanks", "an empty line below a number"],
)
def test_an_empty_line_within_a_cue_loses_no_word(text: str) -> None:
    assert said(text, "talk.srt") == [("Ada", "One, and two."), ("Ben", "Three.")]


def test_an_empty_line_within_a_cue_of_web_subtitles_loses_no_word_and_a_note_is_none() -> None:
    text = (
        "WEBVTT\nKind: captions\n\nNOTE\nnot said\n\nSTYLE\n::cue { color: red }\n\nfirst\n00:01.000 --> 00:02.000\n"
        "<v Ada>One,\n\nand two.</v>\n\nNOTE not said\n\nsecond-cue\n00:03.000 --> 00:04.000\n<v Ben>Three.\n"
    )
    assert said(text) == [("Ada", "One, and two."), ("Ben", "Three.")]


def test_an_arrow_that_somebody_says_is_part_of_the_words() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nAda: The state goes\nnew --> done --> gone.\nA --> B is next.\n"
    assert said(text, "talk.srt") == [("Ada", "The state goes new --> done --> gone. A --> B is next.")]
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>We move from new --> done.</v>\n\n00:02.000 --> 00:03.000\nYes.\n"
    assert said(text) == [("Ada", "We move from new --> done."), ("Ada", "Yes.")]


def test_a_number_that_somebody_says_is_no_number_of_a_cue() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nHow many?\n42\n\n2\n00:00:03,000 --> 00:00:04,000\nSo many.\n"
    assert said(text, "talk.srt") == [(None, "How many? 42 So many.")]


@pytest.mark.parametrize(
    "cue",
    [
        "<v Ada>Hello,\nnote: nobody\nsaid that.</v>",
        "<v Ada>Hello,\n<i>note: nobody\nsaid</i> that.",
        "<v.loud Ada>Hello,\nnote: nobody\n\nsaid that.</v>",
        "<V Ada>Hello,</V>\n<v Ada>note: nobody\nsaid that.</v>",
    ],
)
def test_a_voice_goes_on_over_the_lines_of_its_cue(cue: str) -> None:
    text = f"WEBVTT\n\n00:01.000 --> 00:02.000\n{cue}\n\n00:03.000 --> 00:04.000\n<v Ben>Yes.\n"
    assert said(text) == [("Ada", "Hello, note: nobody said that."), ("Ben", "Yes.")]


def test_a_name_in_a_voice_may_be_broken_over_two_lines() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada\nLovelace>Hello</v> <v Ben &amp; Co>Hi</v>\n"
    assert said(text) == [("Ada Lovelace", "Hello"), ("Ben & Co", "Hi")]


def test_what_looks_like_a_tag_and_is_none_is_said() -> None:
    text = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada><c.red>If</c> a <00:00:01.500>&lt;b and c> d, x <y and y> z.</v>\n"
    )
    assert said(text) == [("Ada", "If a <b and c> d, x <y and y> z.")]
    text = '1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<font color="red">Ada: Hello.</font>\n'
    assert said(text, "talk.srt") == [("Ada", "Hello.")]


def test_cues_whose_times_go_back_are_told_and_keep_their_order() -> None:
    text = (
        "WEBVTT\n\n00:05.000 --> 00:06.000\nOne.\n\n00:01.000 --> 00:02.000\nTwo.\n\n00:08.000 --> 00:09.000\nThree.\n"
    )
    meeting = read(text)
    assert [one.text for one in meeting.utterances] == ["One.", "Two.", "Three."]
    assert meeting.warnings == ("the time of 1 cue goes back, first at cue 2: they are kept in the order of the file",)
    assert read(text.replace("00:01.000", "00:05.500")).warnings == ()


@pytest.mark.parametrize(
    "timing",
    [
        "00:01 --> 00:02",
        "0:00:01 --> 0:00:02",
        "00:00:01.5-->00:00:02",
        "00:01,000 --> 00:02,000",
        "00:00:01:000 --> 00:00:02:000",
    ],
)
@pytest.mark.parametrize("name", ["talk.vtt", "talk.srt"])
def test_times_that_are_written_loosely_are_read(timing: str, name: str) -> None:
    head = "WEBVTT\n\n" if name.endswith("vtt") else "1\n"
    meeting = read(f"{head}{timing} align:start\nAda: Hello.\n", name)
    assert [(one.speaker, one.text, int(one.start or 0)) for one in meeting.utterances] == [("Ada", "Hello.", 1)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("WEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\n<v Ada>Hello.\r\n", "vtt"),
        ("1\r\n00:00:01,000 --> 00:00:02,000\r\nAda: Hello.\r\n", "srt"),
        ("\r\n00:00:01,000 --> 00:00:02,000\r\nAda: Hello.\r\n", "srt"),
    ],
    ids=["vtt", "srt", "srt without numbers"],
)
def test_subtitles_are_recognised_without_a_name_in_any_encoding(text: str, format_: str, encoding: str) -> None:
    meeting = read(text.encode(encoding), "stdin")
    assert (meeting.format, meeting.utterances[0].speaker, meeting.utterances[0].text) == (format_, "Ada", "Hello.")


def test_words_before_the_first_cue_are_told() -> None:
    meeting = read(f"Captions of today\nby Ada\n\n{SRT}", "talk.srt")
    assert meeting.warnings == ("left out 2 lines before the first cue",)
    assert len(meeting.utterances) == 2


def test_zooms_captions_name_speakers_before_a_colon_and_a_field_is_nobody() -> None:
    text = (
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nAda Lovelace: We decided: blue.\n\n"
        "2\n00:00:03.000 --> 00:00:04.000\nDeadline: Friday.\n\n3\n00:00:05.000 --> 00:00:06.000\nben: ok.\n\n"
        "4\n00:00:07.000 --> 00:00:08.000\nben: fine.\n"
    )
    assert said(text) == [
        ("Ada Lovelace", "We decided: blue."),
        ("Ada Lovelace", "Deadline: Friday."),
        ("ben", "ok."),
        ("ben", "fine."),
    ]


def test_metadata_of_teams_in_cues_is_read_as_what_was_spoken() -> None:
    cue = (
        '{"startDateTime": "2026-11-24T10:31:05Z", "speakerName": "Ada", '
        '"spokenText": "Hello\\nthere.", "spokenLanguage": "en-us"}'
    )
    spread = cue.replace(", ", ",\n  ").replace("{", "{\n  ").replace("}", "\n}")
    for written in (cue, spread):
        text = f"WEBVTT\n\n00:16.246 --> 00:17.726\n{written}\n\n00:18.000 --> 00:19.000\n"
        assert said(text + written.replace("Ada", "Ben")) == [("Ada", "Hello there."), ("Ben", "Hello there.")]


WORDS = st.lists(st.from_regex(r"[a-z]{4,8}", fullmatch=True), min_size=1, max_size=4).map(" ".join)
ODD = st.sampled_from(
    ["", "-->", "a --> b", "42", "<v Ben>", "Ada:", "<i>", "</v>", "note", "- ", "{\\an8}", "00:05", "&lt;"]
)


@given(
    st.sampled_from(["a.vtt", "a.srt"]), st.lists(st.lists(st.one_of(WORDS, ODD), min_size=1, max_size=5), min_size=1)
)
def test_every_word_of_every_cue_is_read(name: str, cues: list[list[str]]) -> None:
    text = "WEBVTT\n\n" if name == "a.vtt" else ""
    for number, lines in enumerate(cues, start=1):
        text += (
            f"{number}\n00:00:{number % 60:02},000 --> 00:00:59,000\nfirst words\n"
            + "\n".join(lines)
            + " last words\n\n"
        )
    kept = " ".join(f"{one.speaker or ''} {one.text}" for one in read(text, name).utterances)
    for lines in cues:
        for line in lines:
            for word in re.findall(r"(?<!\S)[a-z]{4,8}(?!\S)", line):
                assert word in kept
    assert kept.count("first words") == kept.count("last words") == len(cues)


def test_words_on_the_line_of_their_times_are_text_and_no_subtitles() -> None:
    text = "00:00:05 --> 00:00:09 Ada: Hello.\n00:00:10 --> 00:00:12 Ben: Hi.\n"
    assert said(text, "stdin") == [("Ada", "Hello."), ("Ben", "Hi.")]
