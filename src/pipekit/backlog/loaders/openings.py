"""The forms in which a line says who speaks, and when; whether it is one of them, the whole text decides."""

from __future__ import annotations

import re
from typing import Literal

from attrs import field, frozen

from pipekit.backlog.loaders.names import Shape, shape_of
from pipekit.backlog.loaders.no_names import MARKUP, TAGS
from pipekit.backlog.loaders.times import CLOCK, DAY, SPAN, TIME, Stamp, stamp_of

__all__ = ["Form", "Line", "Opening", "read_line"]

#: ``colon``: Ada: words. ``bracket``: [Ada] words. ``angle``: <ada> words. ``addressed``: From Ada to Everyone: words.
#: ``heading``: the name and a time alone, words below. ``below``: a time, then the name alone, words below.
Form = Literal["colon", "bracket", "angle", "addressed", "heading", "below"]

# Each is linear in a line's length, as it is shown the beginning only: no name stands behind that.
_HEAD = 240
_DAY_NAME = r"(?:today|yesterday|(?:mon|tues|wednes|thurs|fri|satur|sun)day|heute|gestern|vandaag|gisteren)"
_STAMP = re.compile(
    rf"(?P<open>[\[(<]?)(?:(?:(?P<day>{DAY})|(?P<dayname>(?i:{_DAY_NAME})))(?:,[ ]?|T|[ ])(?:at )?)?"
    rf"(?P<time>{CLOCK})(?:Z|[+-]\d\d:?\d\d)?(?P<close>[\])>]?)"
    rf"(?:\s*(?:-->?|–|to)\s*[\[(]?{TIME}(?!\w)[\])>]?)?(?P<sign>\s*[-–|]?\s*)"
)
_WHO = r"(?P<who>[^\s:：\[\](){}<>|*\"“][^:：\[\](){}<>|*\"“]{0,79}?)"
_ROLE = r"(?:\s?[(\[](?P<role>[^)\]\[(:]{1,40})[)\]])?"
_COLON = re.compile(
    rf"(?P<marks>\*\*|__)?[ ]?{_WHO}{_ROLE}\s?(?:\*\*|__)?{_ROLE.replace('role', 'behind')}"
    rf"(?:\s{{1,8}}[\[(]?(?P<time>{CLOCK})[\])]?)?\s?(?:\*\*|__)?(?::(?=\s|$|\*\*|__|[^\x00-\x7f])|：)(?:\*\*|__)?"
)
_INNER = re.compile(rf"\s?[\[(](?P<time>{CLOCK})[\])]\s?")
_BRACKET = re.compile(rf"\[(?P<who>[^\[\]:]{{1,60}})\](?P<colon>\s?[:：])?(?:\s(?P<time>{CLOCK})\s*$)?(?=\s|$)")
_ANGLE = re.compile(r"<[ ]?(?P<who>[@+%&~!]?[^<>\s][^<>]{0,39})>(?=\s)")
_ADDRESSED = re.compile(r"(?i)from\s{1,3}(?P<who>\S.{0,79}?)(?:\s{1,3}to\s{1,3}\S.{0,119}?)?\s?:(?=\s|$)")
_HEADING = re.compile(
    rf"(?P<who>[^\s\d:\[(<][^:\[(<]{{0,79}}?){_ROLE}(?P<apart>\s{{1,40}}[—–-]\s|,\s|\s{{1,40}}[|·•]\s|\s{{1,40}})"
    rf"(?P<open>[\[(]?)(?:(?:(?P<day>{DAY})|(?P<dayname>(?i:{_DAY_NAME})))(?:,? at)?,?\s)?"
    rf"(?:(?P<time>{CLOCK})|(?P<span>{SPAN}))[\])]?\s?:?\s*$"
)
_NICK = re.compile(r"[@+%&~!]?[\w\[\]\\`^{}|.-]{1,30}")
_PHONE = re.compile(r"\+?\d[\d ()-]{6,20}")
_MOST_ROLE_WORDS = 4


def _on_one_blank(written: str) -> str:
    return " ".join(written.split())


@frozen
class Opening:
    """Who could speak: the name as written, how much it looks like one, its role, and what stands behind."""

    form: Form
    name: str = field(converter=_on_one_blank)
    shape: Shape
    rest: str
    stamp: Stamp | None = None
    role: str | None = None
    #: Nothing else is written like this: marks around it, or a form that only programs make.
    plain: bool = True
    #: A time in brackets behind the name, and the words behind that.
    inner: tuple[Stamp, str] | None = None


@frozen
class Line:
    """A line of text: the time that leads, what stands behind it, and who could speak."""

    text: str
    stamp: Stamp | None = None
    #: The time stands in square brackets or has a date, as no time in a sentence does.
    marked: bool = False
    rest: str = ""
    opening: Opening | None = None


