"""What a mail quotes of earlier ones: lines with a mark, and everything below the head of a reply."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["quoted_lines"]

_MARK = re.compile(r"\s{0,3}>")
#: What mail programs write above the mail that is answered, in the languages in which mails reached us.
_INTRODUCES = re.compile(
    r"(?i)(?:on|am|op|le|el|il) .{4,160} (?:wrote|schrieb .{1,80}|schreef .{1,80}|a écrit|escribió|ha scritto)\s?:"
    r"|(?:on|am|op) .{4,160} (?:schrieb|schreef)\s?:"
    r"|-{2,}\s?(?:original message|ursprüngliche nachricht|oorspronkelijk bericht|message d'origine|mensaje original)"
    r"\s?-{2,}"
)
#: The head of a mail in the text, as Outlook has it above the mail that is answered.
_FROM = re.compile(r"(?i)\*?(?:from|von|van|de|da)\s?:\*?\s")
_SENT = re.compile(r"(?i)\*?(?:sent|date|gesendet|datum|verzonden|envoyé|enviado|inviato)\s?:\*?\s")
_FORWARDED = re.compile(
    r"(?i)-{2,}\s?(?:forwarded message|weitergeleitete nachricht|doorgestuurd bericht|message transféré)\s?-{2,}"
    r"|begin forwarded message\s?:"
)
#: The mark of a signature.
_SIGNATURE = "--"
#: As many words somebody writes who sends the mail below for the others to read.
_FEW_WORDS = 12
#: How many lines a signature has, and how long a line is that introduces something; in how many there is a date.
_LONGEST_SIGNATURE, _LONGEST, _NEAR = 10, 250, 3
_RULE = re.compile(r"\s*[-_=*]{2,}\s*")
_FIELD = re.compile(r"\*?[^\s:][^:]{0,20}:\*?(?:\s|$)|.{0,250}:\s*$")


def quoted_lines(lines: Sequence[str]) -> set[int]:
    """The indices of the lines that are not the mail's own words.

    A mail that is forwarded is what its sender wants to be read, and so is one that stands below a line or two: of
    these only the head is left out. Where nothing else would be left, all lines are read.
    """
    left_out: set[int] = set()
    at = 0
    while at < len(lines):
        line = lines[at]
        if _FORWARDED.match(line):
            end = _behind_head(lines, at + 1)
        elif _begins_reply(lines, at):
            own = sum(len(one.split()) for index, one in enumerate(lines[:at]) if index not in left_out)
            below = own <= _FEW_WORDS and not any(_MARK.match(one) for one in lines[at + 1 :])
            end = _behind_head(lines, at + 1) if below else len(lines)
        else:
            end = at + 1
            if not _MARK.match(line) and not _is_signature(lines, at):
                at = end
                continue
            if not _MARK.match(line):
                end = len(lines)
        left_out.update(range(at, end))
        at = end
    if not any(line.strip() for index, line in enumerate(lines) if index not in left_out):
        return set()
    return {index for index in left_out if lines[index].strip()}


def _is_signature(lines: Sequence[str], at: int) -> bool:
    return lines[at].rstrip() == _SIGNATURE and sum(bool(one.strip()) for one in lines[at + 1 :]) <= _LONGEST_SIGNATURE


def _begins_reply(lines: Sequence[str], at: int) -> bool:
    line = lines[at].strip()
    if len(line) > _LONGEST:
        return False
    if _INTRODUCES.fullmatch(line) or _INTRODUCES.fullmatch(
        f"{line} {''.join(lines[at + 1 : at + 2]).strip()[:_LONGEST]}"
    ):
        return True
    return bool(_FROM.match(line)) and any(_SENT.match(one) for one in lines[at + 1 : at + 1 + _NEAR])


def _behind_head(lines: Sequence[str], at: int) -> int:
    """The index behind the head of a mail within the text: its fields, or the one line that introduces it."""
    while at < len(lines) and (not lines[at].strip() or _RULE.fullmatch(lines[at])):
        at += 1
    while at < len(lines) and _FIELD.match(lines[at]):
        at += 1
    return at
