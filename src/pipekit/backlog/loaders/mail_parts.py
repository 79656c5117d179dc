"""A mail taken apart: its head, the part with its text, and the names of what is attached."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from attrs import frozen

from pipekit.backlog.loaders.decoding import without_controls
from pipekit.errors import InputError

__all__ = ["MailParts", "mail_parts"]

#: Python's parser of mails raises more than its own errors where a mail is broken in new ways.
_BROKEN = (MessageError, ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError)
#: A header of more characters is nothing that a mail program wrote; some take the square of their length to read.
_LONGEST_HEADER = 20_000
_CONTENT_HEADER = re.compile(rb"(?im)^content-[\w-]{1,40}:")
_HEADER_END = re.compile(rb"\n(?![ \t])|\r(?![\n \t])")
#: Parts within parts: every line is held against the ends of all that are open.
_MULTIPART = re.compile(rb"(?im)^content-type:\s*multipart/")
_MOST_PARTS = 50


@frozen(kw_only=True)
class MailParts:
    """What a mail says of itself, and the bytes of its text with the encoding that they claim."""

    subject: str | None = None
    date: str | None = None
    sender: str | None = None
    people: tuple[str, ...] = ()
    content: bytes = b""
    charset: str | None = None
    is_html: bool = False
    is_flowed: bool = False
    attachments: tuple[str, ...] = ()


def mail_parts(content: bytes, name: str) -> MailParts:
    """Take a mail apart; `InputError` for one that is broken beyond reading or has no text."""
    _check(content, name)
    try:
        mail = message_from_bytes(content)
        parts = [part for part in mail.walk() if not part.is_multipart()]
        body = _body(parts)
        payload = body.get_payload(decode=True) if body is not None else None
        attachments = tuple(_attachments(parts, body))
        if body is None or not isinstance(payload, bytes) or not payload.strip():
            raise InputError(
                f"is a mail without a text of its own{_told(attachments)}",
                file=name,
                kind="empty",
                hint="save what is attached to it, and run that",
            )
        return MailParts(
            subject=next((_worded(raw) for raw in _raw(mail, "subject") if raw.strip()), None),
            date=_date(mail),
            sender=next(_names(mail, "from"), None),
            people=tuple(dict.fromkeys(one for header in ("from", "to", "cc") for one in _names(mail, header))),
            content=payload,
            charset=body.get_content_charset(),
            is_html=body.get_content_type() == "text/html",
            is_flowed=str(body.get_param("format", "")).lower() == "flowed",
            attachments=attachments,
        )
    except _BROKEN as error:
        raise _broken(name, "its parts can't be told apart") from error


def _check(content: bytes, name: str) -> None:
    """Refuse what no mail program writes and what takes the square of its size to read."""
    if sum(1 for _ in _MULTIPART.finditer(content)) > _MOST_PARTS:
        raise _broken(name, f"more than {_MOST_PARTS} parts that are made of parts")
    for found in _CONTENT_HEADER.finditer(content):
        end = _HEADER_END.search(content, found.end())
        if (end.start() if end else len(content)) - found.start() > _LONGEST_HEADER:
            raise _broken(name, f"a header of more than {_LONGEST_HEADER} bytes")


def _broken(name: str, reason: str) -> InputError:
    hint = "copy its text into a file, and run that"
    return InputError(f"is a broken mail ({reason})", file=name, kind="mail", hint=hint)


def _body(parts: Sequence[Message]) -> Message | None:
    """The first part that is the text, else the first that is the same as HTML."""
    own = [part for part in parts if part.get_content_disposition() != "attachment" and not part.get_filename()]
    return next((part for kind in ("text/plain", "text/html") for part in own if part.get_content_type() == kind), None)


def _told(attachments: Sequence[str]) -> str:
    return f", only with {', '.join(attachments[:3])}" if attachments else ""


def _raw(mail: Message, name: str) -> Iterator[str]:
    return (str(value)[:_LONGEST_HEADER] for key, value in mail.raw_items() if key.lower() == name)


def _worded(raw: str) -> str:
    # What stands there in plain bytes came in as surrogates: UTF-8 by now, or Latin-1 from the old days.
    content = raw.encode("utf-8", "surrogateescape")
    try:
        plain = content.decode()
    except UnicodeDecodeError:
        plain = content.decode("latin-1")
    try:
        return without_controls(str(make_header(decode_header(plain))))
    except _BROKEN:
        return without_controls(plain)


def _names(mail: Message, header: str) -> Iterator[str]:
    """The people of a header: their names, else their addresses."""
    for name, address in getaddresses(list(_raw(mail, header))):
        shown = _worded(name).strip("'\" ") or _worded(address)
        if shown:
            yield shown


def _date(mail: Message) -> str | None:
    try:
        return parsedate_to_datetime(next(_raw(mail, "date"), "")).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _attachments(parts: Sequence[Message], body: Message | None) -> Iterator[str]:
    """The names, or types, of the parts that are neither the text nor the same text in another form."""
    for part in parts:
        name = part.get_filename()
        if part is not body and (name or part.get_content_maintype() != "text"):
            yield _worded(name or part.get_content_type())[:60]
