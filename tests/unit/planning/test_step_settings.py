"""What a step's settings say about files outside of the configuration is asked by the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pipekit import Pipeline, Text, Workflow, settings, step
from pipekit.errors import ConfigError, PlanError, PluginError
from pipekit.planning.plan import Plan


@settings
class WithWords:
    words: str = "words.txt"

    def depends_on(self, folder: Path) -> Mapping[str, str]:
        path = folder / self.words
        if not path.exists():
            raise ConfigError("there are no words", file=str(path), hint="write some")
        return {"words": hashlib.sha256(path.read_bytes()).hexdigest()}


@settings
class Broken:
    def depends_on(self, folder: Path) -> Mapping[str, str]:
        raise RuntimeError("no idea")


@step
def known_words(text: str, own: WithWords) -> int:
    return len(text)


@step
def puzzled(text: str, own: Broken) -> int:
    return len(text)


def pipeline(folder: Path, *steps: object) -> Pipeline:
    workflow = Workflow(name="words", input="text", input_type=str, steps=steps or [known_words])  # type: ignore[arg-type]
    return Pipeline({}, workflow=workflow, plugins=[], store="memory:", folder=folder)


def planned(plan: Plan) -> Sequence[Mapping[str, str]]:
    return [one.depends_on for one in plan.steps]


def test_the_plan_holds_what_the_settings_depend_on(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("one")
    assert planned(pipeline(tmp_path).plan()) == [{"words": hashlib.sha256(b"one").hexdigest()}]


def test_a_file_that_is_wrong_is_a_fault_of_the_plan_and_not_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        pipeline(tmp_path).run(Text("a b"))
    (fault,) = caught.value.faults
    assert isinstance(fault, ConfigError)
    assert fault.step == "known-words"
    assert fault.hint == "write some"


def test_settings_that_raise_something_else_are_the_plugins_mistake(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        pipeline(tmp_path, puzzled).plan()
    (fault,) = caught.value.faults
    assert isinstance(fault, PluginError)
    assert "puzzled raised RuntimeError: no idea" in fault.message


def test_what_the_settings_depend_on_is_part_of_the_steps_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("one")
    first = pipeline(tmp_path).run(Text("a b")).record.step_outputs["known-words"].fingerprint
    (tmp_path / "words.txt").write_text("two")
    second = pipeline(tmp_path).run(Text("a b")).record.step_outputs["known-words"].fingerprint
    assert {key for key in first if first[key] != second[key]} == {"words"}
