from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pipekit.config.configuration import load_configuration
from pipekit.config.discovery import find_project_file, find_user_file, read_file, shown_path
from pipekit.errors import ConfigError


def _name(folder: Path) -> str | None:
    found = find_project_file(folder)
    return None if found.path is None else found.path.relative_to(found.path.parent.parent).as_posix()


def test_an_empty_folder_has_no_configuration(tmp_path: Path) -> None:
    assert find_project_file(tmp_path).path is None


def test_pipekit_yaml_comes_before_the_others_and_they_are_mentioned(tmp_path: Path) -> None:
    for name in ("pipekit.yaml", "pipeline-config.yaml"):
        (tmp_path / name).write_text("")

    found = find_project_file(tmp_path)

    assert found.path == tmp_path / "pipekit.yaml"
    assert found.warnings == ("pipeline-config.yaml is not read, because pipekit.yaml lies beside it",)


@pytest.mark.parametrize("is_beside_the_right_one", [True, False])
def test_a_file_with_almost_the_right_name_is_mentioned(tmp_path: Path, is_beside_the_right_one: bool) -> None:
    (tmp_path / "pipekit.yml").write_text("")
    if is_beside_the_right_one:
        (tmp_path / "pipekit.yaml").write_text("")

    assert find_project_file(tmp_path).warnings == ("pipekit.yml is not read; call it pipekit.yaml",)


