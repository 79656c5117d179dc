"""Mails: notes and minutes that somebody sent, as text or as HTML. Attachments and quoted replies are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from attrs import evolve

from pipekit import settings
from pipekit.backlog.loaders.blocks import About, read_blocks
from pipekit.backlog.loaders.decoding import decode, looks_binary
from pipekit.backlog.loaders.markdown import markdown_blocks, without_marks
from pipekit.backlog.loaders.page_blocks import blocks_of_page
from pipekit.backlog.loaders.quoted import quoted_lines
from pipekit.backlog.loaders.web_pages import page_warnings
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.speakers import with_one_name_each
from pipekit.errors import InputError
from pipekit.interfaces import Source

__all__ = ["MailLoader", "MailSettings"]

_HEADER = re.compile(rb"(?:[!-9;-~]{1,70}:[^\r\n]*(?:\r?\n|\r)(?:[ \t][^\r\n]*(?:\r?\n|\r))*+)++(?=\r?\n|\r|\Z)")
#: What mail programs write and people who note down a meeting don't.
_SURE = re.compile(rb"(?im)^(?:message-id|mime-version|received|return-path|delivered-to|dkim-signature|x-mailer):")
_USUAL = re.compile(rb"(?im)^(from|to|subject|date):")
_MAILBOX = re.compile(rb"From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ")
#: Bytes of the head that are looked at.
_HEAD = 32 * 1024
_MOST_TOLD = 5


@settings
class MailSettings:
    """``quoted`` says what becomes of the earlier mails below a reply: they are folded away, or read as well."""

    quoted: Literal["fold", "keep"] = "fold"


class MailLoader:
    """Reads one mail (``.eml``): its text, else its HTML. Whoever sent it says what nobody else is named for."""

    suffixes: Sequence[str] = (".eml",)
    returns = Meeting

    def __init__(self, settings: MailSettings = MailSettings()) -> None:  # noqa: B008
        self._settings = settings

    def recognises(self, head: bytes, name: str) -> float:
        """By the header that all mails begin with; a mailbox too, so that the message about it says what to do."""
        head = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
        if len(head) > _HEAD:
            head = head[: head.rfind(b"\n", 0, _HEAD) + 1]
        if looks_binary(head):
            return 0.0
        if _MAILBOX.match(head):
            return 0.95
        found = _HEADER.match(head)
        header = found.group() if found else b""
        usual = {one.lower() for one in _USUAL.findall(header)}
        if _SURE.search(header) and b"from" in usual:
            return 0.95
        if len(usual) == 4 and b"@" in header:
            return 0.9
        return 0.7 if name.lower().endswith(".eml") else 0.0

    def load(self, source: Source) -> Meeting:
        """The meeting; ``line`` counts the lines of the mail's text. `InputError` for a mailbox."""
        content = source.content.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
        if _MAILBOX.match(content):
            raise InputError(
                "is a mailbox with any number of mails, not one mail",
                file=source.name,
                kind="mailbox",
                hint="save the mail as an .eml file; several become one meeting with --merge",
            )
        from pipekit.backlog.loaders.mail_parts import mail_parts  # loads Python's mail package, which few runs need

        mail = mail_parts(content, source.name)
        decoded = decode(mail.content, source.name, named=mail.charset)
        about = About(title=mail.subject, date=mail.date, attendees=mail.people)
        warnings = list(decoded.warnings)
        if mail.is_html:
            page = blocks_of_page(decoded.text)
            warnings += page_warnings(page)
            quoted = self._quoted(
                [f"> {one.text}" if index in page.quoted else one.text for index, one in enumerate(page.blocks)]
            )
            blocks = [block for index, block in enumerate(page.blocks) if index not in quoted]
        else:
            lines = decoded.text.split("\n")
            lines = _unwrapped(lines) if mail.is_flowed else lines
            quoted = self._quoted(lines)
            blocks = markdown_blocks(["" if index in quoted else line for index, line in enumerate(lines)])
        if quoted:
            warnings.append(
                f"folded {len(quoted)} lines of earlier mails or a signature; loaders.mail.quoted=keep reads them"
            )
        said = _by_sender(read_blocks(blocks, about, plain=without_marks), mail.sender)
        if not said:
            raise InputError("is a mail that says nothing", file=source.name, kind="empty", hint="is it the right one?")
        meeting = Meeting(
            utterances=tuple(said),
            title=about.title,
            date=about.date,
            attendees=about.attendees,
            source=source.name,
            format="mail",
            warnings=(*warnings, *_attachments(mail.attachments), *about.warnings),
        )
        return with_one_name_each(meeting)

    def _quoted(self, lines: Sequence[str]) -> set[int]:
        return quoted_lines(lines) if self._settings.quoted == "fold" else set()


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """What a mail program broke to fit a width (``format=flowed``) as one line again, the numbers of lines kept."""
    joined: list[str] = []
    parts: list[str] = []
    for line in lines:
        parts.append(line)
        if not line.endswith(" ") or line == "-- " or line.startswith(">"):
            joined += ["".join(parts), *[""] * (len(parts) - 1)]
            parts = []
    return [*joined, "".join(parts)] if parts else joined


def _by_sender(said: list[Utterance], sender: str | None) -> list[Utterance]:
    """Where the mail names nobody before what is said, its sender says it."""
    if sender is None or any(one.speaker for one in said):
        return said
    return [one if one.kind == "heading" else evolve(one, speaker=sender) for one in said]


def _attachments(names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""
        files = "1 attachment" if len(names) == 1 else f"{len(names)} attachments"
        yield f"left out {files}: {', '.join(names[:_MOST_TOLD])}{more}"
