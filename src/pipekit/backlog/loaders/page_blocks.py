"""A page of HTML as blocks: what a reader sees of it, one block for each line, item or row of a table."""

from __future__ import annotations

import re
from collections import Counter

from attrs import Factory, define, field

from pipekit.backlog.loaders.blocks import Block
from pipekit.backlog.loaders.decoding import without_controls
from pipekit.backlog.loaders.markup import Data, End, Start, tokens_of

__all__ = ["PageBlocks", "blocks_of_page"]

#: Elements that begin a line of their own.
_LINES = frozenset(
    """
    address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure
    footer form header hgroup html legend li main menu nav ol optgroup option p pre search section summary table tbody
    tfoot thead tr ul
    """.split()  # noqa: SIM905
)
#: Elements that hold no words for a reader of the page.
_UNSEEN = frozenset(
    """
    audio button canvas datalist iframe math meter nav noembed noframes noscript object progress script select style
    svg template textarea video xmp
    """.split()  # noqa: SIM905
)
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905
_HEADING = re.compile(r"h[1-6]")
_HIDING = re.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:font-size|opacity)\s*:\s*0(?![\d.]))", re.IGNORECASE
)
#: How Google Docs says that an item stands in another one: the lists themselves aren't nested.
_LIST_DEPTH = re.compile(r"\blst-[\w-]+-(\d)\b")
#: Marks of comments in Google Docs, in the text and before what they say.
_COMMENT_MARK = re.compile(r"#cmnt(?:_ref)?\d+$")
#: The parts of a Confluence page around its content, by their id or class.
_FURNITURE = frozenset(("breadcrumb-section", "breadcrumbs", "footer", "likes-and-labels-container", "page-metadata"))


@define
class PageBlocks:
    """The blocks of a page, its title, and how much it hides from its readers; ``quoted`` are indices of blocks."""

    blocks: list[Block] = field(factory=list)
    quoted: set[int] = field(factory=set)
    title: str | None = None
    hidden: int = 0
    pictures: int = 0


def blocks_of_page(page: str) -> PageBlocks:
    """Read a page; what a browser wouldn't show is left out."""
    reader = _Reader()
    for token in tokens_of(page):
        if isinstance(token, Data):
            reader.says(token.text)
        elif isinstance(token, Start):
            reader.starts(token)
        else:
            reader.ends(token)
    reader.finishes()
    return reader.found


