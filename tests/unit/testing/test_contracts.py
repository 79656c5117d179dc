"""Each contract tells good plugins from bad ones: a seeded defect fails the tests that are about it, and no others."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pytest

from .seeded.running import failing

SEEDED = Path(__file__).parent / "seeded"


KINDS = ("formats", "loaders", "retrievers", "steps", "stores")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_every_seeded_defect_is_caught_by_the_tests_about_it(kind: str, tmp_path: Path) -> None:
    wanted = _seeded(kind)
    assert failing(SEEDED / f"{kind}.py", tmp_path, only=wanted) == wanted
    assert sum(bool(tests) for tests in wanted.values()) >= 10
    assert not wanted["TestGood"]


@pytest.mark.thorough
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_a_seeded_defect_fails_no_other_test(kind: str, tmp_path: Path) -> None:
    assert failing(SEEDED / f"{kind}.py", tmp_path) == _seeded(kind)


def _seeded(kind: str) -> Mapping[str, set[str]]:
    """For each class that is tested the tests that must fail on it."""
    spec = importlib.util.spec_from_file_location(f"seeded_{kind}", SEEDED / f"{kind}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: one.caught_by for name, one in vars(module).items() if getattr(one, "__test__", name) is True}
