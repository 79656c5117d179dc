"""The report, read by a parser as a browser would: whole, linked both ways, and nothing of others but text."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipekit import PipekitError, Pipeline, Resume, Text
from pipekit.backlog.output_formats import ReportHtml
from pipekit.backlog.output_formats.candidate_markdown import CandidateMarkdown
from pipekit.backlog.output_formats.merged_json import MergedJson

MEETING = Path(__file__).parents[3] / "data" / "meetings" / "museum-refinement.txt"
HOSTILE = (
    'Eve</span><script>alert(1)</script>: As a <img src=x onerror=alert(1)> I want "><svg onload=alert(2)> {{ 7*7 }} '
    "so that </style></title><iframe src=http://x> \u202egnp.exe\u202c \x1b[31mred\x1b[0m. "
    "It's done when </script> shows.\n"
    "Eve: And we need to fix the <a href='javascript:alert(3)'>link</a> &lt;b&gt;, it is a bug. That depends on the "
    "<img src=x onerror=alert(1)> thing.\n"
)
#: Keys under which a run holds what people and models said.
_SAID = {
    *("title", "description", "rawContext", "acceptanceCriteria", "quote", "speaker", "text", "reason", "strengths"),
    *(
        "weaknesses",
        "recommendations",
        "question",
        "answer",
        "source",
        "context",
        "contextSummary",
        "overallAssessment",
    ),
    *("unknowns", "criterion", "notes", "blockingIssues", "answeredBy", "mentionedBy", "attendees", "date", "warnings"),
}
ADDED = '{{% extends "shipped/report.html" %}}{{% block footer %}}{}{{% endblock %}}'
POISON = '</p></svg><script>alert(1)</script><b onclick="x">\'" {{ 7*7 }} &lt;i&gt; \u202e\u2066\u200b\x00\x1b[31m\x9b'
_VOID = {"meta", "path", "rect", "br"}
#: Elements that end by themselves: with what they stand in, or before another of their kind.
_SIBLINGS = {"li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}}
_IN_A_PARAGRAPH = {"a", "b", "bdi", "i", "mark", "small", "span"}


class Page(HTMLParser):
    """The page as a tree's worth of facts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.style = self.policy = ""
        #: Elements that hold no other.
        self.empty: list[str] = []
        self._open: list[str] = []
        self._last = ""
        self.feed(text)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if self._open[-1:] == ["p"] and tag not in _IN_A_PARAGRAPH:
            self._open.pop()
        if self._open and self._open[-1] in _SIBLINGS.get(tag, ()):
            self._open.pop()
        if tag not in _VOID:
            self._open.append(tag)

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._last = tag
        found = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in found.items()]
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]

    def handle_endtag(self, tag: str) -> None:
        while self._open[-1] != tag and self._open[-1] in {*_SIBLINGS, "p"}:
            self._open.pop()
        assert self._open.pop() == tag
        self.empty += [tag] if self._last == tag else []
        self._last = ""

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["style"]:
            self.style += data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


def report(folder: Path, source: object = MEETING, **config: Any) -> str:
    run = Pipeline(config, plugins=[], store="memory:", folder=folder).run(source)
    [file] = ReportHtml(folder).render(run.view)
    assert file.path == "report.html"
    return file.content.decode()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(report(tmp_path_factory.mktemp("report")))


def test_the_page_needs_nothing_and_allows_nothing_but_its_own_style(page: Page) -> None:
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not set(page.tags) & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not [one for one in page.attributes if one[1] in ("style", "src") or one[1].startswith("on")]
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert all(link.startswith("#") for link in page.links)


