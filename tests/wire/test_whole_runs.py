"""The workflow `backlog` through the real command and each vendor's real client, against a server that reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from wirekit.desk import Desk, open_desk
from wirekit.project import MEETING, SPOKEN, Project
from wirekit.vendors import KEY, VENDORS, Vendor

from pipekit import Each, Pipeline
from pipekit.backlog import (
    Candidate,
    Confidence,
    Context,
    DependencyMap,
    Event,
    Questions,
    Readiness,
    RiskAssessment,
)

pytestmark = pytest.mark.timeout(300)  # several processes each, which all load a vendor's packages
each_vendor = pytest.mark.parametrize("vendor", list(VENDORS.values()), ids=str)
ABOUT_EACH: dict[str, Any] = {
    "confidence": Confidence,
    "context": Context,
    "risks": RiskAssessment,
    "questions": Questions,
    "readiness": Readiness,
}
PER_ITEM = ("score-confidence", "assess-risks", "generate-questions")


def reference(vendor: Vendor) -> str:
    return f"{vendor.name}/{vendor.model}"


@each_vendor
def test_a_whole_run_asks_each_thing_once_and_makes_what_the_workflow_promises(vendor: Vendor, tmp_path: Path) -> None:
    with open_desk(vendor, secrets=(KEY, "sk-ant-canary-1"), spoken=SPOKEN) as desk:
        project = Project.of(tmp_path, desk, OPENAI_API_KEY=KEY)
        done = project.call("run", "meeting.txt", "--model", reference(vendor), "--json")

        assert done.returncode == 0, done.stdout + done.stderr
        assert desk.faults == []
        document = json.loads(done.stdout)
        ids = [row["id"] for row in document["items"]]
        assert len(ids) == 5
        assert desk.named(desk.received) == dict.fromkeys(
            sorted(
                ["detect-event", "extract-candidates", "map-dependencies"]
                + [f"{step} {item}" for step in PER_ITEM for item in ids]
            ),
            1,
        )
        assert {name: document["usage"][name] for name in desk.usage} == desk.usage
        counted = [step["usage"] for step in project.record["stepOutputs"].values()]
        assert {name: sum(usage[name] for usage in counted) for name in desk.usage} == desk.usage
        assert document["offlineSteps"] == []

        again = project.call("resume", document["runId"])
        assert again.returncode == 0, again.stderr
        assert sum(desk.received.values()) == desk.usage["calls"]
        assert "rules, not a model" not in again.stdout


@each_vendor
def test_what_a_whole_run_keeps_is_valid_and_stands_in_the_meeting(vendor: Vendor, tmp_path: Path) -> None:
    with open_desk(vendor) as desk:
        project = Project.of(tmp_path, desk)
        done = project.call("run", "meeting.txt", "--model", reference(vendor))
    assert done.returncode == 0, done.stderr
    assert "rules, not a model" not in done.stdout

    view = Pipeline({}, folder=tmp_path, environ={}).runs.get(project.run.name)
    meeting = MEETING.read_text()
    event = view.artifact("event", Event)
    assert event.indicators
    assert all(words in meeting for words in event.indicators)
    candidates = view.artifact("candidates", tuple[Candidate, ...])
    assert [one.type for one in candidates].count("bug") == 1
    assert all(one.verified and one.raw_context in meeting for one in candidates)
    assert sum(len(one.acceptance_criteria) for one in candidates) == 3
    ids = [one.id for one in candidates]
    for name, cls in ABOUT_EACH.items():
        assert list(view.artifact(name, Each[cls])) == ids, name  # type: ignore[valid-type]
    (edge,) = view.artifact("dependencies", DependencyMap).dependencies
    assert (edge.source, edge.target) == ("candidate-2", "candidate-1")
    asked = [one.question for about in view.artifact("questions", Each[Questions]).values() for one in about.questions]
    assert asked
    assert all(text in meeting for text in asked)
    summary = (project.run / "output" / "summary.md").read_text()
    assert all(one.title in summary for one in candidates)


@each_vendor
def test_another_meeting_gets_another_answer(vendor: Vendor, tmp_path: Path) -> None:
    """The server reads: what it says can't come from anywhere but from the request."""
    with open_desk(vendor) as desk:
        project = Project.of(tmp_path, desk)
        (tmp_path / "meeting.txt").write_text("Ada: We should archive old invoices.\nBo: Done when none is older.\n")
        done = project.call("run", "meeting.txt", "--model", reference(vendor), "--json")

    assert done.returncode == 0, done.stderr
    assert [row["title"] for row in json.loads(done.stdout)["items"]] == ["archive old invoices"]
    assert "map-dependencies" not in desk.named(desk.received), "one candidate depends on nobody"
    assert desk.faults == []


