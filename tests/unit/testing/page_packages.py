"""The packages that the pages of docs/extending make, written to a folder and tested as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

__all__ = ["failing_tests", "package_of_the_page"]

PAGES = Path(__file__).parents[3] / "docs" / "extending"
_FILE = re.compile(r"`([\w./-]+\.(?:py|toml))`:\n\n```(?:py|toml)\n(.*?)```", re.DOTALL)


def package_of_the_page(page: str = "llm-providers.md") -> dict[str, str]:
    """The files that a page shows, by their paths."""
    return {"src/pipekit_acme/__init__.py": "", **dict(_FILE.findall((PAGES / page).read_text(encoding="utf-8")))}


def failing_tests(packages: Sequence[Mapping[str, str]], folder: Path) -> tuple[list[set[str]], int]:
    """The names of the tests that fail in each package, without their parameters; and how many tests ran in all.

    All are tested in one go, so each gets a name of its own.
    """
    for number, files in enumerate(packages):
        for name, text in files.items():
            path = folder / f"package_{number}" / _renamed(name, number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_renamed(text, number), encoding="utf-8")
    report = folder / "report.xml"
    sources = [str(folder / f"package_{number}" / "src") for number in range(len(packages))]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", str(report), "."],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sources), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert report.exists(), done.stdout + done.stderr
    cases = list(ET.parse(report).iter("testcase"))
    failed: list[set[str]] = [set() for _ in packages]
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            place = re.search(r"test_acme_(\d+)", f"{case.get('classname')} {case.get('name')}")
            assert place, done.stdout
            failed[int(place.group(1))].add(str(case.get("name")).partition("[")[0])
    return failed, len(cases)


def _renamed(text: str, number: int) -> str:
    return text.replace("pipekit_acme", f"pipekit_acme_{number}").replace("test_acme", f"test_acme_{number}")