def test_every_link_leads_to_one_place(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert [link for link in page.links if link[1:] not in page.ids] == []
    named = [value for _, name, value in page.attributes if name == "aria-labelledby"]
    assert set(named) <= set(page.ids)


def test_evidence_and_transcript_lead_to_each_other(page: Page) -> None:
    evidence = [id_ for id_ in page.ids if id_.startswith("evidence-")]
    assert len(evidence) > 5
    for id_ in evidence:
        assert f"#{id_}" in page.links
        assert f"#{id_.replace('evidence', 'said')}" in page.links


def test_headings_go_down_one_level_at_a_time_and_the_page_has_its_landmarks(page: Page) -> None:
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert [tag for tag in page.tags if tag in ("header", "nav", "main", "footer")] == [
        "header",
        "nav",
        "main",
        "footer",
    ]
    assert page.links[0] == "#board"  # the first stop of the Tab key


def test_it_shows_what_is_known_and_says_that_rules_made_it(page: Page) -> None:
    for words in (
        "Everything here was made by pipekit's deterministic rules, without a language model.",
        "5 candidates from a refinement meeting (91% sure) with Constance, Idris, Maud, Petros",
        "Ready 2",
        "Needs refinement 3",
        "What fits into a sprint together",
        "Product owner",
        "Change the number later on critical Until when can they change it?",
        "Change the number later on extends Book an entry time, hard",
        "completeness100",
        "Not taken up",
        "0:05 Constance Okay, I've pressed record.",
        "detect-event rules 0 $0.00",
    ):
        assert words in page.text


def test_a_candidate_that_repeats_an_item_says_so_on_its_card_and_where_it_is_described(tmp_path: Path) -> None:
    (tmp_path / "past").mkdir()
    (tmp_path / "past" / "entry.md").write_text(
        "---\nid: M-12\ntype: feature\ntitle: Book an entry time <b>\u202e\nstatus: open\n---\n"
    )
    text = Page(report(tmp_path, retrievers={"folder": {"paths": ["past"]}})).text
    assert text.count("repeats an item") == 1
    assert "Repeats Book an entry time <b> (M-12 (past/entry.md)): both titles speak of" in text


def test_a_candidate_that_a_person_edited_says_so_wherever_it_is_told_of(page: Page, tmp_path: Path) -> None:
    pipeline = Pipeline({}, plugins=[], store="memory:", folder=tmp_path)
    run = pipeline.resume(pipeline.run(MEETING).run_id, Resume(edits={"candidate-2": {"title": "Cancel a slot"}}))
    [file] = ReportHtml(tmp_path).render(run.view)
    text = Page(file.content.decode()).text
    assert text.count("edited by a person") == 3
    assert "Cancel a slot feature medium risk edited by a person" in text
    assert re.search(r"2\. Cancel a slot needs refinement \(\d+ of 100\) feature .{,40} edited by a person", text)
    assert "extract-candidates edited by a person: candidate-2 rules" in text
    notes = {one.path: one.content.decode() for one in CandidateMarkdown().render(run.view)}
    edited = [path for path, content in notes.items() if "- Edited by a person after the meeting\n" in content]
    assert edited == ["candidates/candidate-2.md"]
    [merged] = MergedJson().render(run.view)
    steps = json.loads(merged.content)["metadata"]["steps"]
    assert (steps["extract-candidates"]["madeBy"], steps["extract-candidates"]["editedItems"]) == (
        "human",
        ["candidate-2"],
    )
    assert (steps["score-confidence"]["madeBy"], steps["score-confidence"]["editedItems"]) == ("step", [])
    assert "edited by a person" not in page.text


def test_without_a_past_no_card_speaks_of_earlier_items(page: Page) -> None:
    assert "repeats an item" not in page.text
    assert "extends an item" not in page.text
    assert "Repeats" not in page.text


def test_a_page_of_a_model_does_not_say_that_rules_made_it(tmp_path: Path) -> None:
    run = Pipeline({}, plugins=[], store="memory:", folder=tmp_path).run(MEETING)

    class Asked:
        def __getattr__(self, name: str) -> Any:
            return getattr(run.view, name)

        @property
        def record(self) -> Any:
            import attrs

            steps = {key: attrs.evolve(one, model="openai/x") for key, one in run.view.record.step_outputs.items()}
            return attrs.evolve(run.view.record, step_outputs=steps)

    [file] = ReportHtml(tmp_path).render(Asked())
    text = Page(file.content.decode()).text
    assert "deterministic rules" not in text
    assert "Made by openai/x." in text


def test_the_page_is_not_much_longer_than_its_words(tmp_path: Path) -> None:
    text = report(tmp_path)
    page = Page(text)
    assert len(text) - len(page.style) < 2.2 * len(page.text)


def test_lists_have_entries(page: Page) -> None:
    assert "ul" not in page.empty
    assert "ol" not in page.empty


def test_hostile_text_stays_text(page: Page, tmp_path: Path) -> None:
    text = report(tmp_path, Text(HOSTILE))
    hostile = Page(text)
    assert set(hostile.tags) <= set(page.tags)
    names = {(tag, name) for tag, name, _ in page.attributes}
    assert {(tag, name) for tag, name, _ in hostile.attributes} <= names
    assert all(link.startswith("#") for link in hostile.links)
    assert hostile.style == page.style
    assert "<img src=x onerror=alert(1)>" in hostile.text
    assert "{{ 7*7 }}" in hostile.text
    assert "&lt;b&gt;" in hostile.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069]", text)


