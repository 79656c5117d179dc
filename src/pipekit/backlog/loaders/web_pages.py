"""Pages of HTML: what Teams, Google Docs and Confluence export, and any page that holds notes or talk."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipekit.backlog.loaders.blocks import About, read_blocks
from pipekit.backlog.loaders.decoding import Decoded, decode, decoded_head, looks_binary
from pipekit.backlog.loaders.page_blocks import PageBlocks, blocks_of_page
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.speakers import with_one_name_each
from pipekit.errors import InputError
from pipekit.interfaces import Source

__all__ = ["HtmlLoader", "page_warnings"]

_BEGINS_A_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--(?:(?!-->).){0,2000}+-->\s*+)*+<(?:!doctype\s+html|html)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_BEGINS_A_PART = re.compile(
    r"\s*<(?:head|body|div|p|h[1-6]|table|ul|ol|meta|article|section|span|b|a)(?:\s[^<>]{0,1000})?>", re.IGNORECASE
)
_ENDS = re.compile(r"</(?:div|p|h[1-6]|table|ul|ol|li|body|span)>", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)


class HtmlLoader:
    """Reads what a reader of the page sees: headings, lists, tables, and speech where names lead.

    Scripts, styles, pictures and hidden text are left out, and nothing is fetched.
    """

    suffixes: Sequence[str] = (".html", ".htm", ".xhtml")
    returns = Meeting

    def recognises(self, head: bytes, name: str) -> float:
        """By its first elements."""
        if looks_binary(head):
            return 0.0
        text = decoded_head(head)[:20_000]
        if _BEGINS_A_PAGE.match(text):
            return 0.97
        named = name.lower().endswith(tuple(self.suffixes))
        if _BEGINS_A_PART.match(text) and _ENDS.search(text):
            return 0.9 if named else 0.6
        return 0.7 if named else 0.0

    def load(self, source: Source) -> Meeting:
        """The meeting; ``line`` counts the lines as a reader sees them. `InputError` for a page without words."""
        decoded = _decoded(source)
        page = blocks_of_page(decoded.text)
        about = About(title=page.title)
        said = read_blocks(page.blocks, about)
        if not said:
            raise InputError(
                "shows no text",
                file=source.name,
                kind="empty",
                hint="a page that only a browser fills has none in its file: copy its text into one",
            )
        meeting = Meeting(
            utterances=tuple(said),
            title=about.title,
            date=about.date,
            attendees=about.attendees,
            source=source.name,
            format="html",
            warnings=(*decoded.warnings, *page_warnings(page), *about.warnings),
        )
        return with_one_name_each(meeting)


def page_warnings(page: PageBlocks) -> list[str]:
    """What a person should know of what was left out."""
    if not page.hidden:
        return []
    places = "1 place" if page.hidden == 1 else f"{page.hidden} places"
    return [f"left out text that the page hides from its readers ({places})"]


def _decoded(source: Source) -> Decoded:
    """The text in the encoding that the page names, where it is no Unicode."""
    found = _CHARSET.search(source.content[:4096])
    return decode(source.content, source.name, named=found.group(1).decode("ascii", "replace") if found else None)
