"""What a Word document says beside its text: its properties, the meaning of its styles, and comments."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import define, field, frozen

from pipekit.backlog.loaders.decoding import without_controls
from pipekit.backlog.loaders.word_package import Handler, Package

__all__ = ["Comment", "Style", "comments_of", "is_on", "number_of", "styles_of", "title_of"]

_HEADING = re.compile(r"(?i)heading ([1-9])")
#: Lists within lists have styles of their own, each of which says that it is a first list.
_NESTED_LIST = re.compile(r"(?i)list (?:bullet|number) ([2-5])")
_OFF = frozenset(("0", "false", "off", "none"))


def is_on(value: str) -> bool:
    """Whether a property is switched on; without a value it is."""
    return value not in _OFF


def number_of(value: str) -> int | None:
    """A small whole number, None for anything else."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 4 else None


@frozen
class Style:
    """What a style of paragraphs means: a heading of this level, a list of this depth, the title."""

    heading: int = 0
    bullet: int = 0
    title: bool = False
    hidden: bool = False


@define
class _Properties(Handler):
    title: str = ""
    within: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        self.within = name == "title"

    def data(self, text: str) -> None:
        if self.within:
            self.title += text

    def end(self, name: str) -> None:  # noqa: ARG002
        self.within = False


def title_of(package: Package) -> str:
    """The title among the document's own properties, empty where it has none."""
    found = _Properties()
    package.read("docProps/core.xml", found)
    return without_controls(found.title)


@define
class _Named:
    name: str = ""
    based_on: str = ""
    outline: int | None = None
    bullet: int = 0
    hidden: bool = False


@define
class _Styles(Handler):
    named: dict[str, _Named] = field(factory=dict)
    open: _Named | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "style":
            self.open = self.named.setdefault(attributes.get("styleId", ""), _Named())
        elif self.open is None:
            return
        elif name == "name":
            self.open.name = value
        elif name == "basedOn":
            self.open.based_on = value
        elif name == "outlineLvl":
            self.open.outline = number_of(value)
        elif name == "numId":
            self.open.bullet = self.open.bullet or 1
        elif name == "ilvl":
            self.open.bullet = (number_of(value) or 0) + 1
        elif name == "vanish":
            self.open.hidden = is_on(value)

    def end(self, name: str) -> None:
        if name == "style":
            self.open = None


def styles_of(package: Package) -> Mapping[str, Style]:
    """The styles by their ids; one that is based on another one means the same."""
    read = _Styles()
    package.read("word/styles.xml", read)
    return {style: _meaning(style, read.named) for style in read.named}


def _meaning(style: str, named: Mapping[str, _Named]) -> Style:
    bullet, hidden = 0, False
    seen: set[str] = set()
    while style in named and style not in seen and len(seen) < 20:
        seen.add(style)
        one = named[style]
        bullet, hidden = bullet or one.bullet, hidden or one.hidden
        heading = _HEADING.fullmatch(one.name)
        if heading:
            return Style(heading=min(6, int(heading.group(1))))
        if one.outline is not None and one.outline < 9:
            return Style(heading=min(6, one.outline + 1))
        if one.name.lower() == "title":
            return Style(heading=1, title=True)
        nested = _NESTED_LIST.fullmatch(one.name)
        if nested and bullet:
            return Style(bullet=int(nested.group(1)), hidden=hidden)
        style = one.based_on
    return Style(bullet=bullet, hidden=hidden)


@frozen
class Comment:
    """What somebody wrote beside the text."""

    author: str | None
    lines: tuple[str, ...]


@define
class _Comments(Handler):
    found: dict[str, Comment] = field(factory=dict)
    key: str = ""
    author: str = ""
    lines: list[str] = field(factory=list)
    words: list[str] = field(factory=list)
    within: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "comment":
            self.key, self.author = attributes.get("id", ""), without_controls(attributes.get("author", ""))
            self.lines.clear()
        self.within = name == "t"

    def data(self, text: str) -> None:
        if self.within:
            self.words.append(text)

    def end(self, name: str) -> None:
        self.within = False
        if name in ("p", "br"):
            self.lines.append(without_controls("".join(self.words)))
            self.words.clear()
        elif name == "comment":
            lines = tuple(line for line in self.lines if line)
            if lines:
                self.found[self.key] = Comment(self.author or None, lines)


def comments_of(package: Package) -> Mapping[str, Comment]:
    """The comments by their ids."""
    read = _Comments()
    package.read("word/comments.xml", read)
    return read.found
