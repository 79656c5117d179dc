"""Plain text: who speaks is decided by the whole of it, and no word is lost whatever comes of that."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import TranscriptLoader
from pipekit.interfaces import Source


def read(text: str) -> Meeting:
    return TranscriptLoader().load(Source(name="meeting.txt", content=text.encode()))


def said(text: str) -> list[tuple[str | None, str]]:
    return [(one.speaker, one.text) for one in read(text).utterances]


@pytest.mark.parametrize(
    "line",
    [
        "We meet at 10:30",
        "We meet at 10:30.",
        "10:30 we start",
        "10:30",
        "Deadline: Friday",
        "Budget: 5k",
        "URL: http://example.org/a",
        "We decided: the blue one",
        "Note: ask Ada",
        "Next steps: none",
        "Release date: Monday",
        "Everything was fine: nobody complained.",
        "The new one: it works",
        "GDPR: we need a lawyer",
        "colour: red",
        "From Monday on: trains",
        "Termin: Freitag",
        "Besluit: we doen het",
        "截止日期：周五",
        "<p> a paragraph",
        "[x] done",
        "[laughs] fine",
        "Lunch 12:30",
        "Ada (who said that we should ask somebody else): no",
    ],
)
@pytest.mark.parametrize("around", ["{}\n", "Ada: hello\n\nBen: hi\n{}\n", "Notes of today\n{}\nand more\n"])
def test_a_field_a_clause_or_a_time_in_a_sentence_is_nobody_and_stays_in_the_words(line: str, around: str) -> None:
    assert (None, line) in said(around.format(line))


TALK = [
    ("plain", "{0}: Hello there\n{1}: good morning\n{0}: let us begin\n"),
    ("times", "[00:00:05] {0}: Hello there\n[00:00:09] {1}: good morning\n[00:01:00] {0}: let us begin\n"),
    ("times behind", "{0} 00:05: Hello there\n{1} 00:09: good morning\n{0} 01:00: let us begin\n"),
    ("descript", "{0}: [00:00:05] Hello there\n{1}: [00:00:09] good morning\n{0}: [00:01:00] let us begin\n"),
    ("brackets", "[{0}] Hello there\n[{1}] good morning\n[{0}] let us begin\n"),
    ("brackets and colon", "[{0}]: Hello there\n[{1}]: good morning\n[{0}]: let us begin\n"),
    ("angles", "<{0}> Hello there\n<{1}> good morning\n<{0}> let us begin\n"),
    ("irc", "[10:31] <{0}> Hello there\n[10:32] <{1}> good morning\n[10:33] <{0}> let us begin\n"),
    ("bold", "**{0}:** Hello there\n\n**{1}:** good morning\n\n**{0}:** let us begin\n"),
    (
        "zoom chat",
        (
            "10:31:05 From {0} to Everyone: Hello there\n10:31:09\t From  {1} to  Everyone : good morning\n"
            "10:32:00 From {0} to {1} (Direct Message):\n\tlet us begin\n"
        ),
    ),
    ("zoom captions", "[{0}] 00:00:05\nHello there\n\n[{1}] 00:00:09\ngood morning\n\n[{0}] 00:01:00\nlet us begin\n"),
    ("zoom page", "{0}\n00:00:05\nHello there\n\n{1}\n00:00:09\ngood morning\n\n{0}\n00:01:00\nlet us begin\n"),
    (
        "whatsapp, apple",
        (
            "[24/11/2026, 10:31:05] {0}: Hello there\n[24/11/2026, 10:31:09] {1}: good morning\n"
            "[24/11/2026, 10:32:00] {0}: let us begin\n"
        ),
    ),
    (
        "whatsapp, android",
        (
            "24/11/2026, 10:31 - {0}: Hello there\n24/11/2026, 10:31 - {1}: good morning\n"
            "24/11/2026, 10:32 - {0}: let us begin\n"
        ),
    ),
    (
        "whatsapp, america",
        (
            "11/24/26, 10:31\u202fAM - {0}: Hello there\n11/24/26, 10:31\u202fAM - {1}: good morning\n"
            "11/24/26, 10:32\u202fAM - {0}: let us begin\n"
        ),
    ),
    ("otter", "{0}  0:05  \nHello there\n\n{1}  0:09  \ngood morning\n\n{0}  1:00  \nlet us begin\n"),
    ("rev", "{0} (00:05):\nHello there\n\n{1} (00:09):\ngood morning\n\n{0} (01:00):\nlet us begin\n"),
    ("fireflies", "{0} - 00:05\nHello there\n\n{1} - 00:09\ngood morning\n\n{0} - 01:00\nlet us begin\n"),
    ("teams", "{0}   0:05\nHello there\n{1}   0:09\ngood morning\n{0}   1:00\nlet us begin\n"),
    (
        "teams, spelt out",
        (
            "{0} 0 minutes 5 seconds\nHello there\n{1} 0 minutes 9 seconds\ngood morning\n"
            "{0} 1 minute 0 seconds\nlet us begin\n"
        ),
    ),
    ("teams chat", "[10:31] {0}\nHello there\n[10:32] {1}\ngood morning\n[10:33] {0}\nlet us begin\n"),
    (
        "slack",
        "{0}  [10:31 AM]\nHello there\n\n{1}  [10:32 AM]\ngood morning\n\n{0}  [10:33 AM]\nlet us begin\n",
    ),
    ("slack, 24 hours", "{0}  10:31\nHello there\n\n{1}  10:32\ngood morning\n\n{0}  10:33\nlet us begin\n"),
    (
        "discord",
        (
            "{0} — Today at 10:31 AM\nHello there\n{1} — Yesterday at 10:32\ngood morning\n"
            "{0} — 11/24/2026 10:33 AM\nlet us begin\n"
        ),
    ),
    (
        "empty line below the name",
        "{0}  0:05\n\nHello there\n\n{1}  0:09\n\ngood morning\n\n{0}  1:00\n\nlet us begin\n",
    ),
]
NAMES = [
    ("Ada", "Ben"),
    ("Ada Lovelace", "Ben van der Berg"),
    ("Ada (PO)", "Ben (Dev)"),
    ("ada", "ben"),
    ("ADA", "BEN"),
    ("Speaker 1", "Speaker 2"),
    ("Éva", "Zoe\u0308"),
    ("Анна", "борис"),
    ("田中", "佐藤"),
    ("王小明", "李雷"),
    ("محمد", "فاطمة"),
    ("प्रिया", "राहुल"),
    ("Δημήτρης", "Νίκος"),
    ("O’Brien", "Jean-Luc"),
    ("Ada\u00a0Lovelace", "Ben\u00a0Smith"),
]


@pytest.mark.parametrize("names", NAMES, ids=lambda names: names[0])
@pytest.mark.parametrize("form", TALK, ids=lambda form: form[0])
def test_every_usual_form_of_talk_names_its_speakers_whatever_their_script(
    form: tuple[str, str], names: tuple[str, str]
) -> None:
    if "(" in names[0] and ("<" in form[1] or "[{0}]" in form[1] or "From" in form[1] or "{0}\n" in form[1]):
        pytest.skip("nothing writes a role there")
    ada, ben = (name.partition(" (")[0].replace("\u00a0", " ") for name in names)
    expected = [(ada, "Hello there"), (ben, "good morning"), (ada, "let us begin")]
    assert said(form[1].format(*names)) == expected


def test_a_colon_of_another_width_is_one_and_needs_no_blank() -> None:
    assert said("田中：こんにちは\n佐藤：はい\n") == [("田中", "こんにちは"), ("佐藤", "はい")]


def test_times_of_the_day_count_from_the_first_and_a_date_of_a_chat_is_the_meetings() -> None:
    meeting = read("[24/11/2026, 23:59:00] Ada: one\n[25/11/2026, 00:01:05] Ben: two\n")
    assert ([one.start for one in meeting.utterances], meeting.date) == ([0.0, 125.0], "2026-11-24")
    meeting = read("10:31 <ada> one\n10:33 <ben> two\n")
    assert [one.start for one in meeting.utterances] == [0.0, 120.0]
    meeting = read("Ada  11:59 PM\none\n\nBen  12:01 AM\ntwo\n")
    assert [one.start for one in meeting.utterances] == [0.0, 120.0]
    meeting = read("10:31:05 From Ada to Everyone: one\n10:32:05 From Ben to Everyone: two\n")
    assert [one.start for one in meeting.utterances] == [0.0, 60.0]


def test_a_chat_whose_dates_could_be_two_days_has_none_and_says_so() -> None:
    meeting = read("[03/04/2026, 10:31:05] Ada: one\n[03/04/2026, 10:32:05] Ben: two\n")
    assert meeting.date is None
    assert 'the date "03/04/2026" could be more than one day' in meeting.warnings[0]
    assert [one.start for one in meeting.utterances] == [0.0, 60.0]
    # A later message leaves one order only.
    assert read("[03/04/2026, 10:31] Ada: one\n[13/04/2026, 10:32] Ben: two\n").date == "2026-04-03"


def test_a_message_of_several_lines_is_all_its_senders() -> None:
    text = (
        "24/11/2026, 10:30 - Messages and calls are end-to-end encrypted.\n"
        "24/11/2026, 10:31 - Ada: We need:\n- an export\n\nDeadline: Friday\n24/11/2026, 10:32 - +44 7700 900123: Yes\n"
    )
    assert said(text) == [
        (None, "Messages and calls are end-to-end encrypted."),
        ("Ada", "We need:"),
        ("Ada", "- an export"),
        ("Ada", "Deadline: Friday"),
        ("+44 7700 900123", "Yes"),
    ]


def test_what_stands_before_a_colon_in_a_turn_below_a_name_is_part_of_it() -> None:
    text = "Ada  0:05\nI want:\nExports: all of them\n\nBen  0:09\nOption: none\n"
    assert said(text) == [("Ada", "I want: Exports: all of them"), ("Ben", "Option: none")]


def test_times_that_lead_every_line_of_a_recording_are_its_times_and_those_of_an_agenda_are_words() -> None:
    recording = read("0:00 hello and welcome\n0:04 to the meeting\n0:09 of the team\n")
    assert [(one.text, one.start) for one in recording.utterances] == [
        ("hello and welcome", 0.0),
        ("to the meeting", 4.0),
        ("of the team", 9.0),
    ]
    agenda = "10:30 we start\n11:00 coffee\n11:15 we go on\n"
    assert [text for _, text in said(agenda)] == agenda.splitlines()


def test_short_words_between_times_are_no_names() -> None:
    text = "0:00\nyeah\n0:04\nright then\n0:09\nyeah\n0:12\nso we begin\n"
    assert said(text) == [(None, "yeah"), (None, "right then"), (None, "yeah"), (None, "so we begin")]


def test_a_time_alone_between_lines_is_when_the_next_words_were_said() -> None:
    meeting = read("00:00:00\nAda Lovelace: Hello\n00:05:00\nBen Kim: Hi\nAda Lovelace: So\n")
    assert [(one.speaker, one.text, one.start) for one in meeting.utterances] == [
        ("Ada Lovelace", "Hello", 0.0),
        ("Ben Kim", "Hi", 300.0),
        ("Ada Lovelace", "So", None),
    ]


def test_one_line_of_another_form_in_a_timed_talk_is_nobody() -> None:
    text = "".join(f"[00:0{at}] {name}: words\n" for at, name in enumerate(["Ada", "Ben", "Ada", "Ben"]))
    assert said(f"{text}Payments: later\n")[-1] == (None, "Payments: later")


def test_names_that_the_head_lists_need_no_capitals() -> None:
    text = "Attendees: Ada Lovelace (PO), Ben\n\nada: hello\nWe talked a while.\nThen lunch came.\nAnd went.\n"
    assert said(text)[0] == ("ada", "hello")


@pytest.mark.parametrize(
    ("head", "date", "warned"),
    [
        ("Date: 2026-11-24", "2026-11-24", False),
        ("Date: Tuesday, 24 November 2026", "2026-11-24", False),
        ("Datum: 24.11.2026", "2026-11-24", False),
        ("Date: 03/04/2026", None, True),
        ("Date: next Friday", None, True),
    ],
)
def test_the_date_is_iso_or_none_with_a_warning_and_what_was_written_stays(
    head: str, date: str | None, warned: bool
) -> None:
    meeting = read(f"{head}\nAda: hello\n")
    assert (meeting.date, bool(meeting.warnings)) == (date, warned)
    assert [one.text for one in meeting.utterances] == ([head, "hello"] if warned else ["hello"])


def test_what_follows_the_people_in_a_head_is_kept() -> None:
    meeting = read("Present: Ada, Ben. Excused: Cem, who is ill\nAda: hello\n")
    assert meeting.attendees == ("Ada", "Ben")
    assert "Excused: Cem, who is ill" in meeting.utterances[0].text


WORDS = st.from_regex(r"[a-z]{4,9}", fullmatch=True)
_ODD = (
    "10:30 note: Deadline: --> <b> [x] <ada> [Ada] Ada: ada: 0:05 (10:30) From to - – * | ** 24/11/2026, 田中： AM yeah"
)
ODD = st.sampled_from(_ODD.split())
SPEECH = st.lists(st.one_of(WORDS, WORDS, ODD), min_size=1, max_size=9).map(" ".join)
OPENINGS = st.sampled_from(
    [
        *[
            "",
            "",
            "Ada: ",
            "ada: ",
            "Ben  0:05\n",
            "[Ada] ",
            "<ada> ",
            "10:31:05 From Ada to Everyone: ",
            "0:05 ",
            "0:05\n",
        ],
        *[
            "[24/11/2026, 10:31:05] Ada: ",
            "24/11/2026, 10:31 - Ben: ",
            "[00:05] ",
            "Ada — Today at 10:31\n",
            "田中： ",
            "\n",
        ],
        *["- ", "Ada:\n", "Ada\n0:05\n", "Ada: [0:05] ", "[0:05] Ada\n", "Note: ", "Date: ", "Present: ", "Ada (PO): "],
    ]
)


@given(st.lists(st.tuples(OPENINGS, SPEECH), min_size=1, max_size=8))
def test_no_word_of_what_is_said_is_lost_whatever_form_is_seen_in_it(lines: list[tuple[str, str]]) -> None:
    meeting = read("\n".join(opening + words for opening, words in lines))
    kept = " ".join(
        [*(f"{one.speaker} {one.text}" for one in meeting.utterances), meeting.title or "", *meeting.attendees]
    )
    plain = re.compile(r"(?<![^\s])[a-z]{4,9}(?![^\s])")
    expected = [word for _, words in lines for word in plain.findall(words)]
    remaining = plain.findall(kept)
    for word in expected:
        assert word in remaining
        remaining.remove(word)


@given(st.lists(SPEECH, min_size=1, max_size=6))
def test_where_nobody_is_named_the_whole_line_is_kept(lines: list[str]) -> None:
    for one in read("\n".join(lines)).utterances:
        if one.speaker is None and one.start is None:
            assert one.text in lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "Weekly sync (2026-11-24 10:30) - Transcript\n\n00:00:00\n\nAda Lovelace: Hello.\n"
                "Ben Smith: We decided: blue.\nAda Lovelace: Fine.\nBen Smith: Yes.\nAda Lovelace: Ok.\n\n00:05:00\n\n"
                "Ada Lovelace: So.\n"
            ),
            [("Ada Lovelace", 0.0), ("Ben Smith", None), ("Ada Lovelace", None), ("Ben Smith", None)],
        ),
        (
            (
                "Tue, Nov 24, 2026 10:31AM\n\n10:31 -!- ben has joined\n10:31 <@ada> hi\n10:32 < ben> ho\n"
                "10:33  * ada waves\n"
            ),
            [("ada", 0.0), ("ben", 60.0)],
        ),
        ("2026-11-24 10:31:05\tada\thi\n2026-11-24 10:31:09\tben\tho\n", [("ada", 0.0), ("ben", 4.0)]),
        (
            "November 24, 2026, 9:31AM\n\nLovelace, Ada   0:05\nHello.\n\nSmith, Ben   0:09\nHi.\n",
            [("Ada Lovelace", 5.0), ("Ben Smith", 9.0)],
        ),
    ],
    ids=["meet", "irssi", "weechat", "teams"],
)
def test_logs_and_documents_of_talk_say_who_when_and_on_which_day(
    text: str, expected: list[tuple[str, float | None]]
) -> None:
    meeting = read(text)
    speech = [(one.speaker, one.start) for one in meeting.utterances if one.speaker]
    assert speech[: len(expected)] == expected
    assert meeting.date == "2026-11-24"


def test_a_day_in_a_sentence_is_not_the_meetings() -> None:
    assert read("Deliver by 2026-11-24 please\nAda: hello\n").date is None
