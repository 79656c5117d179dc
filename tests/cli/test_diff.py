"""``pipekit diff``: two runs compared by what they say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Entry = tuple[dict[str, str], str, list[str]]
Command = Callable[..., subprocess.CompletedProcess[str]]

STEPS = """
import json
from typing import Any
from attrs import field, frozen
from pipekit import Each, Workflow, hookimpl, step

pipekit_api = 1


@frozen
class Item:
    id: str
    title: str
    notes: str


@frozen
class Verdict:
    status: str
    problems: list[str] = field(factory=list)


@step(provides="items")
def find(text: str) -> list[Item]:
    return [Item(f"item-{n}", **entry["item"]) for n, entry in enumerate(json.loads(text)["entries"], start=1)]


@step(provides="verdicts", each="items")
def judge(item: Item, text: str) -> Verdict:
    entries = {entry["item"]["title"]: entry for entry in json.loads(text)["entries"]}
    return Verdict(**entries[item.title]["verdict"])


@step
def sum_up(text: str, verdicts: Each[Verdict]) -> dict[str, Any]:
    return {"mood": json.loads(text)["mood"], "first": "item-1", "notes": [v.status for v in verdicts.values()]}


@hookimpl
def pipekit_workflows():
    table = {"id": "items.id", "title": "items.title", "status": "verdicts.status"}
    steps = [find, judge, sum_up]
    one = Workflow(
        name="w", input="text", input_type=str, steps=steps, table=table, problems={"open": "verdicts.problems"}
    )
    return [one, Workflow(name="other", input="text", input_type=str, steps=[find])]
"""

SEARCH = {"title": "Search by author", "notes": "readers look for books by the name of whoever wrote them"}
EXPORT = {"title": "Export as a table", "notes": "the accountant wants all invoices of a month in one file"}
LOGIN = {"title": "Sign in once", "notes": "nobody wants to type the password again after every lunch"}


@pytest.fixture
def run(pipekit: Command, tmp_path: Path) -> Callable[..., str]:
    """Run the workflow on entries of (item, status, problems); the run's id."""
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "pipekit.yaml").write_text("workflow: w\nplugins: {local: [steps.py]}\n")

    def go(*entries: tuple[dict[str, str], str, list[str]], mood: str = "calm", flags: tuple[str, ...] = ()) -> str:
        content = {
            "mood": mood,
            "entries": [
                {"item": item, "verdict": {"status": status, "problems": problems}}
                for item, status, problems in entries
            ],
        }
        (tmp_path / "input.txt").write_text(json.dumps(content))
        done = pipekit("run", "input.txt", "--trust", "--json", *flags, PIPEKIT_PLUGINS_OFF="")
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["runId"])

    return go


@pytest.fixture
def compare(pipekit: Command) -> Callable[..., dict[str, Any]]:
    def go(before: str, after: str) -> dict[str, Any]:
        done = pipekit("diff", before, after, "--trust", "--json", PIPEKIT_PLUGINS_OFF="")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return go


Run = Callable[..., str]
Compare = Callable[..., dict[str, Any]]


def test_two_runs_that_say_the_same_differ_in_nothing(run: Run, compare: Compare) -> None:
    entries = [(SEARCH, "ready", []), (EXPORT, "open", ["which months?"])]
    found = compare(run(*entries), run(*entries))
    assert found["isSame"]
    assert found["hasSameInput"]
    assert found["same"] == 2


def test_items_are_paired_by_what_they_say_and_not_by_their_ids(run: Run, compare: Compare) -> None:
    first = run((SEARCH, "ready", []), (EXPORT, "ready", []), (LOGIN, "ready", []))
    second = run((LOGIN, "ready", []), (SEARCH, "ready", []))
    found = compare(first, second)
    assert [item["title"] for item in found["dropped"]] == ["Export as a table"]
    assert found["added"] == []
    assert found["same"] == 2
    assert [item["title"] for item in compare(second, first)["added"]] == ["Export as a table"]


def test_an_item_that_is_called_otherwise_is_found_by_its_words(run: Run, compare: Compare) -> None:
    renamed = {**EXPORT, "title": "Monthly invoices as a spreadsheet"}
    found = compare(
        run((SEARCH, "ready", []), (EXPORT, "ready", [])), run((SEARCH, "ready", []), (renamed, "ready", []))
    )
    assert (found["added"], found["dropped"], found["same"]) == ([], [], 1)
    (change,) = found["changed"]
    assert change["isRetitled"]
    assert (change["before"]["title"], change["after"]["title"]) == (EXPORT["title"], renamed["title"])


