"""What in a file acts and shouldn't: markup, formulas and signs that came out of somebody's words."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from html.parser import HTMLParser

from pipekit.interfaces import OutputFile
from pipekit.testing.sample import MARKER

__all__ = ["what_acts"]

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_FORMULA = re.compile(r"\s*[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*%?|-")
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)


def what_acts(file: OutputFile) -> str:
    """What is wrong with a file, in a few words; empty where nothing is."""
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""  # no text: nothing that could be read here
    found = _CONTROL.search(text) or _TURNING.search(text)
    if found:
        return f"holds the character U+{ord(found.group()):04X}"
    suffix = file.path.rpartition(".")[2].lower()
    check = _CHECKS.get(suffix)
    return check(text) if check else ""


def _in_html(text: str) -> str:
    parser = _Acting()
    parser.feed(text)
    parser.close()
    return parser.fault


class _Acting(HTMLParser):
    """Finds the marker in the names of elements, in attributes that act, and in scripts and styles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fault = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self._open.append(tag)
        for name, value in attrs:
            words = (value or "").strip().lower()
            if name.startswith("on") or name == "style" or MARKER in name:
                acts = MARKER in words or MARKER in name
            else:
                acts = name in ("href", "src", "action", "formaction") and MARKER in words and not words.startswith("#")
            if acts:
                self.fault = self.fault or f"the attribute {name} of <{tag}> comes out of the meeting"

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if MARKER in data and self._open and self._open[-1] in ("script", "style"):
            self.fault = self.fault or f"words of the meeting stand in a <{self._open[-1]}>"

    def handle_comment(self, data: str) -> None:
        if MARKER in data:
            self.fault = self.fault or "words of the meeting stand in a comment, out of sight"


def _in_xml(text: str) -> str:
    from xml.etree import ElementTree as ET

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return "holds a document type, which XML readers act on"
    try:
        root = ET.fromstring(text)  # noqa: S314 - no entities, as was just seen
    except ET.ParseError as error:
        return f"is no XML: {error}"
    names: Iterable[str] = (str(part) for one in root.iter() for part in (one.tag, *one.attrib))
    return "an element or attribute comes out of the meeting" if any(MARKER in name for name in names) else ""


def _in_markdown(text: str) -> str:
    # A block of code shows its words as they are, and front matter is for programs.
    outside = re.sub(r"(?ms)^(```+|~~~+).*?^\1", "", re.sub(r"(?s)\A---\n.*?\n---\n", "", text))
    for what, pattern in _MARKDOWN.items():
        found = re.search(pattern, outside)
        if found:
            return f"{what} comes out of the meeting: {found.group()[:60]!r}"
    return ""


_MARKDOWN = {
    "an HTML element": rf"(?<!\\)<[a-zA-Z/!][^>\n]*{MARKER}|(?<!\\)<script|(?<!\\)<!--",
    "a link": rf"(?<!\\)\]\((?:javascript:|https?://){MARKER}",
}


def _in_table(delimiter: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
            for cell in row:
                if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell.strip()):
                    return f"row {number} has a cell that a spreadsheet takes for a formula: {cell[:40]!r}"
        return ""

    return check


def _in_json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        return f"is no JSON: {error}"
    return ""


def _in_json_lines(text: str) -> str:
    for number, line in enumerate(text.split("\n"), start=1):
        fault = _in_json(line) if line.strip() else ""
        if fault:
            return f"line {number} {fault}"
    return ""


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "html": _in_html,
    "htm": _in_html,
    "xml": _in_xml,
    "svg": _in_xml,
    "md": _in_markdown,
    "markdown": _in_markdown,
    "csv": _in_table(","),
    "tsv": _in_table("\t"),
    "json": _in_json,
    "jsonl": _in_json_lines,
    "ndjson": _in_json_lines,
}
