"""A plugin built by a stranger, installed beside the core in a fresh environment; a broken one doesn't stop it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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
    """A fresh environment with the core, the example and a plugin that raises on import, all built as wheels.

    Third-party libraries are lent from the environment of the tests, so that nothing is fetched.
    """
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("stranger")
    broken = folder / "broken"
    (broken / "broken_plugin").mkdir(parents=True)
    (broken / "pyproject.toml").write_text(BROKEN)
    (broken / "broken_plugin" / "__init__.py").write_text("raise RuntimeError('made to break')\n")
    example = folder / "example"
    shutil.copytree(ROOT / "plugins" / "pipekit-example-estimates", example)
    wheels = folder / "wheels"
    for source in (ROOT, example, broken):
        done = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
            cwd=source,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
    home = folder / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    site = next((home / "lib").glob("python*/site-packages"))
    (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    arguments = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--force-reinstall"]
    built = [str(path) for path in sorted(wheels.glob("*.whl"))]
    assert len(built) == 3
    subprocess.run([python, *arguments, *built], check=True, timeout=120, capture_output=True)
    return python


def run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    home = {name: str(folder / "home") for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    return subprocess.run(
        [python, "-m", "pipekit", *arguments],
        cwd=folder,
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_adds_a_step_a_format_and_a_setting_and_a_broken_one_is_set_aside(installed: Path, tmp_path: Path) -> None:
    meeting = str(ROOT / "examples" / "museum-refinement.txt")
    (tmp_path / "pipekit.yaml").write_text(
        "steps:\n  estimate-points: {scale: linear}\n  step8: {formats: [json, estimates]}\n"
    )

    done = run(installed, tmp_path, "run", meeting)
    listed = run(installed, tmp_path, "plugins", "--json")

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
    assert str(installed.parent.parent) in run(installed, tmp_path, "config", "show", "--json").args[0].as_posix()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_resumed_run_misses_a_plugin_that_is_gone(installed: Path, tmp_path: Path) -> None:
    meeting = str(ROOT / "examples" / "museum-refinement.txt")
    assert run(installed, tmp_path, "run", meeting, "--until", "3").returncode == 0
    (tmp_path / "pipekit.yaml").write_text("plugins: {block: [estimates]}\n")

    done = run(installed, tmp_path, "resume", "last")

    assert done.returncode == 9
    assert "estimate-points of pipekit-example-estimates 0.1.0" in done.stderr
