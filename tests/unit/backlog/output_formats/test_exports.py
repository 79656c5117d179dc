"""What Jira, Azure DevOps and GitHub import, read as they read it; text of others stays text in each."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from pipekit import PipekitError, Pipeline, Text
from pipekit.backlog.output_formats.github_issues import GithubIssues
from pipekit.backlog.output_formats.import_csv import CsvSettings, ImportCsv
from pipekit.interfaces import RunView

MEETING = Path(__file__).parents[3] / "data" / "meetings" / "museum-refinement.txt"


class Altered:
    """A run whose candidates say what somebody wants them to say."""

    def __init__(self, view: RunView, **texts: Any) -> None:
        self._view, self._texts = view, texts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def value(self, name: str) -> Any:
        value: Any = self._view.value(name)
        return [{**one, **self._texts} for one in value] if name == "candidates" else value


def files(folder: Path, **settings: Any) -> dict[str, bytes]:
    config = {"steps": {"step8": {"formats": ["csv", "github"]}}, **settings}
    run = Pipeline(config, plugins=[], folder=folder).run(MEETING)
    assert run.folder is not None
    return {path.name: path.read_bytes() for path in (run.folder / "output").iterdir()}


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))


def altered(folder: Path, **texts: Any) -> dict[str, bytes]:
    view = Pipeline({}, plugins=[], store="memory:", folder=folder).run(MEETING).view
    return {file.path: file.content for file in ImportCsv(CsvSettings()).render(Altered(view, **texts))}


def test_jira_gets_the_columns_it_maps_by_itself_and_one_for_the_id(tmp_path: Path) -> None:
    content = files(tmp_path)["jira.csv"]
    first = rows(content)[0]
    assert list(first) == ["Summary", "Issue Type", "Description", "Labels", "External ID"]
    assert (first["Summary"], first["Issue Type"]) == ("Book an entry time", "Story")
    assert "h3. Acceptance criteria\n* Each half hour" in first["Description"]
    assert re.fullmatch("pipekit-[0-9a-f]{12}", first["External ID"])
    assert first["Labels"] == first["External ID"]
    assert content.startswith(b"Summary,Issue Type,Description,Labels,External ID\r\n")
    assert content.endswith(b"\r\n")


def test_azure_devops_gets_no_id_column_which_it_refuses_and_the_types_of_the_process(tmp_path: Path) -> None:
    own = {"output": {"formats": {"csv": {"azureTypes": {"feature": "Product Backlog Item"}}}}}
    found = rows(files(tmp_path, **own)["azure-devops.csv"])
    assert list(found[0]) == ["Work Item Type", "Title", "Description", "Tags"]
    assert [one["Work Item Type"] for one in found] == ["Product Backlog Item"] * 2 + ["Bug", "Task", "Task"]
    assert re.fullmatch("pipekit; pipekit-[0-9a-f]{12}", found[0]["Tags"])


def test_a_type_that_no_candidate_has_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(PipekitError, match="azureTypes"):
        files(tmp_path, output={"formats": {"csv": {"azureTypes": {"saga": "Epic"}}}})


def test_github_gets_an_issue_a_line_with_the_id_in_its_body(tmp_path: Path) -> None:
    found = files(tmp_path)
    issues = [json.loads(line) for line in found["github-issues.jsonl"].decode().splitlines()]
    assert [issue["title"] for issue in issues] == [row["Summary"] for row in rows(found["jira.csv"])]
    assert [issue["externalId"] for issue in issues] == [row["External ID"] for row in rows(found["jira.csv"])]
    for issue in issues:
        assert set(issue) == {"externalId", "title", "body", "labels"}
        assert issue["body"].endswith(f"External id: `{issue['externalId']}`\n")
    assert "- [ ] Each half hour" in issues[0]["body"]
    assert issues[0]["labels"] == ["feature", "ready"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "|", "%"])
def test_no_cell_is_a_formula(start: str, tmp_path: Path) -> None:
    formula = f'{start}HYPERLINK("http://x","y")'
    for content in altered(tmp_path, title=f" \t\x00{formula}", description=formula).values():
        for row in csv.reader(io.StringIO(content.decode(), newline=""), strict=True):
            assert not [cell for cell in row if re.match(r"[=+\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]", cell)]
            assert all("\x00" not in cell for cell in row)


def test_quotes_commas_and_ends_of_lines_break_no_row(tmp_path: Path) -> None:
    for content in altered(tmp_path, title='a "b", c;\r\nd', description='",\n"=1+1').values():
        table = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
        assert {len(row) for row in table} == {len(table[0])}
        assert 'a "b", c; d' in table[1]


def test_markup_is_text_in_jira(tmp_path: Path) -> None:
    nasty = "{html}<script>{html} [~boss] [x|http://y] !http://z/p.png! *b* _i_ -s- ??c?? h1. no"
    description = rows(altered(tmp_path, description=nasty)["jira.csv"])[0]["Description"]
    first = description.split("\n")[0]
    assert not re.search(r"(?<!\\)[{}\[\]!|*_~]|(?<!\\)-s|(?<!\\)\?\?|http:", first)
    assert first.replace("\\", "") == nasty
    assert altered(tmp_path, description="h1. Big")["jira.csv"].count(b"h1. ") == 0


def test_markup_is_text_in_azure_devops(tmp_path: Path) -> None:
    nasty = '<script>alert(1)</script><img src=x onerror="alert(1)"> &lt;b&gt;'
    description = rows(altered(tmp_path, description=nasty)["azure-devops.csv"])[0]["Description"]
    seen: list[str] = []
    texts: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(tag)
            assert attrs == []

        def handle_data(self, data: str) -> None:
            texts.append(data)

    Reader().feed(description)
    assert set(seen) == {"p", "h3", "ul", "li"}
    assert texts[0] == nasty


NASTY = (
    "<script>alert(1)</script><img src=https://evil.example/a.png> ![x](https://evil.example/b.png) [x](javascript:1) "
    "@boss @acme/team ada@evil.example fixes #12, closes GH-12, acme/shop#12, see https://evil.example/c "
    "www.evil.example </details><!-- ~~*_`$1`_*~~ | [^1]: &lt;b&gt; &#64;all \u202egnp.exe\u202c \x1b[31m"
    "\r\n# Big\r\n```mermaid\n- [x] done"
)


class Shown(HTMLParser):
    """The elements of a page, with their attributes, and its text as people see it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_an_issue_on_github_mentions_nobody_refers_to_nothing_and_calls_no_image_home(tmp_path: Path) -> None:
    view = Pipeline({}, plugins=[], store="memory:", folder=tmp_path).run(MEETING).view
    texts = {"title": NASTY, "description": NASTY, "acceptanceCriteria": [NASTY, NASTY]}
    [file] = GithubIssues().render(Altered(view, **texts))
    [issue, *_] = [json.loads(line) for line in file.content.splitlines()]
    shown = Shown(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(issue["body"]))
    assert shown.elements == {"p", "h3", "ul", "li", "code"}
    assert shown.attributes == []
    assert shown.text.count("<script>alert(1)</script>") == 3
    assert "&lt;b&gt; &#\u200b64;all" in shown.text
    assert not re.search(r"@\w|#\d|gh-\d", shown.text, re.IGNORECASE)
    assert not re.search(r"(?<!\\)(https?:|www\.)", issue["body"])
    assert "- [x]" not in issue["body"]
    assert "\u202e" not in file.content.decode()


def test_a_meeting_without_work_gives_headings_and_no_issue(tmp_path: Path) -> None:
    config = {"steps": {"step8": {"formats": ["csv", "github", "html"]}}}
    run = Pipeline(config, plugins=[], folder=tmp_path).run(Text("Ana: Nice weather.\nBo: Lovely.\n"))
    assert run.folder is not None
    assert rows((run.folder / "output" / "jira.csv").read_bytes()) == []
    assert (run.folder / "output" / "github-issues.jsonl").read_bytes() == b""
    assert "Nothing in this meeting asks for work." in (run.folder / "output" / "report.html").read_text()
