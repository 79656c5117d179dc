"""Whatever stands wherever people and models write, a file has the form that it has when all of it is harmless."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hostilekit import CALM, TEXTS, Poisoned, refined_meeting
from markdown_it import MarkdownIt

from pipekit.backlog.output_formats import OUTPUT_FORMATS
from pipekit.backlog.output_formats.import_csv import CsvSettings
from pipekit.interfaces import OutputFormat, RunView
from pipekit.markdown import visible

Render = Callable[[str, str], dict[str, str]]
#: What steers a terminal, hides, or turns the direction of reading, wherever it stands; tabs and ends of lines don't.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
FORMULA = re.compile("[=+\\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]")

hostile = pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> RunView:
    return refined_meeting(tmp_path_factory.mktemp("meeting"))


@pytest.fixture(scope="module")
def render(view: RunView) -> Render:
    @cache  # above all of what is calm, which every test holds the others against
    def rendered(name: str, text: str) -> dict[str, str]:
        needed: dict[str, list[Any]] = {"html": [Path("none")], "csv": [CsvSettings()]}
        made: OutputFormat = OUTPUT_FORMATS[name](*needed.get(name, []))
        return {file.path: file.content.decode() for file in made.render(Poisoned(view, text))}

    return rendered


class Shown(HTMLParser):
    """A page as a browser takes it: elements and their attributes in a row, and the text that people see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.links: set[str] = set()
        self.pieces: list[str] = []
        #: The same in two: what is code, in which nothing is found, and the rest.
        self.code = self.prose = ""
        self._in_code = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "text":
            return  # a title in a box takes one line or two
        # Which way a text runs is told where it isn't the way of the page.
        self.elements.append((tag, *(name for name, value in attrs if (name, value) != ("dir", "rtl"))))
        self._in_code |= tag == "code"
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}

    def handle_endtag(self, tag: str) -> None:
        self._in_code &= tag != "code"

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
        if self._in_code:
            self.code += data
        else:
            self.prose += data

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())


def as_shown(text: str) -> str:
    return " ".join(visible(text).split())


@hostile
def test_the_report_has_no_other_element_attribute_or_link(text: str, render: Render) -> None:
    calm = Shown(render("html", CALM)["report.html"])
    page = render("html", text)["report.html"]
    found = Shown(page)
    assert found.elements == calm.elements
    assert found.links == calm.links
    assert all(link.startswith("#") for link in found.links)
    if len(text) < 1000:
        assert found.text.count(as_shown(text)) > 300
    assert not HIDDEN.search(page)


def markdown(text: str) -> Shown:
    """As GitHub shows it, but for its mentions, references and bare links."""
    return Shown(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(without_front_matter(text)))


def without_front_matter(text: str) -> str:
    front = re.match(r"---\n(?:.+\n)+---\n", text)
    return text[front.end() :] if front else text


def live(text: str) -> list[str]:
    """What GitHub finds in a text: mentions and references where it is shown, addresses where it is written."""
    shown = markdown(text)
    written = re.sub(r"\\[:.]", "", without_front_matter(text))
    addresses, harmless = (re.findall(r"https?:|www\.", one, re.IGNORECASE) for one in (written, shown.code))
    return [*re.findall(r"[@#]\w+|gh-\d+", shown.prose, re.IGNORECASE), *addresses[len(harmless) :]]


@hostile
@pytest.mark.parametrize("name", ["summary", "markdown"])
def test_markdown_has_no_other_element_and_nothing_that_notifies(name: str, text: str, render: Render) -> None:
    calm, files = render(name, CALM), render(name, text)
    assert files.keys() == calm.keys()
    for path, content in files.items():
        found = markdown(content)
        assert found.elements == markdown(calm[path]).elements
        assert found.links == set()
        assert live(content) == []
        assert not HIDDEN.search(content)
        if len(text) < 60:
            assert as_shown(text) in found.text.replace("\u200b", "")


@hostile
def test_an_issue_for_github_is_one_line_and_its_body_no_other_markdown(text: str, render: Render) -> None:
    [before], [content] = render("github", CALM).values(), render("github", text).values()
    calm, issues = ([json.loads(line) for line in file.split("\n")[:-1]] for file in (before, content))
    assert [sorted(one) for one in issues] == [sorted(one) for one in calm]
    for issue, other in zip(issues, calm, strict=True):
        found = markdown(issue["body"])
        assert found.elements == markdown(other["body"]).elements
        assert found.links == set()
        assert live(issue["body"]) == []
        assert issue["labels"] == other["labels"]
        assert "\n" not in issue["title"]
    assert not HIDDEN.search(content)


@hostile
def test_no_cell_is_a_formula_whatever_separates_cells_where_it_is_opened(text: str, render: Render) -> None:
    calm = render("csv", CALM)
    for path, content in render("csv", text).items():
        table = list(csv.reader(io.StringIO(content, newline=""), strict=True))
        assert [len(row) for row in table] == [len(row) for row in csv.reader(io.StringIO(calm[path], newline=""))]
        for cell in (cell for row in table for cell in row):
            assert not FORMULA.match(cell)
            assert not HIDDEN.search(cell)
        for separator in (";", "\t"):
            for row in csv.reader(io.StringIO(content, newline=""), delimiter=separator):
                assert not [
                    cell for cell in row if FORMULA.match(cell.strip(" '\"")) and not cell.strip(' "').startswith("'")
                ]


@hostile
def test_a_description_for_azure_devops_has_no_other_element(text: str, render: Render) -> None:
    calm, found = (
        [Shown(row["Description"]) for row in csv.DictReader(io.StringIO(content, newline=""))]
        for content in (render("csv", one)["azure-devops.csv"] for one in (CALM, text))
    )
    assert [one.elements for one in found] == [one.elements for one in calm]
    if len(text) < 1000:
        assert all(as_shown(text) in one.text for one in found)


@hostile
def test_a_description_for_jira_has_no_markup_but_ours(text: str, render: Render) -> None:
    for row in csv.DictReader(io.StringIO(render("csv", text)["jira.csv"], newline="")):
        # Our own are titles, and lists.
        lines = [re.sub(r"^(?:\* |h3\. )", "", line) for line in row["Description"].split("\n")]
        plain = [re.sub(r"\\.", "", line) for line in lines]
        assert not [line for line in plain if re.search(r"[\\{}\[\]!|*_^~#@]|https?:|^h\d\.|^bq\.|^-", line)]


@hostile
def test_the_merged_document_says_what_was_said_to_the_letter(text: str, render: Render) -> None:
    [content] = render("json", text).values()
    document = json.loads(content)
    assert document["candidates"][0]["title"].startswith(text)


@hostile
def test_a_box_of_the_mermaid_graph_is_a_box(text: str, render: Render) -> None:
    calm, found = (
        re.findall(r"```mermaid\n(.*?)```", render("summary", one)["summary.md"], re.DOTALL) for one in (CALM, text)
    )
    assert len(found) == 1
    label = re.compile(r'\["[^"]*"\]')
    assert label.sub("", found[0]) == label.sub("", calm[0])
    assert not re.search(r"[<>`{}%|\\]", "".join(label.findall(found[0])))
    assert not HIDDEN.search(re.sub(r"#(\d+);", lambda number: chr(int(number[1])), found[0]))
