"""Every gold file beside a meeting, open or held out, agrees with the meeting as it is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import LOADERS
from pipekit.inputs import Given, pick_loader
from pipekit.interfaces import Source

EVAL = Path(__file__).parents[2] / "data" / "eval"
FOLDERS = ("open", "held-out")
GOLD: dict[str, dict[str, Any]] = {
    f"{folder}/{path.name.removesuffix('.gold.yaml')}": YAML(typ="safe", pure=True).load(
        path.read_text(encoding="utf-8")
    )
    for folder in FOLDERS
    for path in sorted((EVAL / folder).glob("*.gold.yaml"))
}
EVENTS = {"refinement", "planning", "standup", "retrospective", "other"}
TYPES = {"feature", "bug", "tech-debt", "spike"}
REASONS = {"rejected", "parked", "done", "off-topic", "status", "process"}


def loaded(name: str) -> Meeting:
    file = (EVAL / name).with_name(GOLD[name]["file"])
    made = {key: factory() for key, factory in LOADERS.items()}
    content = file.read_bytes()
    chosen = pick_loader(Given(name=file.name, content=content, kind="file"), made, None, Meeting)
    assert chosen is not None
    meeting = made[chosen].load(Source(name=file.name, content=content))
    assert isinstance(meeting, Meeting)
    assert not meeting.warnings
    return meeting


def words(name: str) -> str:
    """What is said in the meeting, in one line."""
    return " ".join(" ".join(one.text for one in loaded(name).utterances).split())


def occurs(stem: str, text: str) -> bool:
    """As it is measured: a stem of fewer than five letters begins a word."""
    start = r"(?<!\w)" if len(stem) < 5 else ""
    return re.search(start + re.escape(stem), text.lower()) is not None


def unmet(groups: list[list[str]], text: str) -> list[list[str]]:
    return [group for group in groups if not any(occurs(stem, text) for stem in group)]


def stated(gold: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from gold["open_questions"]
    yield from gold["risks"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_meeting_has_a_gold_file_and_every_gold_file_a_meeting(folder: str) -> None:
    files = {path.name for path in (EVAL / folder).iterdir()}
    meetings = {name for name in files if name != "README.md" and ".gold." not in name}
    assert meetings == {gold["file"] for name, gold in GOLD.items() if name.startswith(f"{folder}/")}
    assert meetings


def test_no_name_is_both_open_and_held_out() -> None:
    names = [name.split("/")[1] for name in GOLD]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", GOLD)
def test_a_gold_file_uses_the_words_of_its_format(name: str) -> None:
    gold = GOLD[name]
    assert gold["name"] == name.split("/")[1]
    assert gold["language"] in {"en", "nl", "de"}
    assert gold["eventType"] in EVENTS
    for one in gold["candidates"]:
        assert {one["type"], *one.get("type_alt", ())} <= TYPES
        assert one["ac"] >= (2 if one["ready"] else 0)
    assert {one["reason"] for one in gold["not_candidates"]} <= REASONS


@pytest.mark.parametrize("name", GOLD)
def test_evidence_is_said_word_for_word_and_holds_the_stems(name: str) -> None:
    said = words(name)
    for one in GOLD[name]["candidates"]:
        assert one["evidence"]
        assert [quote for quote in one["evidence"] if quote not in said] == []
        assert unmet(one["must_mention"], f"{one['title']} {' '.join(one['evidence'])}") == []


@pytest.mark.parametrize("name", GOLD)
def test_what_is_no_candidate_and_what_stays_open_comes_up_in_the_meeting(name: str) -> None:
    # With what stands before a colon: in notes that may be the subject.
    said = " ".join(f"{one.speaker or ''} {one.text}" for one in loaded(name).utterances)
    for one in [*GOLD[name]["not_candidates"], *stated(GOLD[name])]:
        assert unmet(one["must_mention"], said) == []


@pytest.mark.parametrize("name", GOLD)
def test_ids_are_unique_and_point_to_candidates_that_exist(name: str) -> None:
    gold = GOLD[name]
    ids = [one["id"] for one in gold["candidates"]]
    others = [one["id"] for one in gold["not_candidates"]]
    assert len(set(ids + others)) == len(ids + others)
    assert {one["candidate"] for one in stated(gold)} <= set(ids)
    for link in gold["dependencies"]:
        assert {link["source"], link["target"]} <= set(ids)
        assert link["source"] != link["target"]
        assert {link["type"], *link.get("type_alt", ())} <= {"blocks", "relates-to", "extends"}
        assert {link["strength"], *link.get("strength_alt", ())} <= {"hard", "soft"}


@pytest.mark.parametrize("name", GOLD)
def test_no_candidate_that_is_ready_has_a_critical_question(name: str) -> None:
    critical = {one["candidate"] for one in GOLD[name]["open_questions"] if one["critical"]}
    assert [one["id"] for one in GOLD[name]["candidates"] if one["ready"] and one["id"] in critical] == []
