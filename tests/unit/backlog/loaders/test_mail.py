"""A mail is read for what its sender wrote; what it quotes, signs and attaches is left out and told."""

from __future__ import annotations

from email.message import EmailMessage
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import LOADERS, MailLoader
from pipekit.backlog.loaders.mail import MailSettings
from pipekit.errors import InputError
from pipekit.inputs import Given, pick_loader
from pipekit.interfaces import Source

MADE: dict[str, Any] = {name: factory() for name, factory in LOADERS.items()}
HEAD = """From: Anna Smith <anna@example.org>
To: Ben <ben@example.org>
Subject: Minutes
Date: Tue, 24 Nov 2026 10:00:00 +0100
"""


def mail(body: str, *, head: str = HEAD, more: str = "") -> bytes:
    return f"{head}{more}\n{body}".encode()


def read(content: bytes, *, keep: bool = False, name: str = "stdin") -> Meeting:
    assert pick_loader(Given(name=name, content=content, kind="file"), MADE, None, Meeting) == "mail"
    loader = MailLoader(MailSettings(quoted="keep" if keep else "fold"))
    return loader.load(Source(name="a.eml", content=content))


def texts(content: bytes, *, keep: bool = False) -> list[str]:
    return [one.text for one in read(content, keep=keep).utterances]


def test_the_head_says_when_and_who_and_the_sender_says_what_nobody_else_is_named_for() -> None:
    meeting = read(mail("# Search\n\nWe need a search.\n- fast\n"))
    assert (meeting.title, meeting.date, meeting.attendees) == ("Minutes", "2026-11-24", ("Anna Smith", "Ben"))
    assert [(one.kind, one.speaker, one.text) for one in meeting.utterances] == [
        ("heading", None, "Search"),
        ("note", "Anna Smith", "We need a search."),
        ("bullet", "Anna Smith", "fast"),
    ]


def test_a_transcript_in_a_mail_keeps_its_own_speakers() -> None:
    said = read(mail("Ada: We need it.\nBen: Yes.\nAda: Good.\n")).utterances
    assert [(one.speaker, one.text) for one in said] == [("Ada", "We need it."), ("Ben", "Yes."), ("Ada", "Good.")]


@pytest.mark.parametrize(
    "below",
    [
        "On Mon, 23 Nov 2026 at 09:00, Ben <ben@example.org> wrote:\n> Old words.\n> More.\n",
        "On Mon, 23 Nov 2026 at 09:00, Ben Okri of searching\n<ben@example.org> wrote:\n\nOld words.\nMore.\n",
        "Am 23.11.2026 um 09:00 schrieb Ben:\n> Old words.\n> More.\n",
        "Op ma 23 nov. 2026 om 09:00 schreef Ben <b@x.org>:\n\n> Old words.\n> More.\n",
        "-----Original Message-----\nFrom: Ben\nSent: Monday\nOld words.\n",
        "________________________________\nFrom: Ben <b@x.org>\nSent: Monday\nTo: Anna\n\nOld words.\n",
        "Von: Ben\nGesendet: Montag\nAn: Anna\nBetreff: x\n\nOld words.\n",
        "-- \nAnna Smith\nHead of Searching\n",
    ],
)
def test_what_a_reply_quotes_and_a_signature_are_folded_and_told(below: str) -> None:
    own = "We agreed that the search goes first, as all customers ask for it every day.\nThen the import."
    content = mail(f"{own}\n\n{below}")
    assert texts(content) == own.split("\n")
    assert "loaders.mail.quoted=keep" in read(content).warnings[0]
    assert len(texts(content, keep=True)) > 2
    assert read(content, keep=True).warnings == ()


def test_lines_keep_their_numbers_and_answers_between_quoted_lines_stay() -> None:
    meeting = read(mail("> When?\nOn Friday.\n> Who?\nBen does it.\n"))
    assert [(one.line, one.text) for one in meeting.utterances] == [(2, "On Friday."), (4, "Ben does it.")]


@pytest.mark.parametrize(
    "head",
    [
        "---------- Forwarded message ---------\nFrom: Ben <b@x.org>\nDate: Mon\nSubject: Notes\nTo: Anna\n\n",
        "FYI, see below.\n\nFrom: Ben <b@x.org>\nSent: Monday\nTo: Anna\nSubject: Notes\n\n",
        "-----Original Message-----\nFrom: Ben\nSent: Monday\n\n",
    ],
)
def test_what_is_forwarded_is_what_its_sender_wants_to_be_read(head: str) -> None:
    assert texts(mail(f"{head}We need a search.\n- fast\n"))[-2:] == ["We need a search.", "fast"]


