"""A project's file names no recording outside of the project; the user, and a program, may name any."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipekit.config import load_configuration
from pipekit.config.configuration import Configuration
from pipekit.config.confining import record_fault
from pipekit.config.layers import Override

OUTSIDE = "../elsewhere/r.jsonl"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def of(project: Path, text: str, *overrides: Override, environ: dict[str, str] | None = None) -> Configuration:
    (project / "pipekit.yaml").write_text(text)
    return load_configuration(None, folder=project, environ=environ or {}, overrides=overrides)


@pytest.mark.parametrize("named", [OUTSIDE, "in/../../r.jsonl", "{elsewhere}/r.jsonl", "out/r.jsonl"])
def test_a_project_names_no_recording_outside_of_its_folder(project: Path, named: str) -> None:
    (project / "out").symlink_to(project.parent / "elsewhere")
    named = named.format(elsewhere=project.parent / "elsewhere")

    wrong = record_fault(of(project, f"llm:\n  record: '{named}'\n"))

    assert wrong is not None
    assert (wrong.kind, wrong.field, wrong.where) == ("outside", "llm.record", "pipekit.yaml:2:11")
    assert named in str(wrong)
    assert wrong.hint.endswith(f"--record {os.path.abspath(project / named)}")  # noqa: PTH100


@pytest.mark.parametrize("named", ["r.jsonl", "round", '"with\\0nothing"'])
def test_a_link_that_leads_out_of_the_project_or_nowhere_is_outside(project: Path, named: str) -> None:
    (project / "r.jsonl").symlink_to(project.parent / "profile")
    (project / "round").symlink_to(project / "round")
    assert record_fault(of(project, f"llm: {{record: {named}}}\n")) is not None


@pytest.mark.parametrize("named", ["r.jsonl", "deep/down/r.jsonl", "./in/../r.jsonl", "..r.jsonl"])
def test_inside_of_its_folder_a_project_names_what_it_likes(project: Path, named: str) -> None:
    assert record_fault(of(project, f"llm: {{record: '{named}'}}\n")) is None


def test_a_project_whose_folder_is_reached_by_a_link_is_no_stranger_to_itself(project: Path) -> None:
    (project.parent / "link").symlink_to(project)
    assert record_fault(of(project.parent / "link", f"llm: {{record: '{project / 'r.jsonl'}'}}\n")) is None


def test_what_a_profile_of_the_project_says_is_the_projects_word(project: Path) -> None:
    (project / "pipekit.yaml").write_text(f"profiles: {{p: {{llm: {{record: {OUTSIDE}}}}}}}\n")
    assert record_fault(load_configuration(None, folder=project, environ={})) is None
    assert record_fault(load_configuration(None, folder=project, environ={}, profile="p")) is not None


def test_a_flag_that_only_a_runs_record_holds_is_a_strangers_word(project: Path) -> None:
    kept = Override("llm.record", OUTSIDE, "--set llm.record", is_kept=True)
    wrong = record_fault(of(project, "", kept))
    assert wrong is not None
    assert "when the run began" in str(wrong)
    assert wrong.hint == f"give it again if it is yours:  --record {project.parent / 'elsewhere' / 'r.jsonl'}"


def test_the_user_may_name_any_file_by_flag_variable_and_own_file(project: Path) -> None:
    told = f"llm: {{record: {OUTSIDE}}}\n"
    assert record_fault(of(project, told, Override("llm.record", OUTSIDE, "--record"))) is None
    assert record_fault(of(project, told, environ={"PIPEKIT_LLM__RECORD": OUTSIDE})) is None
    own = project.parent / "own" / "pipekit"
    own.mkdir(parents=True)
    (own / "config.yaml").write_text(told)
    assert record_fault(of(project, "", environ={"XDG_CONFIG_HOME": str(own.parent)})) is None


def test_a_program_may_name_any_file(project: Path) -> None:
    assert record_fault(load_configuration({"llm": {"record": OUTSIDE}}, folder=project, environ={})) is None