def test_a_title_and_a_content_of_their_own_make_another_item(run: Run, compare: Compare) -> None:
    found = compare(run((SEARCH, "ready", [])), run((EXPORT, "ready", [])))
    assert ([item["title"] for item in found["added"]], [item["title"] for item in found["dropped"]]) == (
        [EXPORT["title"]],
        [SEARCH["title"]],
    )
    assert not found["isSame"]


def test_another_verdict_is_shown_with_what_is_solved_and_what_is_new(run: Run, compare: Compare) -> None:
    first = run((SEARCH, "open", ["how is it sorted?", "who may?"]))
    second = run((SEARCH, "ready", ["who may?", "by when?"]))
    (change,) = compare(first, second)["changed"]
    assert change["values"] == [{"name": "status", "before": "open", "after": "ready"}]
    assert change["newProblems"] == {"open": ["by when?"]}
    assert change["solved"] == {"open": ["how is it sorted?"]}


def test_results_for_the_whole_run_are_compared_field_by_field(run: Run, compare: Compare) -> None:
    first, second = run((SEARCH, "ready", [])), run((SEARCH, "ready", []), (EXPORT, "open", []), mood="cross")
    assert {"name": "sum_up.mood", "before": "calm", "after": "cross"} in compare(first, second)["results"]


def test_ids_that_were_given_out_anew_are_no_difference(run: Run, compare: Compare) -> None:
    first = run((SEARCH, "ready", []), (EXPORT, "ready", []))
    second = run((EXPORT, "ready", []), (SEARCH, "ready", []))
    # Both name item-1 as the first: another item in each of them.
    names = [value["name"] for value in compare(first, second)["results"]]
    assert names == ["sum_up.first"]


def test_what_only_one_run_has_finished_is_named(run: Run, compare: Compare) -> None:
    entries: list[Entry] = [(SEARCH, "ready", [])]
    found = compare(run(*entries, flags=("--until", "find")), run(*entries))
    assert [value["name"] for value in found["finishedSteps"]] == ["judge", "sum-up"]


def test_for_people_every_change_is_a_line(run: Run, pipekit: Command) -> None:
    renamed = {**EXPORT, "title": "Monthly invoices"}
    first = run((SEARCH, "open", ["how is it sorted?"]), (EXPORT, "ready", []), (LOGIN, "ready", []))
    second = run((SEARCH, "ready", []), (renamed, "ready", []), mood="cross")
    done = pipekit("diff", first, second, "--trust", PIPEKIT_PLUGINS_OFF="")
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    for line in (
        f"{first} → {second}",
        "items: 1 dropped, 1 retitled, 2 changed",
        "- Sign in once (item-3)",
        "~ Monthly invoices (item-2)",
        "was called: Export as a table",
        "status: open → ready",
        "solved, open: how is it sorted?",
        "sum_up.mood: calm → cross",
    ):
        assert line in lines, done.stdout
    assert any(line.startswith("cost: 0 calls") for line in lines)


def test_runs_of_different_workflows_are_not_compared(run: Run, pipekit: Command) -> None:
    first, second = run((SEARCH, "ready", [])), run((SEARCH, "ready", []), flags=("--workflow", "other"))
    done = pipekit("diff", first, second, "--trust", PIPEKIT_PLUGINS_OFF="")
    assert done.returncode == 2
    assert "w and other" in done.stderr


def test_two_runs_of_the_backlog_are_compared(pipekit: Command, tmp_path: Path) -> None:
    meeting = Path(__file__).parents[2] / "tests" / "data" / "meetings" / "museum-refinement.txt"
    text = meeting.read_text()
    (tmp_path / "whole.txt").write_text(text)
    (tmp_path / "half.txt").write_text(text[: len(text) // 2])
    ids = [json.loads(pipekit("run", name, "--json").stdout)["runId"] for name in ("whole.txt", "half.txt")]
    found = json.loads(pipekit("diff", *ids, "--json").stdout)
    assert found["dropped"]
    assert not found["hasSameInput"]
    assert json.loads(pipekit("diff", ids[0], ids[0], "--json").stdout)["isSame"]
