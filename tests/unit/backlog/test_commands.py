"""``pipekit dor``, in process: what it writes holds as before, and nothing of the team's is written over."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from pipekit.backlog.commands import dor
from pipekit.backlog.dor import CHECKS, default_dor, find_dor
from pipekit.backlog.weighing import Weighing, find_weighing
from pipekit.cli.group import BUILTIN_COMMANDS
from pipekit.errors import ConfigError, PlanError, StorageError, UsageError
from pipekit.plugins.manager import commands_of, discover


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def called(*arguments: str) -> Result:
    done = CliRunner().invoke(dor, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_what_is_written_says_what_holds_already(project: Path) -> None:
    done = called("init")
    assert done.exit_code == 0
    assert done.output.splitlines()[:2] == ["wrote dor.yaml", "wrote scoring.yaml"]
    assert find_dor(project).digest() == default_dor().digest()
    assert find_weighing(project).digest() == Weighing().digest()


def test_comments_tell_of_every_check_with_its_numbers(project: Path) -> None:
    called("init")
    text = (project / "dor.yaml").read_text()
    for name, kind in CHECKS.items():
        (line,) = (line for line in text.splitlines() if line.startswith(f"#   {name} "))
        assert kind.looks_at in line
        assert all(f"{number}: {value}" in line for number, value in kind.numbers.items())
    assert all(len(line) <= 120 for line in text.splitlines())


def test_they_go_where_the_settings_say_and_hold_the_weights_of_the_configuration(project: Path) -> None:
    (project / "team").mkdir()
    (project / "pipekit.yaml").write_text(
        "steps:\n  step3: {scoring: team/weights.yaml, threshold: 70}\n  check-readiness: {dor: team/ready.yaml}\n"
    )
    done = called("init", "--json")
    written = [str(project / "team" / name) for name in ("ready.yaml", "weights.yaml")]
    assert json.loads(done.output) == {"written": written, "kept": []}
    assert find_weighing(project, "team/weights.yaml") == Weighing(threshold=70)


def test_a_file_that_is_there_is_left_as_it_is(project: Path) -> None:
    (project / "dor.yaml").write_text("required: [Ours]")
    done = called("init")
    assert "dor.yaml is there already, and is left as it is" in done.output
    assert (project / "dor.yaml").read_text() == "required: [Ours]"
    with pytest.raises(UsageError, match="there already") as caught:
        called("init")
    assert caught.value.kind == "exists"


def test_a_link_to_nowhere_is_not_followed(project: Path) -> None:
    (project / "dor.yaml").symlink_to(project / "elsewhere.yaml")
    called("init")
    assert not (project / "elsewhere.yaml").exists()


def test_a_folder_that_is_missing_is_told(project: Path) -> None:
    (project / "pipekit.yaml").write_text("steps: {check-readiness: {dor: team/ready.yaml}}")
    with pytest.raises(StorageError, match="can't be written"):
        called("init")
    assert not [path for path in project.iterdir() if path.name.startswith(".")]


def test_what_holds_is_shown_with_the_file_it_comes_from(project: Path) -> None:
    assert "the one that comes with pipekit" in called("show").output
    (project / "dor.yaml").write_text("required: [The design is signed off, {text: Small, check: size, atMost: 5}]")
    (project / "scoring.yaml").write_text("threshold: 75")
    out = called("show").output
    assert f"Definition of Ready: {project / 'dor.yaml'}" in out
    assert "The design is signed off (for a person to answer)" in out
    assert "Small (size, atMost 5)" in out
    assert "flagged below 75" in out
    document = json.loads(called("show", "--json").output)
    assert document["dor"]["required"][1] == {"text": "Small", "check": "size", "atMost": 5}
    assert document["scoring"]["threshold"] == 75


def test_a_mistake_in_the_team_file_is_told_with_line_and_column(project: Path) -> None:
    (project / "dor.yaml").write_text("required:\n  - {text: Small, check: sise}\n")
    with pytest.raises(ConfigError, match="no check 'sise'") as caught:
        called("show")
    assert (caught.value.line, caught.value.column, caught.value.hint) == (2, 26, "did you mean size?")


def test_a_mistake_in_the_configuration_is_not_written_over(project: Path) -> None:
    (project / "pipekit.yaml").write_text("steps: {check-readiness: {dro: x.yaml}}")
    with pytest.raises((ConfigError, PlanError), match="dro"):
        called("init")
    assert not (project / "dor.yaml").exists()


def test_the_listing_of_built_in_commands_is_what_their_plugins_give() -> None:
    given: dict[str, tuple[str, str]] = {}
    for candidate in discover([], off=True):
        for found in commands_of(candidate).found:
            for name, command in found.given:
                assert isinstance(command, click.Command)
                given[name] = (candidate.name, command.get_short_help_str(200))
    assert given == BUILTIN_COMMANDS