def test_a_mail_that_only_quotes_is_read_whole() -> None:
    assert texts(mail("> We need a search.\n")) == ["We need a search."]


def message(**parts: Any) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["Subject"] = "Änna <a@x.org>", "Größe"
    made["Message-ID"] = "<1@x>"
    return made


def test_text_is_preferred_to_html_and_attachments_are_named() -> None:
    made = message()
    made.set_content("Schöne Suche.\n", charset="iso-8859-15", cte="quoted-printable")
    made.add_alternative("<p>other</p>", subtype="html")
    made.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="größe\x07.pdf")
    meeting = read(made.as_bytes())
    assert [(one.speaker, one.text) for one in meeting.utterances] == [("Änna", "Schöne Suche.")]
    assert meeting.title == "Größe"
    assert meeting.warnings == ("read as iso-8859-15, as it says", "left out 1 attachment: größe.pdf")


def test_html_is_read_where_there_is_no_text_and_its_quotes_are_folded() -> None:
    made = message()
    made.set_content(
        "<html><body><div>We need <b>a search</b>, and all of it has to be done before we go on holiday.</div>"
        "<div class='gmail_quote'><div>On Mon, Ben &lt;b@x.org&gt; wrote:<br></div><blockquote>Old.</blockquote></div>",
        subtype="html",
    )
    assert texts(made.as_bytes()) == ["We need a search, and all of it has to be done before we go on holiday."]


def test_flowing_lines_are_put_together_again() -> None:
    more = "Content-Type: text/plain; charset=utf-8; format=flowed\n"
    meeting = read(mail("We need \na search \nsoon.\nYes.\n", more=more))
    assert [(one.line, one.text) for one in meeting.utterances] == [(1, "We need a search soon."), (4, "Yes.")]


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        (b"From a@x.org Tue Nov 24 10:00:00 2026\nFrom: a@x.org\n\nHi\n", "mailbox", "--merge"),
        (HEAD.encode() + b"Content-Type: application/pdf; name=a.pdf\n\nx", "empty", "a.pdf"),
        (HEAD.encode() + b"\n\n \n", "empty", "without a text"),
        (HEAD.encode() + b"Content-Type: text/plain; x=" + b"(" * 30_000 + b"\n\nx", "mail", "a header of more"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(content: bytes, kind: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(content)
    assert caught.value.kind == kind
    assert says in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "text",
    [
        "Subject: Refinement\nDate: 2026-11-24\n\nAda: hello\n",
        "From: here we go on\nTo: there\n\nAda: hello\n",
        "Ada: hello\nBen: hi\n",
    ],
)
def test_notes_with_a_head_of_their_own_are_no_mail(text: str) -> None:
    assert pick_loader(Given(name="a.txt", content=text.encode(), kind="file"), MADE, None, Meeting) == "text"


@pytest.mark.parametrize(
    "content",
    [
        mail("> " * 40_000),
        mail("On " + "x " * 40_000 + "wrote:\n" * 2000),
        mail("From: a\n" * 10_000),
        HEAD.encode() + b"X: y\n" * 20_000 + b"\nHi\n",
        HEAD.replace("Ben", "Ben, " * 3000).encode() + b"\nHi\n",
        HEAD.replace("Minutes", "=?utf-8?q?a?= " * 3000).encode() + b"\nHi\n",
        HEAD.encode()
        + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000))
        + b"\n\nHi\n",
    ],
    ids=["quotes", "wrote", "froms", "headers", "people", "subject", "nested"],
)
def test_no_mail_takes_longer_than_its_length(content: bytes) -> None:
    begun = process_time()
    try:
        read(content, name="a.eml")
    except InputError as error:
        assert error.kind in ("mail", "empty")
    assert process_time() - begun < 5


@settings(max_examples=150)
@given(
    st.binary(max_size=200),
    st.sampled_from(["", "Content-Type: ", "Subject: ", "To: ", "Date: ", "Content-Type: multipart/mixed; boundary="]),
)
def test_any_head_and_body_are_read_or_refused(content: bytes, header: str) -> None:
    try:
        MailLoader().load(Source(name="a.eml", content=HEAD.encode() + header.encode() + content))
    except InputError as error:
        assert error.file == "a.eml"
