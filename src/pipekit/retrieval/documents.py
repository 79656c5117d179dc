"""Markdown files with YAML front matter, as documents and the chunks of them that are indexed.

A file is never an error here: what can't be read right is read as far as it goes, and a sentence says what was wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from pipekit.yaml_nodes import CORE, NotYamlError, compose

__all__ = ["KINDS", "Chunk", "Document", "chunks_of", "kind_of", "parse_document"]

#: What a front matter's ``type`` makes a document; every other type is a work item.
KINDS: Mapping[str, str] = {
    "adr": "adr",
    "decision": "adr",
    "architecture-decision": "adr",
    "incident": "lesson",
    "lesson": "lesson",
    "lesson-learned": "lesson",
    "postmortem": "lesson",
    "post-mortem": "lesson",
    "retrospective": "lesson",
    "doc": "doc",
    "docs": "doc",
    "document": "doc",
    "documentation": "doc",
    "guide": "doc",
    "handbook": "doc",
    "howto": "doc",
    "reference": "doc",
    "runbook": "doc",
    "specification": "doc",
}

#: Front matter longer than this is no front matter; keeps a hostile file from costing a parse.
MAX_FRONT_MATTER = 32_000
#: More tags than this are left out.
MAX_TAGS = 100
#: About the size of chunks, in characters; a longer section is split between paragraphs.
CHUNK_SIZE = 1_500

#: A decision longer than this is cut, in characters.
MAX_DECISION = 600

#: Headings of the section that says what was decided.
_DECISION = re.compile(r"(?:\d+[.)]?\s+)?(?:decision(?: outcome)?|besluit|entscheidung):?", re.IGNORECASE)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
#: A line that needs no YAML parser to be read right: plain or quoted text without escapes, or a list of plain words.
_SIMPLE_LINE = re.compile(
    r"""([A-Za-z_][\w-]*):[ ]+(?:
        (?P<plain>[^\W_](?:[^:#]|:(?=[^ ])|(?<=[^ ])\#)*)
        | "(?P<double>[^"\\]*)" | '(?P<single>[^']*)' | \[(?P<list>[ ]*[^\W_][\w -]*(?:,[ ]*[^\W_][\w -]*)*)\]
    )[ ]*\Z""",
    re.VERBOSE,
)
_PLAIN_LINE = re.compile(r"^(id|title|type|status|tags)[ \t]*:[ \t]+([^\n]+)$", re.MULTILINE | re.IGNORECASE)
# Linear in a line's length, both of them: nothing that an opening bracket reads is read again for the next one.
_HEADING = re.compile(r"^(#{1,6})[ \t]++(.+)$", re.MULTILINE)
_MARKUP = re.compile(
    r"!?\[([^\[\]\n]*+)\]\((?:[^()\n]|\([^()\n]*+\))*+\)"  # links and pictures: their text stays
    r"|(?<!\w)[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}(?!\w)"
    r"|^[ \t]*(?:>|[-*+]|\d+[.)])[ \t]+",
    re.MULTILINE,
)

#: Names and values of a front matter, as they are written; what is nested deeper than a list is left out.
_Front = Mapping[str, str | tuple[str, ...]]


@frozen(kw_only=True)
class Document:
    """One file: ``source`` is its address, ``kind`` work-item, adr, doc or lesson, ``text`` the Markdown body."""

    source: str
    title: str
    text: str
    id: str = ""
    kind: str = "work-item"
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class Chunk:
    """A part of a document under one heading; ``heading`` is empty before the first one."""

    heading: str
    text: str


def kind_of(type_: str) -> str:
    """The kind of a front matter's ``type``: no type at all makes a ``doc``, an unknown one a ``work-item``."""
    name = re.sub(r"[\s_]+", "-", type_.strip().casefold())
    return KINDS.get(name, "work-item") if name else "doc"


def parse_document(text: str, source: str) -> tuple[Document, tuple[str, ...]]:
    """The document in ``text``, and one sentence for each thing that was wrong with its front matter.

    ``text`` has Unix line ends and no BOM. Title: front matter, else the first heading, else the file's name.
    """
    match = _FRONT_MATTER.match(text)
    warnings: tuple[str, ...] = ()
    front: _Front = {}
    body = text
    if match:
        front, warnings = _front_matter(match.group(1) or "", source)
        if front or not warnings:
            body = text[match.end() :]
    attributes = {key: value for key in ("type", "status", "date", "decision") if (value := _text(front.get(key, "")))}
    if kind_of(attributes.get("type", "")) == "adr" and "decision" not in attributes:
        attributes |= _decided(body)
    heading = _HEADING.search(body)
    name = re.sub(r"[-_]+", " ", re.sub(r"\.[A-Za-z]+$", "", source.rsplit("/", 1)[-1])).strip()
    document = Document(
        source=source,
        title=_text(front.get("title", "")) or (_heading_text(heading) if heading else "") or name,
        text=body.strip(),
        id=_text(front.get("id", "")),
        kind=kind_of(attributes.get("type", "")),
        tags=_tags(front.get("tags", "")),
        attributes=attributes,
    )
    return document, warnings


def _decided(body: str) -> Mapping[str, str]:
    """What an ADR decided, by its section of that name, however deep it is and numbered or not."""
    marks = list(_HEADING.finditer(body))
    for place, mark in enumerate(marks):
        if not _DECISION.fullmatch(_heading_text(mark)):
            continue
        deeper = (other for other in marks[place + 1 :] if len(other.group(1)) <= len(mark.group(1)))
        end = next((other.start() for other in deeper), len(body))
        words = plain(_HEADING.sub("", body[mark.end() : end][:MAX_FRONT_MATTER]))
        if words:
            return {"decision": words if len(words) <= MAX_DECISION else f"{words[:MAX_DECISION].rsplit(' ', 1)[0]} …"}
    return {}


def _front_matter(block: str, source: str) -> tuple[_Front, tuple[str, ...]]:
    if len(block) > MAX_FRONT_MATTER:
        return {}, (f"{source}: the front matter is longer than {MAX_FRONT_MATTER} characters and is read as text",)
    simple = _simple(block)
    return _by_parser(block, source) if simple is None else (simple, ())


def _by_parser(block: str, source: str) -> tuple[_Front, tuple[str, ...]]:
    try:
        root = compose(block)
    except NotYamlError as error:
        line = f":{error.place[0] + 1}" if error.place else ""
        return _plain_lines(block), (f"{source}{line}: the front matter is no valid YAML: {error.problem}",)
    if root is None:
        return {}, ()
    if root.id != "mapping":
        return {}, (f"{source}: the front matter is no list of keys and values and is read as text",)
    front: dict[str, str | tuple[str, ...]] = {}
    warnings: list[str] = []
    for key, value in root.value:
        name = _scalar(key).casefold()
        if name in front:
            place = f"{source}:{key.start_mark.line + 2}"
            warnings.append(f"{place}: the front matter says {name[:40]!r} twice; the first one counts")
        elif name:
            front[name] = tuple(map(_scalar, value.value[:MAX_TAGS])) if value.id == "sequence" else _scalar(value)
    return front, tuple(warnings)


def _simple(block: str) -> _Front | None:
    """The front matter, where YAML reads every line as it stands: most are so, and its parser takes its time."""
    front: dict[str, str | tuple[str, ...]] = {}
    for line in block.split("\n")[:-1]:
        match = _SIMPLE_LINE.match(line) if line.isprintable() else None
        if match is None or (name := match[1].casefold()) in front:
            return None
        plain, items = match["plain"], match["list"]
        values = [item.strip() for item in (items if plain is None and items else plain or "").split(",")]
        if any(value.casefold() == "null" for value in values):
            return None
        front[name] = tuple(values[:MAX_TAGS]) if items else _line(plain or match["double"] or match["single"] or "")
    return front


def _scalar(node: Any) -> str:
    """The text of a plain value as it is written; anything nested, and null, is nothing."""
    return _line(node.value) if node.id == "scalar" and node.tag != f"{CORE}null" else ""


def _line(text: str) -> str:
    # An escape may name half a character, which no file and no database takes.
    return " ".join(text.split())[:300].encode(errors="replace").decode()


def _plain_lines(block: str) -> _Front:
    """What a broken front matter still says: its ``key: value`` lines (a title with a colon is the usual fault)."""
    return {key.casefold(): _line(value.strip().strip("\"'")) for key, value in _PLAIN_LINE.findall(block)}


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ""


def _tags(value: str | tuple[str, ...]) -> tuple[str, ...]:
    parts = value.strip("[]").split(",")[:MAX_TAGS] if isinstance(value, str) else value
    return tuple(tag for part in parts if (tag := part.strip()))


def plain(markdown: str) -> str:
    """Markdown as one line of text without its marks."""
    return " ".join(_MARKUP.sub(lambda match: match.group(1) or "", markdown).split())


def _heading_text(heading: re.Match[str]) -> str:
    """A heading's words without its closing marks: ``Title ##``, but not those of ``C#``."""
    text: str = heading.group(2).rstrip()
    words = text.rstrip("#")
    return plain(words if not words or words[-1].isspace() else text)


def chunks_of(document: Document) -> tuple[Chunk, ...]:
    """The document's parts by heading, long ones split between paragraphs; one empty part when there is no text."""
    chunks: list[Chunk] = []
    start, heading = 0, ""
    marks = [(match.start(), match.end(), _heading_text(match)) for match in _HEADING.finditer(document.text)]
    for begin, end, title in [*marks, (len(document.text), len(document.text), "")]:
        chunks += [Chunk(heading=heading, text=part) for part in _split(document.text[start:begin])]
        start, heading = end, title
    return tuple(chunks) or (Chunk(heading="", text=""),)


def _split(text: str) -> list[str]:
    parts: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        words = plain(paragraph)
        if not words:
            continue
        if parts and len(parts[-1]) + len(words) <= CHUNK_SIZE:
            parts[-1] = f"{parts[-1]} {words}"
        else:
            parts += [words[at : at + CHUNK_SIZE] for at in range(0, len(words), CHUNK_SIZE)]
    return parts
