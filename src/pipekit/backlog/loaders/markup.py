"""HTML as the tokens that the standard's tokeniser gives: tags, and the text between them.

No tree is made of them. Building one the way browsers do takes a time that grows with the square of how deep the
elements stand in each other, and a page from outside may stand them as deep as it likes. Everything here is linear in
the page's length.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping

from attrs import field, frozen

__all__ = ["Data", "End", "Start", "Token", "tokens_of"]

_NAME = re.compile(r"[a-zA-Z][^\s/>]*+")
_BEFORE_ATTRIBUTE = re.compile(r"[\s/]*+")
_ATTRIBUTE = re.compile(r"=?[^\s/>=]*+")
_EQUALS = re.compile(r"\s*+=\s*+")
_BARE = re.compile(r"[^\s>]*+")
#: What stands in these is no markup, up to their own end tag.
_RAW = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))
_CLOSING = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}


@frozen
class Start:
    """The beginning of an element; names are in lower case."""

    name: str
    attributes: Mapping[str, str] = field(factory=dict)


@frozen
class End:
    """The end of an element."""

    name: str


@frozen
class Data:
    """Text, its character references resolved."""

    text: str


Token = Start | End | Data


def tokens_of(page: str) -> Iterator[Token]:
    """The tokens of a page; whatever it holds, there is no error. What is never closed reaches to its end."""
    at = 0
    while at < len(page):
        opening = page.find("<", at)
        if opening < 0:
            break
        if opening > at:
            yield Data(html.unescape(page[at:opening]))
        token, at = _token(page, opening)
        if token is not None:
            yield token
        if isinstance(token, Start) and token.name in _RAW:
            closing = _CLOSING[token.name].search(page, at)
            end = closing.start() if closing else len(page)
            if token.name in ("title", "textarea"):
                yield Data(html.unescape(page[at:end]))
            at = end
    if at < len(page):
        yield Data(html.unescape(page[at:]))


def _token(page: str, at: int) -> tuple[Token | None, int]:
    """What begins with the ``<`` at ``at``, and where it ends; None for what says nothing."""
    if page.startswith("<!--", at):
        if page.startswith(("<!-->", "<!--->"), at):
            return None, page.index(">", at) + 1
        return None, _behind(page, "-->", at + 4)
    if page.startswith(("<!", "<?"), at):
        return None, _behind(page, ">", at)
    ending = page.startswith("</", at)
    name = _NAME.match(page, at + 1 + ending)
    if name is None:
        if ending:
            return None, _behind(page, ">", at)
        return Data("<"), at + 1
    attributes, end = _attributes(page, name.end())
    if attributes is None:
        return None, end
    called = name.group().lower()
    return (End(called) if ending else Start(called, attributes)), end


def _behind(page: str, mark: str, at: int) -> int:
    found = page.find(mark, at)
    return len(page) if found < 0 else found + len(mark)


def _attributes(page: str, at: int) -> tuple[dict[str, str] | None, int]:
    """The attributes up to the tag's ``>``, and the place behind it; None where the page ends before."""
    found: dict[str, str] = {}
    while True:
        before = _BEFORE_ATTRIBUTE.match(page, at)
        assert before is not None
        at = before.end()
        if at >= len(page):
            return None, at
        if page[at] == ">":
            return found, at + 1
        name = _ATTRIBUTE.match(page, at)
        assert name is not None
        value, at = _value(page, name.end())
        if value is None:
            return None, at
        found.setdefault(name.group().lower(), html.unescape(value))


def _value(page: str, at: int) -> tuple[str | None, int]:
    equals = _EQUALS.match(page, at)
    if equals is None:
        return "", at
    at = equals.end()
    quote = page[at : at + 1]
    if quote in ('"', "'") and quote:
        end = page.find(quote, at + 1)
        return (None, len(page)) if end < 0 else (page[at + 1 : end], end + 1)
    bare = _BARE.match(page, at)
    assert bare is not None
    return bare.group(), bare.end()