@define
class _Reader:
    found: PageBlocks = Factory(PageBlocks)
    words: list[str] = field(factory=list)
    #: The element whose content is left out, and how many of its name are open in it.
    unseen: str = ""
    depth: int = 0
    hiding: bool = False
    #: Levels of the lists that are open; a page from outside may nest any number of them, few are shown.
    lists: list[int] = field(factory=list)
    item: int = 0
    heading: int = 0
    #: The lines in each cell of the row, where one is open; a table within it is part of its cell.
    cells: list[list[str]] | None = None
    tables: int = 0
    row_at: int = 0
    pre: int = 0
    titled: bool = False
    mark: bool = False
    number: int = 0
    open: Counter[str] = field(factory=Counter)

    def says(self, text: str) -> None:
        """Read text; in preformatted text each line is one."""
        if self.titled:
            self.found.title = self.found.title or without_controls(text) or None
        elif self.unseen:
            self.found.hidden += self.hiding and bool(text.strip())
        elif self.mark:
            return
        elif self.pre:
            first, *rest = text.split("\n")
            self.words.append(first)
            for line in rest:
                self.closes()
                self.words.append(line)
        else:
            self.words.append(text)

    def starts(self, token: Start) -> None:
        """Read the beginning of an element."""
        name = token.name
        if name == "title" and not self.open["svg"]:
            self.titled = self.found.title is None
        if name in _VOID:
            self._void(token)
            return
        self.open[name] += 1
        if self.unseen:
            self.depth += name == self.unseen
            if not (self.unseen == "p" and self.hiding and name in _LINES and name != "p"):
                return
            self._seen()  # a paragraph ends where anything else begins that has lines of its own
        self._breaks(name)
        hidden = _is_hidden(token)
        if name in _UNSEEN or hidden or _is_furniture(token):
            self.unseen, self.depth, self.hiding = name, 1, hidden and name not in _UNSEEN
        elif name == "a":
            self.mark = bool(_COMMENT_MARK.search(token.attributes.get("href", "")))
        elif _HEADING.fullmatch(name):
            self.heading = int(name[1])
        elif name in ("ul", "ol"):
            depth = _LIST_DEPTH.search(token.attributes.get("class", ""))
            self.lists.append(int(depth.group(1)) + 1 if depth else (self.lists[-1] + 1 if self.lists else 1))
        elif name in ("li", "dd"):
            self.item = self.lists[-1] if self.lists else 1
        elif name == "pre":
            self.pre += 1
        else:
            self._lays_out(name)

    def _lays_out(self, name: str) -> None:
        """The beginning of a table, a row or a cell."""
        if name == "table":
            self.tables += 1
        elif name == "tr" and (self.cells is None or self.tables <= self.row_at):
            self._row()
            self.cells, self.row_at = [], self.tables
        elif name in ("td", "th") and self.cells is not None and self.tables == self.row_at:
            self.cells.append([])

    def ends(self, token: End) -> None:
        """Read the end of an element; one that was never begun ends no more than the line."""
        name = token.name
        if name == "title":
            self.titled = False
        if self.open[name] <= 0:
            if not self.unseen:
                self._breaks(name)
            return
        self.open[name] -= 1
        if self.unseen:
            self.depth -= name == self.unseen
            if not self.depth:
                self._seen()
            return
        self._breaks(name)
        if name == "a":
            self.mark = False
        elif name in ("tr", "table"):
            if self.cells is not None and self.tables <= self.row_at:
                self._row()
            self.tables -= name == "table"
        elif _HEADING.fullmatch(name):
            self.heading = 0
        elif name in ("ul", "ol") and self.lists:
            self.lists.pop()
            self.item = 0
        elif name in ("li", "dd"):
            self.item = 0
        elif name == "pre":
            self.pre -= 1

    def finishes(self) -> None:
        """End what was never closed."""
        self.closes()
        self._row()

    def closes(self) -> None:
        """End the line."""
        text = without_controls("".join(self.words))
        self.words.clear()
        if not text:
            return
        if self.cells is None:
            self._gives(text)
            return
        if not self.cells:
            self.cells.append([])
        self.cells[-1].append(text)

    def _gives(self, text: str) -> None:
        self.number += 1
        if self.open["blockquote"]:
            self.found.quoted.add(len(self.found.blocks))
        if self.heading:
            self.found.blocks.append(Block(self.number, "heading", text, self.heading))
        elif self.item:
            self.found.blocks.append(Block(self.number, "bullet", text, self.item, text))
        else:
            self.found.blocks.append(Block(self.number, "note", text, 0, text))

    def _void(self, token: Start) -> None:
        if self.unseen:
            return
        if token.name == "br":
            self.closes()
        elif token.name == "hr":
            self.closes()
            if self.cells is None:
                self.found.blocks.append(Block(self.number, "rule"))
        elif token.name == "img":
            self.found.pictures += 1
            emoji = token.attributes.get("data-emoji-fallback") or token.attributes.get("data-emoji-short-name")
            self.words.append(emoji or " ")

    def _breaks(self, name: str) -> None:
        """A new line, where the element begins or ends one."""
        if name in _LINES or name in ("td", "th") or _HEADING.fullmatch(name):
            self.closes()

    def _seen(self) -> None:
        self.unseen, self.depth, self.hiding = "", 0, False

    def _row(self) -> None:
        """A row is one line; where it has one cell only, the table lays out the page, and is none."""
        cells, self.cells = self.cells or [], None
        filled = [cell for cell in cells if cell]
        if len(filled) == 1:
            for line in filled[0]:
                self._gives(line)
        elif filled:
            self._gives(", ".join(" ".join(cell) for cell in filled))


def _is_hidden(token: Start) -> bool:
    style = token.attributes.get("style")
    return "hidden" in token.attributes or (style is not None and _HIDING.search(style) is not None)


def _is_furniture(token: Start) -> bool:
    called = token.attributes.get("id"), token.attributes.get("class")
    return any(name in _FURNITURE for name in called if name)
