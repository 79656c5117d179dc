"""Who follows a page that makes a package has tests that pass at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from .page_packages import failing_tests, package_of_the_page

NAMES = ("loaders.md", "output-formats.md", "retrievers.md", "state-stores.md")


@pytest.mark.timeout(300)
def test_the_packages_of_the_pages_pass(tmp_path: Path) -> None:
    failed, ran = failing_tests([package_of_the_page(name) for name in NAMES], tmp_path)
    assert failed == [set(), set(), set(), set()]
    assert ran > 75
