"""The files people read: complete, and text stays text whatever it holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from ruamel.yaml import YAML

from pipekit import Pipeline, Text
from pipekit.backlog import Span, refined
from pipekit.backlog.output_formats import OUTPUT_FORMATS, ReportHtml
from pipekit.backlog.output_formats.import_csv import CsvSettings
from pipekit.backlog.output_formats.merged_json import MergedJson
from pipekit.backlog.output_formats.summary import Summary

MEETING = Path(__file__).parents[3] / "data" / "meetings" / "museum-refinement.txt"
HOSTILE = (
    "Eve: First, the <script>alert(1)</script> page. We should show | pipes | and [links](javascript:alert(1)) "
    'with ![img](http://x/y.png) and `code` \u202eright to left\u202c: "quotes" --- # no heading.\n'
    "Eve: It's done when <b>bold</b> stays text, and when {{ 7*7 }} stays text.\n"
)


def outputs(source: object, folder: Path) -> dict[str, str]:
    result = Pipeline({}, plugins=[], folder=folder).run(source)
    assert result.folder is not None
    home = result.folder / "output"
    return {path.relative_to(home).as_posix(): path.read_text() for path in home.rglob("*") if path.is_file()}


def front_matter(text: str) -> dict[str, object]:
    found = YAML(typ="safe", pure=True).load(text.split("---\n")[1])
    assert isinstance(found, dict)
    return found


def test_the_merged_document_holds_metadata_every_step_and_all_about_each_candidate(tmp_path: Path) -> None:
    document = json.loads(outputs(MEETING, tmp_path)["pipeline-output.json"])

    assert {
        "runId",
        "timestamp",
        "inputFile",
        "llmProvider",
        "llmModel",
        "totalTokens",
        "totalCost",
        "processingTime",
    } <= set(document["metadata"])
    assert document["metadata"]["llmModel"] == "offline"
    assert list(document["steps"]) == [
        "detect-event",
        "extract-candidates",
        "map-dependencies",
        "score-confidence",
        "enrich-context",
        "assess-risks",
        "generate-questions",
        "check-readiness",
        "batch-readiness",
    ]
    assert {"id", "title", "confidence", "context", "risks", "questions", "readiness"} <= set(document["candidates"][0])
    assert document["steps"]["score-confidence"]["items"][0]["candidateId"] == "candidate-1"


def test_each_candidate_has_a_file_with_front_matter_and_all_sections(tmp_path: Path) -> None:
    text = outputs(MEETING, tmp_path)["candidates/candidate-1.md"]
    matter = front_matter(text)
    assert (matter["type"], matter["id"], matter["readiness"]) == ("feature", "DRAFT-001", "ready")
    for section in ("Overview", "Acceptance criteria", "Scores", "Dependencies", "Risks", "Evidence"):
        assert f"## {section}\n" in text


def test_whatever_comes_from_the_meeting_says_where_it_was_said(tmp_path: Path) -> None:
    files = outputs(MEETING, tmp_path)
    assert "- [ ] A full slot can't be chosen *(Constance, line 5)*\n" in files["candidates/candidate-1.md"]
    second = files["candidates/candidate-2.md"]
    assert "Until when can they change it? *(Idris, line 10; Constance, line 11)*\n" in second
    assert (
        "- Unknown: Until when can they change it? I'd have to ask the education department. *(Idris, line 10" in second
    )
    assert "> — Constance, line 9\n" in second


def test_the_summary_says_what_made_it_and_what_to_do_next(tmp_path: Path) -> None:
    text = outputs(MEETING, tmp_path)["summary.md"]
    assert "deterministic rules, without a language model" in text
    assert "| 1 | Book an entry time | feature |" in text
    assert "## What to do next" in text
    assert '```mermaid\ngraph LR\n  c1["Book an entry time"]\n' in text
    assert "## Not taken up" in text


def test_the_summary_names_the_file_and_not_the_folders_above_it(tmp_path: Path) -> None:
    meeting = tmp_path / "private" / "talk.txt"
    meeting.parent.mkdir()
    meeting.write_text("Ada: We need a search box.\n")
    summary = outputs(meeting, tmp_path)["summary.md"]
    assert summary.startswith("# Refined backlog: talk.txt\n")
    assert "private" not in summary


@pytest.mark.parametrize("name", list(OUTPUT_FORMATS))
def test_each_artifact_is_read_once_however_many_candidates_there_are(name: str, tmp_path: Path) -> None:
    view = Pipeline({}, plugins=[], store="memory:", folder=tmp_path).run(MEETING).view
    read: list[str] = []

    class Counting:
        def __getattr__(self, attribute: str) -> Any:
            return getattr(view, attribute)

        def value(self, artifact: str) -> Any:
            read.append(artifact)
            return view.value(artifact)

    own: dict[str, list[Any]] = {"html": [tmp_path], "csv": [CsvSettings()]}
    assert list(OUTPUT_FORMATS[name](*own.get(name, [])).render(Counting()))
    assert len(read) == len(set(read))


def test_what_is_not_in_the_meeting_is_told_before_anybody_relies_on_it(tmp_path: Path) -> None:
    view = Pipeline({}, plugins=[], store="memory:", folder=tmp_path).run(MEETING).view
    nowhere = Span(first=0, last=0, quote="<b>Make it so</b>", verified=False)

    class Invented:
        def __getattr__(self, attribute: str) -> Any:
            return getattr(view, attribute)

        def artifact(self, name: str, type_: Any) -> Any:
            found = view.artifact(name, type_)
            if name != "candidates":
                return found
            return [evolve(found[0], evidence=(nowhere, *found[0].evidence[1:])), *found[1:]]

    (summary,) = (file.content.decode() for file in Summary().render(Invented()))
    assert re.search(r"Evidence: \d+ of \d+ claims stand in the meeting word for word, 1 not at all.\n", summary)
    told = "- Book an entry time: the item itself rests on words that aren't in the meeting (unsupported)\n"
    assert f"## Check against the meeting\n\n{told}" in summary
    (report,) = (file.content.decode() for file in ReportHtml(tmp_path).render(Invented()))
    assert "Check against the meeting</h2>" in report
    assert "the item itself rests on words that aren&#39;t in the meeting (unsupported)" in report
    (merged,) = (json.loads(file.content) for file in MergedJson().render(Invented()))
    assert merged["metadata"]["evidenceCoverage"]["unsupported"] == 1


def test_where_all_of_it_is_in_the_meeting_the_outputs_say_so(tmp_path: Path) -> None:
    summary = outputs(MEETING, tmp_path)["summary.md"]
    assert re.search(r"Evidence: all \d+ claims stand in the meeting word for word.\n", summary)
    assert "Check against the meeting" not in summary


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    files = outputs(Text(HOSTILE), tmp_path)
    assert "candidates/candidate-1.md" in files
    for name, text in files.items():
        if name.endswith(".json"):
            json.loads(text)
            continue
        assert "\u202e" not in text
        if name.startswith("candidates/"):
            assert isinstance(front_matter(text)["title"], str)
            text = text.split("---\n", 2)[2]  # in the front matter it is a quoted string, no markup
            assert "{{ 7*7 }}" in text.replace("\\", "")
        assert "<script" not in text.replace("\\<script", "")
        assert "](javascript:" not in text
        assert "![img]" not in text


def test_a_meeting_without_work_still_gives_all_files(tmp_path: Path) -> None:
    files = outputs(Text("Ana: Nice weather.\nBo: Lovely.\n"), tmp_path)
    assert set(files) == {"pipeline-output.json", "summary.md"}
    assert "Nothing in this meeting asks for work." in files["summary.md"]


def test_refined_candidates_are_typed_and_whole(tmp_path: Path) -> None:
    items = refined(Pipeline({}, plugins=[], store="memory:", folder=tmp_path).run(MEETING))
    first = items[0]
    assert first.confidence is not None
    assert first.readiness is not None
    assert first.readiness.readiness_status == "ready"


def test_a_candidate_that_repeats_an_item_says_so_in_its_file_and_in_the_summary(tmp_path: Path) -> None:
    (tmp_path / "past").mkdir()
    (tmp_path / "past" / "entry.md").write_text(
        "---\nid: M-12\ntype: feature\ntitle: Book an entry time <b>\nstatus: open\n---\n"
    )
    result = Pipeline({"retrievers": {"folder": {"paths": ["past"]}}}, plugins=[], folder=tmp_path).run(MEETING)
    assert result.folder is not None
    home = result.folder / "output"
    candidate = (home / "candidates" / "candidate-1.md").read_text()
    assert "- **Duplicate of** Book an entry time \\<b\\> (M-12 (past/entry.md)): both titles speak of" in candidate
    summary = (home / "summary.md").read_text()
    assert "## Seen before\n\n- Book an entry time: **Duplicate of** Book an entry time" in summary
    assert summary.count("**Duplicate of**") == 1
    assert "**New**" in (home / "candidates" / "candidate-2.md").read_text()
    document = json.loads((home / "pipeline-output.json").read_text())
    repetition = document["candidates"][0]["context"]["repetition"]
    assert set(repetition) == {"verdict", "reason", "title", "source"}
    assert repetition["verdict"] == "duplicate"


def test_without_a_past_nothing_is_called_new(tmp_path: Path) -> None:
    files = outputs(MEETING, tmp_path)
    assert "Seen before" not in files["summary.md"]
    assert "**New**" not in files["candidates/candidate-1.md"]


def test_people_are_named_wherever_a_question_is(tmp_path: Path) -> None:
    (tmp_path / "stakeholders.yaml").write_text(
        "stakeholder: {name: 'Eve <b>*Bold*</b>', contact: '=eve|x'}\nproduct-owner: Ada\n"
    )
    config = {"steps": {"step8": {"formats": ["json", "markdown", "summary", "html", "csv", "github"]}}}
    result = Pipeline(config, plugins=[], folder=tmp_path).run(MEETING)
    assert result.folder is not None
    texts = {path.name: path.read_text() for path in (result.folder / "output").rglob("*") if path.is_file()}

    document = json.loads(texts["pipeline-output.json"])
    asked = [one for candidate in document["candidates"] for one in candidate["questions"]["questions"]]
    assert {(one["targetRole"], *(who["name"] for who in one["addressedTo"])) for one in asked} >= {
        ("stakeholder", "Eve <b>*Bold*</b>"),
        ("product-owner", "Ada"),
    }
    assert "for the product owner, Ada" in texts["candidate-2.md"]
    assert "- **Product owner, Ada**" in texts["summary.md"]
    assert "Nobody is named for the role" in texts["summary.md"]
    assert "for the product owner, Ada" in texts["jira.csv"]
    assert "for the product owner, Ada" in texts["github-issues.jsonl"]
    assert "names nobody for this role" in texts["report.html"]
    for name in ("summary.md", "candidate-2.md", "report.html"):
        assert "Eve" in texts[name]
        assert "Eve <b>" not in texts[name]
    assert "`=eve|x`" in texts["summary.md"]
