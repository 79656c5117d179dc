"""Who follows a page that makes a package has tests that pass at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from .page_packages import PAGES, failing_tests, package_of_the_page

KINDS = ("loader", "output-format", "retriever")


@pytest.mark.timeout(300)
def test_the_packages_of_the_pages_pass(tmp_path: Path) -> None:
    pages = [next(PAGES.glob(f"write-a*-{kind}-plugin.md")).name for kind in KINDS]
    failed, ran = failing_tests([package_of_the_page(page) for page in pages], tmp_path)
    assert failed == [set(), set(), set()]
    assert ran > 40