@each_vendor
def test_doctor_says_that_a_model_works_and_by_which_way(vendor: Vendor, tmp_path: Path) -> None:
    with open_desk(vendor) as desk:
        done = Project.of(tmp_path, desk).call("doctor", "--model", reference(vendor), "--json")
    assert done.returncode == 0, done.stdout
    (check,) = json.loads(done.stdout)["models"]
    assert (check["model"], check["method"]) == (reference(vendor), vendor.methods[0])
    assert desk.named(desk.received) == {"doctor": 1}


def test_a_meeting_that_ollama_would_cut_goes_to_the_fallback_or_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    """Only the server knows the window of its model, and it cuts what is longer without a word."""
    small, large = VENDORS["ollama"], VENDORS["openai"]
    window, fallback = 6000, f"llm.fallback=[{reference(large)}]"
    with open_desk(small, window=window) as cutting, open_desk(large) as roomy:
        project = Project.of(tmp_path, cutting, roomy, OPENAI_API_KEY=KEY)
        talk = "".join(f"Bo: On day {day} the museum was open and many people came to see it.\n" for day in range(300))
        (tmp_path / "meeting.txt").write_text(MEETING.read_text() + talk)
        alone = project.call("run", "meeting.txt", "--model", reference(small))
        helped = project.call("run", "meeting.txt", "--model", reference(small), "--set", fallback)

    assert alone.returncode == 6
    assert f"don't fit its window of {window:,}" in alone.stderr
    assert "llm.fallback" in alone.stderr
    assert helped.returncode == 0, helped.stderr
    assert "extract-candidates" in roomy.named(roomy.received)
    assert "extract-candidates" not in cutting.named(cutting.received)
    assert max(into for into, _ in cutting.tokens) < window


def test_a_prompt_that_leaves_the_marks_out_is_noticed(tmp_path: Path) -> None:
    """Whether the server would see a transcript among the instructions: a project's own prompt puts it there."""
    vendor = VENDORS["openai"]
    with open_desk(vendor, spoken=SPOKEN) as desk:
        project = Project.of(tmp_path, desk)
        (tmp_path / "prompts").mkdir()
        own = f"# System\nAnswer.\n# User\n{MEETING.read_text()}\n{{{{ meeting }}}}\n"
        (tmp_path / "prompts" / "detect-event.md").write_text(own)
        project.call("run", "meeting.txt", "--model", reference(vendor), "--until", "1")
    assert [fault.partition(": ")[2].partition(":")[0] for fault in desk.faults] == [
        "words of the transcript stand outside the marks"
    ] * len(SPOKEN)


def test_a_second_run_of_the_same_meeting_is_answered_by_the_cache(tmp_path: Path) -> None:
    vendor = VENDORS["anthropic"]
    with open_desk(vendor) as desk:
        project = Project.of(tmp_path, desk, PIPEKIT_LLM__CACHE="true")
        first = project.call("run", "meeting.txt", "--model", reference(vendor), "--json")
        paid = sum(desk.received.values())
        second = project.call("run", "meeting.txt", "--model", reference(vendor), "--json")

    assert sum(desk.received.values()) == paid == json.loads(first.stdout)["usage"]["calls"]
    assert json.loads(second.stdout)["usage"]["calls"] == 0
    assert json.loads(second.stdout)["items"] == json.loads(first.stdout)["items"]


@each_vendor
def test_a_recorded_run_is_replayed_without_the_server(vendor: Vendor, tmp_path: Path) -> None:
    with open_desk(vendor) as desk:
        project = Project.of(tmp_path, desk)
        first = project.call("run", "meeting.txt", "--model", reference(vendor), "--record", "said.jsonl", "--json")
        assert first.returncode == 0, first.stdout
    second = project.call("run", "meeting.txt", "--replay", "said.jsonl", "--json")
    assert second.returncode == 0, second.stdout
    assert json.loads(second.stdout)["items"] == json.loads(first.stdout)["items"]


def test_the_desk_counts_and_judges() -> None:
    """A desk that would take anything shows nothing: this is what it holds against a bad request."""
    from wirekit.question import faults_of
    from wirekit.server import Received

    body = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "the sound stops as soon as the screen gets locked"},
            {"role": "user", "content": "<meeting 0123456789abcdef>\nhello\n</meeting 0123456789abcdef>"},
        ],
        "api_key": KEY,
        "response_format": {"type": "json_schema", "json_schema": {"schema": {"properties": {"indicators": {}}}}},
    }
    request = Received("POST", "/v1/chat/completions", {"content-type": "application/json"}, json.dumps(body).encode())
    found = list(faults_of("openai", request, secrets=(KEY,), spoken=SPOKEN))
    assert found == [
        f"its body holds {KEY}",
        "words of the transcript stand outside the marks: the sound stops as soon as the screen gets locked",
    ]
    assert Desk(VENDORS["openai"]).usage["calls"] == 0
