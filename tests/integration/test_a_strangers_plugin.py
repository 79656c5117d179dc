"""A plugin built by a stranger, installed beside the core in a fresh environment; a broken one doesn't stop it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from .fresh import ROOT, in_environment, install_fresh

BROKEN = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "broken-plugin"
version = "0.0.1"

[project.entry-points.pipekit]
broken = "broken_plugin"

[tool.hatch.build.targets.wheel]
packages = ["broken_plugin"]
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the core, the example and a plugin that raises on import."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("stranger")
    broken = folder / "broken"
    (broken / "broken_plugin").mkdir(parents=True)
    (broken / "pyproject.toml").write_text(BROKEN)
    (broken / "broken_plugin" / "__init__.py").write_text("raise RuntimeError('made to break')\n")
    example = folder / "example"
    shutil.copytree(ROOT / "plugins" / "pipekit-example-estimates", example)
    return install_fresh(folder, [ROOT, example, broken])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_adds_a_step_a_format_and_a_setting_and_a_broken_one_is_set_aside(installed: Path, tmp_path: Path) -> None:
    meeting = str(ROOT / "examples" / "museum-refinement.txt")
    (tmp_path / "pipekit.yaml").write_text(
        "steps:\n  estimate-points: {scale: linear}\n  step8: {formats: [json, estimates]}\n"
    )

    done = in_environment(installed, tmp_path, "run", meeting)
    listed = in_environment(installed, tmp_path, "plugins", "--json")

    assert done.returncode == 0, done.stderr
    folder = next((tmp_path / ".pipeline").glob("run-*"))
    items = json.loads((folder / "steps" / "step-estimate-points.json").read_text())["items"]
    assert [item["candidateId"] for item in items][:2] == ["candidate-1", "candidate-2"]
    merged = json.loads((folder / "output" / "pipeline-output.json").read_text())
    assert merged["candidates"][0]["estimates"]["points"] == items[0]["points"]
    assert merged["steps"]["estimate-points"]["items"] == items
    assert (folder / "output" / "estimates.csv").read_text().startswith("id,title,points,reason")
    plugins = {plugin["name"]: plugin for plugin in json.loads(listed.stdout)["plugins"]}
    assert plugins["estimates"]["health"] == "ok"
    assert plugins["broken"]["health"] == "set aside"
    assert "made to break" in plugins["broken"]["reason"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_resumed_run_misses_a_plugin_that_is_gone(installed: Path, tmp_path: Path) -> None:
    meeting = str(ROOT / "examples" / "museum-refinement.txt")
    assert in_environment(installed, tmp_path, "run", meeting, "--until", "3").returncode == 0
    (tmp_path / "pipekit.yaml").write_text("plugins: {block: [estimates]}\n")

    done = in_environment(installed, tmp_path, "resume", "last")

    assert done.returncode == 9
    assert "estimate-points of pipekit-example-estimates 0.1.0" in done.stderr
