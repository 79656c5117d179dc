"""Runs the contracts on seeded defects, in a process of their own, and says which tests fail on each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

__all__ = ["failing"]


def failing(module: Path, folder: Path, only: Mapping[str, set[str]] | None = None) -> dict[str, set[str]]:
    """For each class of the module the tests that fail on it, without their parameters.

    ``only`` names the tests to run on each class; an empty set is all of them.
    """
    chosen = [
        f"{module}::{name}{test}"
        for name, tests in (only or {}).items()
        for test in ([f"::{one}" for one in sorted(tests)] or [""])
    ]
    report = folder / "report.xml"
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(folder), "-c", os.devnull]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--junitxml", str(report), *(chosen or [str(module)])],
        cwd=folder,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, set[str]] = {}
    for case in ET.parse(report).iter("testcase"):
        name = str(case.get("classname")).rpartition(".")[2]
        failed = found.setdefault(name, set())
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(str(case.get("name")).partition("[")[0])
    assert found, done.stdout + done.stderr
    return found
