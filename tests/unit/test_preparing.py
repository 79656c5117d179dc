"""Before a run: plugins that fail are told and left out, and every misspelling in their blocks is found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from attrs import frozen

from pipekit import Pipeline, Resume, Selection, Text, Workflow, hookimpl, step
from pipekit.errors import InputError, PipekitError, PlanError, PluginError
from pipekit.interfaces import Source


@frozen
class Report:
    title: str
    warnings: int = 0


@step
def shout(report: Report) -> str:
    return report.title.upper()


@step
def whisper(shout: str) -> str:
    return shout.lower()


WORKFLOW = Workflow(name="reports", input="report", input_type=Report, steps=[shout, whisper])


class ReportLoader:
    suffixes: Sequence[str] = ()
    returns: Any = Report

    def recognises(self, head: bytes, name: str) -> float:
        return 0.5

    def load(self, source: Source) -> Report:
        source.warn("left out 1 line")
        return Report(source.content.decode(), warnings=3)


class LookingFails(ReportLoader):
    def recognises(self, head: bytes, name: str) -> float:
        raise SystemExit("bye")


class LoadingFails(ReportLoader):
    def load(self, source: Source) -> Report:
        raise RuntimeError("index gone")


def cannot_be_made() -> object:
    raise OSError("no licence")


def a_plugin(name: str, **hooks: Mapping[str, Callable[..., Any]]) -> ModuleType:
    module = ModuleType(name)
    for hook, given in hooks.items():

        def give(given: Any = given) -> Any:
            return given

        give.__name__ = hook
        setattr(module, hook, hookimpl(give))
    return module


REPORTS = a_plugin("reports", pipekit_loaders={"report": ReportLoader})
BROKEN = a_plugin("broken", pipekit_loaders={"made": cannot_be_made, "looking": LookingFails})


def pipeline(folder: Path, *plugins: object, config: Any = None, workflow: Workflow = WORKFLOW) -> Pipeline:
    return Pipeline(config or {}, workflow=workflow, plugins=plugins, folder=folder)


def faults_of(pipe: Pipeline, source: Any, **how: Any) -> Sequence[PipekitError]:
    with pytest.raises(PlanError) as caught:
        pipe.plan(source, **how)
    return caught.value.faults


def test_loaders_that_fail_are_left_out_with_a_warning_each_and_the_run_goes_on(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path, REPORTS, BROKEN)
    left_out = [
        "the loader 'made' of broken can't be made: OSError: no licence; this loader is left out",
        "the loader looking of broken raised SystemExit: bye; this loader is left out",
    ]
    assert list(pipe.plan(Text("hello")).warnings) == ["left out 1 line", *left_out]
    result = pipe.run(Text("hello"))
    assert result.view.value("shout") == "HELLO"
    assert list(result.warnings) == ["left out 1 line", *left_out]


def test_a_loader_that_was_asked_for_and_fails_is_an_error_and_others_are_no_matter(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path, REPORTS, BROKEN)
    (fault,) = faults_of(pipe, Text("hello"), input_format="made")
    assert isinstance(fault, PluginError)
    assert (fault.plugin, fault.kind, fault.code) == ("broken", "factory", 9)
    assert list(pipe.plan(Text("hello"), input_format="report").warnings) == ["left out 1 line"]


def test_where_only_loaders_that_fail_are_left_the_input_error_names_them(tmp_path: Path) -> None:
    (fault,) = faults_of(pipeline(tmp_path, BROKEN), Text("hello"))
    assert isinstance(fault, InputError)
    assert "the loader 'made' of broken can't be made" in fault.hint
    assert "the loader looking of broken raised SystemExit" in fault.hint


def test_a_value_with_a_field_called_warnings_is_an_input_like_any_other(tmp_path: Path) -> None:
    result = pipeline(tmp_path).run(Report("hello", warnings=3))
    assert result.warnings == ()
    assert result.view.value("report") == {"title": "hello", "warnings": 3}


def test_an_old_run_can_be_looked_at_though_another_plugins_loader_fails(tmp_path: Path) -> None:
    run_id = pipeline(tmp_path, REPORTS).run(Text("hello")).run_id
    view = pipeline(tmp_path, REPORTS, BROKEN).runs.get(run_id)
    assert view.value("report") == {"title": "hello", "warnings": 3}


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (cannot_be_made, "the loader 'report' of reports can't be made: OSError: no licence"),
        (LoadingFails, "the loader report of reports raised RuntimeError: index gone"),
        (None, "no installed plugin brings the loader 'report'"),
    ],
)
def test_an_old_run_can_be_looked_at_though_its_own_loader_fails_but_not_gone_on_with(
    tmp_path: Path, now: Callable[..., Any] | None, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = pipeline(tmp_path, REPORTS).run(Text("hello"), select=Selection(until="shout"))
    pipe = pipeline(tmp_path, *([a_plugin("reports", pipekit_loaders={"report": now})] if now else []))
    with caplog.at_level(logging.WARNING):
        view = pipe.runs.get(first.run_id)
    assert view.value("shout") == "HELLO"
    assert "report" not in view.names
    assert said in caplog.text
    with pytest.raises(PluginError) as caught:
        pipe.resume(first.run_id, Resume())
    assert said in caught.value.message
    assert (caught.value.code, caught.value.run_id) == (9, first.run_id)


def test_misspelt_keys_and_names_of_plugins_blocks_are_faults_of_the_plan_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text(
        "loaders:\n  report: {zz: 1}\n  reprot: {}\n"
        "llm:\n  providers:\n    nosuch: {}\n"
        "store:\n  url: 'file:x'\n  bogus: 1\n"
    )
    found = faults_of(pipeline(tmp_path, REPORTS, config=tmp_path / "pipekit.yaml"), Text("hello"))
    assert [(fault.where.rpartition("/")[2], fault.message) for fault in found] == [
        ("pipekit.yaml:2:12", "there is no setting loaders.report.zz"),
        ("pipekit.yaml:3:3", "there is no loader reprot"),
        ("pipekit.yaml:9:3", "there is no setting store.bogus"),
    ]


def test_a_plugin_that_was_set_aside_is_told_once_at_every_plan(tmp_path: Path) -> None:
    future = ModuleType("future")
    future.pipekit_api = 2  # type: ignore[attr-defined]
    (warning,) = pipeline(tmp_path, future).plan().warnings
    assert warning.startswith("the plugin future is set aside: it was made for version 2 of the plugin API")
    assert warning.endswith("see pipekit plugins")