_EMPTY = Line("")


def read_line(line: str) -> Line:
    """What a line could begin with."""
    text = line.strip()
    if not text:
        return _EMPTY
    head = text[:_HEAD]
    stamp, marked, end = _leading(head)
    rest = text[end:].strip()
    opening = _opening(rest, stamp) if rest else None
    return Line(text, stamp, marked, rest, opening)


def _leading(head: str) -> tuple[Stamp | None, bool, int]:
    found = _STAMP.match(head)
    if found is None:
        return None, False, 0
    opened, closed = found.group("open"), found.group("close")
    if opened in ("(", "<") and not closed:
        return None, False, 0
    dated = bool(found.group("day") or found.group("dayname"))
    of_day = dated or bool(re.match(r"\s*<[^\d]", head[found.end("close") :]))
    stamp = stamp_of(found.group("time"), found.group("day"), of_day=of_day)
    return stamp, opened == "[" or dated, found.end()


def _opening(rest: str, stamp: Stamp | None) -> Opening | None:
    head = rest[:_HEAD]
    if head[0] == "[":
        return _bracketed(head, rest, stamp)
    if head[0] == "<":
        return _angled(head, rest, stamp)
    if stamp is not None and (found := _ADDRESSED.match(head)):
        name = " ".join(found.group("who").split())
        return Opening("addressed", name, "sure", rest[found.end() :].strip(), stamp, plain=False)
    if stamp is not None and stamp.day and "\t" in head:
        # A log in columns.
        name, _, words = rest.partition("\t")
        shape = shape_of(name) if len(name) <= 60 else None
        return Opening("colon", name, shape, words.strip(), stamp, plain=False) if shape else None
    return _with_colon(head, rest, stamp) or _heading(rest, stamp)


def _with_colon(head: str, rest: str, stamp: Stamp | None) -> Opening | None:
    found = _COLON.match(head) if ":" in head or "：" in head else None
    if found is None:
        return None
    dated = stamp is not None and stamp.day is not None
    name = found.group("who").removeprefix("~").strip() if dated else found.group("who").strip()
    shape = shape_of(name)
    if shape is None and dated and _PHONE.fullmatch(name):
        shape = "sure"
    role = found.group("role") or found.group("behind")
    if shape is None or (role and len(role.split()) > _MOST_ROLE_WORDS):
        return None
    if found.group("time"):
        stamp = stamp_of(found.group("time"))
    words = rest[found.end() :].strip()
    inner = _INNER.match(words[:_HEAD])
    return Opening(
        "colon",
        name,
        shape,
        words,
        stamp,
        role,
        plain=not found.group("marks"),
        inner=(stamp_of(inner.group("time")), words[inner.end() :].strip()) if inner else None,
    )


def _bracketed(head: str, rest: str, stamp: Stamp | None) -> Opening | None:
    found = _BRACKET.match(head)
    if found is None:
        return None
    name = found.group("who").strip()
    shape = shape_of(name)
    if shape is None or name.casefold() in TAGS:
        return None
    words = rest[found.end() :].strip()
    if found.group("time"):
        return Opening("heading", name, shape, "", stamp_of(found.group("time")), plain=False)
    return Opening("bracket", name, shape, words, stamp, plain=not found.group("colon"))


def _angled(head: str, rest: str, stamp: Stamp | None) -> Opening | None:
    found = _ANGLE.match(head)
    if found is None:
        return None
    written = found.group("who")
    name = written.lstrip("@+%&~!")
    shape = shape_of(name) or ("poor" if _NICK.fullmatch(written) and stamp is not None else None)
    if shape is None or name.casefold() in MARKUP:
        return None
    return Opening("angle", name, shape, rest[found.end() :].strip(), stamp)


def _heading(rest: str, stamp: Stamp | None) -> Opening | None:
    if len(rest) > 120:
        return None
    bold = rest[:2] if rest.startswith(("**", "__")) else ""
    rest = rest.replace(bold, "", 2) if bold else rest
    found = _HEADING.match(rest)
    if found is None:
        shape = shape_of(rest) if len(rest) <= 60 else None
        return Opening("below", rest.strip(), shape, "", stamp) if shape else None
    if stamp is not None:
        return None
    name = found.group("who").strip()
    shape = shape_of(name)
    role = found.group("role")
    if shape is None or (role and len(role.split()) > _MOST_ROLE_WORDS):
        return None
    time = found.group("time") or found.group("span")
    of_day = bool(found.group("dayname"))
    # Two blanks, a bracket, a dash or a half of the day: no sentence ends like this.
    plain = not (of_day or found.group("day") or found.group("span") or found.group("open"))
    plain = plain and not bold and len(found.group("apart")) == 1
    return Opening("heading", name, shape, "", stamp_of(time, found.group("day"), of_day=of_day), role, plain=plain)
