"""Notes in Markdown: marks go, words and speakers stay."""

from __future__ import annotations

import pytest

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import MarkdownLoader
from pipekit.interfaces import Source


def read(text: str) -> Meeting:
    return MarkdownLoader().load(Source(name="notes.md", content=text.encode()))


@pytest.mark.parametrize(
    ("opened", "within", "closed"),
    [
        ("```", "~~~", "```"),
        ("~~~", "```", "~~~"),
        ("````", "```", "````"),
        ("```", "    ```", "```"),
        ("```python", "``` and more", "```"),
        ("~~~~ `x`", "~~~", "~~~~~  "),
        ("  ```", "``", "   ```"),
    ],
)
def test_a_fence_is_closed_by_its_own_mark_as_long_and_alone_on_its_line(opened: str, within: str, closed: str) -> None:
    meeting = read(f"{opened}\n# words\n{within}\n# more words\n{closed}\n# Heading\n")
    assert [one.text for one in meeting.utterances if one.kind == "heading"] == ["Heading"]
    assert {"# words", "# more words"} <= {one.text for one in meeting.utterances}


@pytest.mark.parametrize("line", ["```not` a fence", "``", "`` two ``", "    ```"])
def test_what_is_no_fence_opens_none(line: str) -> None:
    meeting = read(f"{line}\n# Heading\n")
    assert meeting.utterances[-1].kind == "heading"
    assert len(meeting.utterances) == 2


def test_a_speaker_who_names_a_date_near_the_top_is_still_one_and_the_date_is_no_fact() -> None:
    meeting = read("# Sync\n\nAda: we ship on 2026-11-24\n\n**Ben:** present: all of us\n")
    assert [(one.speaker, one.text) for one in meeting.utterances[1:]] == [
        ("Ada", "we ship on 2026-11-24"),
        ("Ben", "present: all of us"),
    ]
    assert (meeting.date, meeting.attendees) == (None, ("Ada", "Ben"))


@pytest.mark.parametrize(
    ("head", "date", "warned"),
    [
        ("---\ndate: 2026-11-24\n---\n", "2026-11-24", False),
        ("---\ndate: 24 November 2026\n---\n", "2026-11-24", False),
        ("---\ndate: 03/04/2026\n---\n", None, True),
        ("# Sync\n\n*24. November 2026, 14:00*\n", "2026-11-24", False),
        ("# Sync\n\n*12 June, 14:00. There: Ewa, Rui*\n", None, False),
        ("# Sync\n\n**When:** 03/04/2026, 14:00\n", None, True),
        ("---\ndate: 12 June\n---\n", None, True),
        ("# Sync 2026-11-24\n", "2026-11-24", False),
        ("# Sync\n\nWe march 12 miles.\n", None, False),
    ],
)
def test_the_date_is_iso_or_none_with_a_warning(head: str, date: str | None, warned: bool) -> None:
    meeting = read(f"{head}\n- one\n- two\n")
    assert (meeting.date, bool(meeting.warnings)) == (date, warned)


def test_fields_of_notes_are_nobody_and_names_of_any_script_are_somebody() -> None:
    text = "# Sync\n\n- Deadline: Friday\n- We decided: blue\n"
    text += "- 田中: はい\n- ada: hi\n- 田中: では\n- ada: ok\n- 10:30 we start\n"
    said = [(one.speaker, one.text) for one in read(text).utterances[1:]]
    assert said == [
        (None, "Deadline: Friday"),
        (None, "We decided: blue"),
        ("田中", "はい"),
        ("ada", "hi"),
        ("田中", "では"),
        ("ada", "ok"),
        (None, "10:30 we start"),
    ]


def test_a_name_above_its_words_speaks_them() -> None:
    text = "# Sync\n\n**Ada** 00:05\nWe need an export.\nSoon.\n\n**Ben Kim** 00:09\nWhy?\n"
    assert [(one.speaker, one.text) for one in read(text).utterances[1:]] == [
        ("Ada", "We need an export."),
        ("Ada", "Soon."),
        ("Ben Kim", "Why?"),
    ]


def test_a_name_with_nothing_below_is_kept_as_a_note() -> None:
    note = read("# Sync\n\nAda:\n\n## Next\n").utterances[1]
    assert (note.speaker, note.text) == (None, "Ada:")


def test_a_line_that_only_wraps_the_one_before_is_said_with_it() -> None:
    said = read(
        "# Notes\n\n"
        "- Noor: It's done when a court can be cancelled\n"
        "  up to two hours before.\n"
        "  And when a mail says so.\n"
        "- Dirk: three days\n\n"
        "We have the reasons of every night in the log, in Spanish, with\n"
        "swearing in it.\n"
    ).utterances
    assert [(one.text, one.speaker, one.kind, one.line, one.last_line) for one in said[1:]] == [
        (
            "It's done when a court can be cancelled up to two hours before. And when a mail says so.",
            "Noor",
            "bullet",
            3,
            5,
        ),
        ("three days", "Dirk", "bullet", 6, 6),
        ("We have the reasons of every night in the log, in Spanish, with swearing in it.", None, "note", 8, 9),
    ]


@pytest.mark.parametrize(
    ("above", "line"),
    [
        ("We have the reasons of every night in the log, in Spanish.", "swearing is in it"),
        ("We have the reasons of every night in the log, in Spanish", "Swearing is in it"),
        ("The log has reasons", "swearing is in it"),
        ("We have the reasons of every night in the log, in Spanish  ", "swearing is in it"),
        ("| night | reason for what was not seen in it by anybody |", "swearing is in it"),
        ("- the reasons of every night", "swearing is in it"),
        ("We have the reasons of every night in the log, in Spanish", "- swearing is in it"),
        ("We have the reasons of every night in the log, in Spanish\n", "swearing is in it"),
        ("- the reasons of every night", "  Noor: swearing is in it"),
        ("```\nWe have the reasons of every night in the log, in Spanish", "swearing is in it\n```"),
    ],
)
def test_a_line_of_its_own_stays_one(above: str, line: str) -> None:
    last = read(f"# Notes\n\nNoor: hello\n\n{above}\n{line}\n").utterances[-1]
    assert last.text.lower() == "swearing is in it"
