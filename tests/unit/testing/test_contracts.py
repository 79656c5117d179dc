"""Each contract tells good plugins from bad ones: a seeded defect fails the tests that are about it, and no others."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from .seeded.running import failing

SEEDED = Path(__file__).parent / "seeded"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["formats", "loaders", "retrievers", "steps"])
def test_every_seeded_defect_is_caught_by_the_tests_about_it(kind: str, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location(f"seeded_{kind}", SEEDED / f"{kind}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = failing(SEEDED / f"{kind}.py", tmp_path)
    wanted = {name: getattr(module, name).caught_by for name in found}
    assert found == wanted
    assert sum(bool(tests) for tests in wanted.values()) >= 10
    assert not wanted["TestGood"]
