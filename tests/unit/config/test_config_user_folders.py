"""The user's own folders lie outside of every project, whatever a variable says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipekit.cli.crash import report_folder
from pipekit.config.user_folders import user_folder
from pipekit.llm.abilities import abilities_file
from pipekit.llm.cache import cache_file
from pipekit.plugins.commands import cached_plugin_commands
from pipekit.plugins.trust import is_trusted, trust_file

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG is for other systems")

VARIABLES = {"data": "XDG_DATA_HOME", "cache": "XDG_CACHE_HOME", "state": "XDG_STATE_HOME"}


@pytest.mark.parametrize("kind", ["data", "cache", "state"])
def test_a_variable_names_the_folder_and_a_relative_one_does_not(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    usual = user_folder(kind, {})  # type: ignore[arg-type]
    assert usual.is_relative_to(tmp_path)
    assert usual.name == "pipekit"
    assert user_folder(kind, {VARIABLES[kind]: "/elsewhere"}) == Path("/elsewhere/pipekit")  # type: ignore[arg-type]
    for relative in ("", ".", "data", "../data", "~/data"):
        assert user_folder(kind, {VARIABLES[kind]: relative}) == usual  # type: ignore[arg-type]


def test_a_relative_or_missing_home_is_no_folder_of_the_project_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "project")
    assert user_folder("data", {}).is_absolute()

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert user_folder("data", {}).is_absolute()
    assert cached_plugin_commands({}) == {}


def test_a_project_brings_no_trust_cache_or_commands_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pipekit").mkdir()
    (tmp_path / "pipekit" / "trust.json").write_text('{"/steps.py": "digest"}')
    (tmp_path / "pipekit" / "commands.json").write_text('{"evil": "Do it."}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    relative = dict.fromkeys(VARIABLES.values(), ".")
    for name, value in relative.items():
        monkeypatch.setenv(name, value)

    assert not is_trusted("/steps.py", "digest", relative)
    assert cached_plugin_commands(relative) == {}
    for file in (trust_file(relative), cache_file(), abilities_file(), report_folder(relative)):
        assert file.is_relative_to(tmp_path / "home")
