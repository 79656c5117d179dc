"""What programs hand over that is of the wrong kind: an error that says so, and nothing is begun."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipekit import Pipeline, Resume, Selection, Text, Workflow, step
from pipekit.errors import PipekitError, PlanError, UsageError


@step
def count(text: str) -> int:
    return len(text)


WORDS = Workflow(name="words", input="text", input_type=str, steps=[count])
Call = Callable[[Any], object]


def made(**arguments: Any) -> Pipeline:
    return Pipeline(**{"config": {}, "workflow": WORDS, "plugins": [], **arguments})


CONSTRUCTED: dict[str, Any] = {
    "config": 3,
    "environ": ["a"],
    "settings": ["a"],
    "profile": 3,
    "model": 3,
    "folder": 3,
    "plugins": 3,
}


@pytest.mark.parametrize("name", CONSTRUCTED)
def test_a_pipeline_of_the_wrong_arguments_is_refused_at_once(name: str) -> None:
    with pytest.raises(UsageError, match=f"^{name} must be") as caught:
        made(**{name: CONSTRUCTED[name]})
    assert caught.value.code == 2
    assert "3" in str(caught.value) or "list" in str(caught.value)
    assert caught.value.hint.startswith("hand over ")


def test_a_setting_that_is_no_text_is_named() -> None:
    with pytest.raises(UsageError, match=r"settings\['run.concurrency'\] must be the value as YAML text, not 3"):
        made(settings={"run.concurrency": 3})


def test_a_text_is_no_list_of_plugins() -> None:
    with pytest.raises(UsageError, match="plugins must be a list of modules"):
        made(plugins="mine")


@pytest.mark.parametrize(("name", "wanted"), [("workflow", "a Workflow, its name, or None"), ("store", "a store or")])
def test_what_needs_more_than_a_look_is_refused_before_the_plan(name: str, wanted: str) -> None:
    with pytest.raises(UsageError, match=f"{name} must be {wanted}"):
        made(**{name: 3}).plan()


def test_a_workflow_in_a_mapping_that_is_no_text_is_a_fault() -> None:
    with pytest.raises(PlanError, match="workflow must be text, not 3"):
        Pipeline({"workflow": 3}, plugins=[]).plan()


@pytest.mark.parametrize("steps", [[3], [len], len, "count", 3])
def test_a_workflow_takes_steps_and_their_names_alone(steps: Any) -> None:
    with pytest.raises(UsageError, match="the workflow w takes a list of steps") as caught:
        Workflow(name="w", input="text", input_type=str, steps=steps)
    assert "@step" in caught.value.hint


CALLS: dict[str, tuple[Call, str]] = {
    "run None": (lambda p: p.run(None), "not NoneType"),
    "run a number": (lambda p: p.run(3), "an input must be"),
    "run bytes": (lambda p: p.run(b"text"), "an input must be"),
    "run text stream": (lambda p: p.run(io.StringIO("text")), "binary mode"),
    "run Text of a number": (lambda p: p.run(Text(3)), "the content of Text must be text, not 3"),  # type: ignore[arg-type]
    "run Text of no name": (lambda p: p.run(Text("a", name=3)), "the name of Text must be text"),  # type: ignore[arg-type]
    "select": (lambda p: p.run(Text("a"), select="count"), "select must be a Selection, not 'count'"),
    "input format": (lambda p: p.plan(input_format=3), "input_format must be the name"),
    "stream select": (lambda p: p.stream(Text("a"), select=3), "select must be a Selection, not 3"),
    "resume None": (lambda p: p.resume(None), "a run must be a run id"),
    "resume a number": (lambda p: p.resume(3), "a run must be a run id"),
    "resume nothing": (lambda p: p.resume(""), "not a run id: ''"),
    "resume with NUL": (lambda p: p.resume("run-1\0"), "not a run id: 'run-1\\x00'"),
    "resume how": (lambda p: p.resume("last", "rerun"), "options must be a Resume or None, not 'rerun'"),
    "resume stale": (
        lambda p: p.resume("last", Resume(stale="rerum")),  # type: ignore[arg-type]
        "stale must be one of stop, rerun, keep, not 'rerum'",
    ),
    "resume stream": (lambda p: p.resume_stream("last", 3), "options must be a Resume"),
    "fork": (lambda p: p.fork("last", 3), "options must be a Resume"),
    "format": (lambda p: p.format("last", "json"), "formats must be a list of names, not 'json'"),
    "get": (lambda p: p.runs.get(None), "a run must be a run id"),
    "selection": (lambda p: Selection(only=3.5), "a selection names a step"),
    "runnable of": (lambda p: p.as_runnable(of=len), "of must be a step"),
    "result of": (lambda p: p.run(Text("a")).of(len), "of must be a step"),
    "result artifact": (lambda p: p.run(Text("a")).artifact("nope", int), "no step has made 'nope'"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_call_is_an_error_of_the_family_with_something_to_do(name: str, tmp_path: Path) -> None:
    call, said = CALLS[name]
    with pytest.raises(PipekitError) as caught:
        call(made(folder=tmp_path))
    assert said in str(caught.value)
    assert caught.value.hint
    assert caught.value.code == 2