def test_the_nearest_folder_above_counts(tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text("")
    near = tmp_path / "near"
    (near / "inner").mkdir(parents=True)
    (near / "pipeline-config.yaml").write_text("")

    assert _name(near / "inner") == "near/pipeline-config.yaml"


def test_a_pyproject_counts_only_with_a_table_of_ours(tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text("")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.other]\nbroken = \n")

    assert _name(inner) == f"{tmp_path.name}/pipekit.yaml"

    (inner / "pyproject.toml").write_text("[tool.pipekit]\nworkflow = 'w'\n")

    assert _name(inner) == "inner/pyproject.toml"
    assert read_file(inner / "pyproject.toml", "project", inner).plain() == {"workflow": "w"}


def test_a_folder_of_that_name_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").mkdir()

    found = find_project_file(tmp_path)

    assert found.path is not None
    with pytest.raises(ConfigError, match="is a folder, not a file"):
        read_file(found.path, "project", tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="owners are a matter of POSIX")
def test_a_file_above_that_somebody_else_owns_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pipekit.yaml").write_text("")
    inner = tmp_path / "inner"
    inner.mkdir()
    if os.geteuid() == 0:
        os.chown(tmp_path / "pipekit.yaml", 12345, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)

    assert find_project_file(inner).path is None
    assert find_project_file(tmp_path).path is not None


@pytest.mark.skipif(sys.platform == "win32", reason="owners are a matter of POSIX")
def test_a_link_above_that_somebody_else_laid_to_a_file_of_ours_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pipekit.yaml").symlink_to("/etc/passwd")  # root's, as good as one's own
    inner = tmp_path / "inner"
    inner.mkdir()
    if os.geteuid() == 0:
        os.lchown(tmp_path / "pipekit.yaml", 12345, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)

    assert find_project_file(inner).path is None
    assert find_project_file(tmp_path).path == tmp_path / "pipekit.yaml"


def test_a_link_above_of_ones_own_counts(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("")
    (tmp_path / "pipekit.yaml").symlink_to(tmp_path / "real.yaml")
    (tmp_path / "inner").mkdir()
    assert find_project_file(tmp_path / "inner").path == tmp_path / "pipekit.yaml"


def test_a_dead_link_above_doesnt_hide_the_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").symlink_to(tmp_path / "gone.yaml")
    (tmp_path / "pipeline-config.yaml").write_text("")
    (tmp_path / "inner").mkdir()
    assert find_project_file(tmp_path / "inner").path == tmp_path / "pipeline-config.yaml"


@pytest.mark.parametrize(
    "text",
    [
        "# put our settings below [tool.pipekit]\n",
        "# put our settings below [tool.pipekit]\nbroken = \n",
        "[project]\ndescription = 'reads [tool.pipekit]'\ndependencies = ['pipekit-framework']\n",
        'text = """\n[tool.pipekit]\n"""\n',
        "[tool.pipekit-other]\nworkflow = 'w'\n",
        "[tool.pipekitother]\nbroken = \n",
        "tool = 'pipekit'\n",
    ],
)
def test_a_pyproject_that_only_mentions_our_table_is_not_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert find_project_file(tmp_path).path is None


@pytest.mark.parametrize(
    "text",
    [
        "[ tool . 'pipekit' ]\nworkflow = 'w'\n",
        "[tool.pipekit.llm]\nmodel = 'offline'\n",
        "[tool]\npipekit = {workflow = 'w'}\n",
        "tool.pipekit.workflow = 'w'\n",
        "\ufeff[tool.pipekit]\nworkflow = 'w'\n",
        "[tool.pipekit]\nbroken = \n",
        '[[tool."pipekit"]]\nbroken = \n',
    ],
)
def test_a_pyproject_with_our_table_is_ours_however_it_is_written(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert find_project_file(tmp_path).path == tmp_path / "pyproject.toml"


def test_a_toml_file_of_our_own_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("workflow = 'w'\n")

    assert read_file(tmp_path / "own.toml", "project", tmp_path).plain() == {"workflow": "w"}


@pytest.mark.skipif(sys.platform != "linux", reason="the folder is the platform's own")
def test_the_user_file_lies_where_the_platform_keeps_configuration(tmp_path: Path) -> None:
    for base in (tmp_path / ".config", tmp_path / "xdg"):
        (base / "pipekit").mkdir(parents=True)
        (base / "pipekit" / "config.yaml").write_text("")

    by_home = find_user_file({"HOME": str(tmp_path)})
    by_xdg = find_user_file({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    by_relative_xdg = find_user_file({"HOME": str(tmp_path), "XDG_CONFIG_HOME": "xdg"})

    assert by_home == by_relative_xdg == tmp_path / ".config" / "pipekit" / "config.yaml"
    assert by_xdg == tmp_path / "xdg" / "pipekit" / "config.yaml"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs itself is asked")
def test_the_user_folder_is_the_one_that_platformdirs_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from platformdirs import user_config_path

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    expected = user_config_path("pipekit", appauthor=False) / "config.yaml"
    expected.parent.mkdir(parents=True)
    expected.write_text("")

    assert find_user_file({"HOME": str(tmp_path)}) == expected


def test_an_empty_environment_has_no_user_file() -> None:
    assert find_user_file({}) is None


def test_paths_are_shown_relative_when_that_is_shorter_to_read(tmp_path: Path) -> None:
    assert shown_path(tmp_path / "pipekit.yaml", tmp_path) == "pipekit.yaml"
    assert shown_path(tmp_path / "pipekit.yaml", tmp_path / "a") == str(Path("..", "pipekit.yaml"))
    assert shown_path(tmp_path / "pipekit.yaml", tmp_path / "a/b/c/d") == str(tmp_path / "pipekit.yaml")


@pytest.mark.skipif(sys.platform == "win32", reason="owners are a matter of POSIX")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can leave a file of root's")
def test_a_file_above_that_root_owns_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pipekit.yaml").write_text("")
    (tmp_path / "inner").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert find_project_file(tmp_path / "inner").path == tmp_path / "pipekit.yaml"


def test_a_pyproject_too_deep_for_the_parser_counts_when_it_has_our_heading(tmp_path: Path) -> None:
    deep = "x = " + "[" * 50_000
    (tmp_path / "pyproject.toml").write_text(f"[tool.pipekit]\n{deep}\n")
    assert find_project_file(tmp_path).path == tmp_path / "pyproject.toml"
    (tmp_path / "pyproject.toml").write_text(f"# pipekit\n{deep}\n")
    assert find_project_file(tmp_path).path is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_named_pipe_in_the_place_of_a_pyproject_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pyproject.toml")
    assert find_project_file(tmp_path).path is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_named_pipe_in_the_place_of_a_configuration_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipekit.yaml")
    with pytest.raises(ConfigError, match=r"pipekit\.yaml: is a named pipe, not a file"):
        load_configuration(folder=tmp_path, environ={})


def test_a_pyproject_that_is_named_and_has_no_table_of_ours_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'theirs'\n")
    assert read_file(tmp_path / "pyproject.toml", "project", tmp_path).plain() == {}


def test_a_path_is_shown_relative_up_to_two_folders_above(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "c"
    assert shown_path(tmp_path / "a" / "x.yaml", folder) == os.path.join("..", "..", "x.yaml")  # noqa: PTH118
    assert shown_path(tmp_path / "x.yaml", folder) == str(tmp_path / "x.yaml")
