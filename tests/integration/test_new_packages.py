"""What `pipekit plugin new` writes is built, installed beside the core in a fresh environment, tested and used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipekit.scaffolding import KINDS, PackageNames, write_package

from .fresh import ROOT, in_environment, install_fresh

TALK = "Ada: We need to export all loans as CSV. Who needs that?\nBen: The front desk.\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("new")


@pytest.fixture(scope="module")
def python(folder: Path) -> Path:
    """A fresh environment with the core and one package of each kind."""
    pytest.importorskip("hatchling")
    made = [write_package(PackageNames.of(f"my-{kind}"), kind, folder).folder for kind in KINDS]
    return install_fresh(folder, [ROOT, *made])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_their_own_tests_pass(python: Path, folder: Path) -> None:
    tests = sorted(map(str, folder.glob("pipekit-my-*/tests")))
    assert len(tests) == len(KINDS)
    # From their sources, with what is installed; together, since each begins a process of its own.
    arguments = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-W", "error", *tests]
    done = in_environment(python, folder, *arguments, module="pytest", timeout=240, PYTEST_ADDOPTS="")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    # Each package has a contract of several tests, and tests of its own besides.
    passed = int(done.stdout.splitlines()[-1].split(" passed")[0].rpartition(" ")[2])
    assert passed > 20 * len(KINDS) // 2


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_uses_what_they_bring(python: Path, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.my-loader").write_text("MY_LOADER 1\nAda | We need to export all loans as CSV. Who needs that?\n")
    item = {"id": "A-1", "title": "Export loans", "text": "Staff want the loans of a month as a CSV file."}
    (tmp_path / "items.jsonl").write_text(json.dumps(item) + "\n")
    (tmp_path / "pipekit.yaml").write_text(
        "retrievers: {my-retriever: {file: items.jsonl}}\nsteps: {step8: {formats: [json, my-format]}}\n"
    )

    done = in_environment(python, tmp_path, "run", "talk.my-loader")

    assert done.returncode == 0, done.stderr
    run = next((tmp_path / ".pipeline").glob("run-*"))
    assert json.loads((run / "steps/step-my-step.json").read_text())["items"][0]["size"] == "S"
    assert (run / "output/my-format.csv").read_text().startswith("candidate,role,priority,question")
    assert "A-1" in (run / "steps/step-4.json").read_text()

    copied = in_environment(python, tmp_path, "runs", "copy", "--all", "--to", "my-store:kept")
    assert copied.returncode == 0, copied.stderr
    listed = in_environment(python, tmp_path, "list", "--store", "my-store:kept", "--json")
    assert [one["status"] for one in json.loads(listed.stdout)["runs"]] == ["completed"]

    without_a_key = in_environment(python, tmp_path, "run", "talk.my-loader", "--model", "my-provider/large")
    assert without_a_key.returncode == 6
    assert "MY_PROVIDER_API_KEY" in without_a_key.stderr

    plugins = json.loads(in_environment(python, tmp_path, "plugins", "--json").stdout)["plugins"]
    healthy: Mapping[str, str] = {one["name"]: one["health"] for one in plugins}
    assert [kind for kind in KINDS if healthy[f"my-{kind}"] != "ok"] == []