def test_text_that_came_past_every_check_is_still_nothing_but_text(page: Page, tmp_path: Path) -> None:
    view = Pipeline({}, plugins=[], store="memory:", folder=tmp_path).run(MEETING).view

    def poisoned(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            edge = "target" in value
            return {name: poisoned(one, "" if edge and name == "source" else name) for name, one in value.items()}
        if isinstance(value, list):
            return [poisoned(one, key) for one in value]
        return value + POISON if isinstance(value, str) and key in _SAID else value

    class Poisoned:
        def __getattr__(self, name: str) -> Any:
            return getattr(view, name)

        def value(self, name: str) -> Any:
            return poisoned(view.value(name), name)

    [file] = ReportHtml(tmp_path).render(Poisoned())
    text = file.content.decode()
    hostile = Page(text)
    assert set(hostile.tags) <= set(page.tags)
    assert {one[:2] for one in hostile.attributes} <= {one[:2] for one in page.attributes}
    assert all(link.startswith("#") for link in hostile.links)
    assert hostile.text.count("<script>alert(1)</script>") > 100
    assert "{{ 7*7 }} &lt;i&gt;" in hostile.text
    assert len(hostile.ids) == len(set(hostile.ids))
    assert [link for link in hostile.links if link[1:] not in hostile.ids] == []
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069]", text)


def test_steps_that_were_left_out_leave_no_holes(tmp_path: Path) -> None:
    off = {name: {"enabled": False} for name in ("step4", "step5", "step6", "step7", "batch-readiness")}
    page = Page(report(tmp_path, steps=off))
    assert "Not checked 5" in page.text
    assert "questions" not in page.ids


def test_a_project_changes_one_block_of_the_page_or_its_looks(tmp_path: Path) -> None:
    own = tmp_path / "templates"
    own.mkdir()
    (own / "report.html").write_text(
        '{% extends "shipped/report.html" %}{% block footer %}Ours: {{ title }}{% endblock %}'
    )
    (own / "report.css").write_text("body { color: teal; }")
    page = Page(report(tmp_path))
    assert page.text.endswith("Ours: museum-refinement.txt")
    assert page.style == "body { color: teal; }"
    assert "board" in page.ids
    assert base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode() in page.policy


@pytest.mark.parametrize(
    ("name", "template", "said"),
    [
        ("report.html", "line\n{% if %}", "report.html, line 2"),
        ("report.html", "{{ nothing_like_it }}", "nothing_like_it"),
        ("report.html", "{{ title.__class__.__mro__ }}", "unsafe"),
        ("report.html", "{% include '../pipekit.yaml' %}", "pipekit.yaml"),
        ("report.css", "</style><script>", "report.css: a style can't hold"),
        ("report.html", ADDED.format("<script>alert(1)</script>"), "<script> has no place in a report"),
    ],
)
def test_a_template_of_the_project_that_fails_is_told_with_its_place(
    name: str, template: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / name).write_text(template)
    with pytest.raises(PipekitError, match=re.escape(said)) as caught:
        report(tmp_path)
    assert str(tmp_path / "templates") in str(caught.value)
