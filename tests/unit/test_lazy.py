"""Names of a package that are imported on first use."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from pipekit.lazy import on_first_use


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("shop")
    made.__all__ = ["Path", "OrderedDict"]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop", made)
    made.__getattr__, made.__dir__ = on_first_use(  # type: ignore[method-assign]
        "shop", {"Path": "pathlib", "OrderedDict": "collections"}
    )
    return made


def test_a_name_is_found_in_its_module_and_kept(package: ModuleType) -> None:
    assert "Path" not in vars(package)
    assert package.Path is sys.modules["pathlib"].Path
    assert vars(package)["Path"] is sys.modules["pathlib"].Path


def test_a_name_that_the_package_has_not_is_said_like_any_module_says_it(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="module 'shop' has no attribute 'Other'"):
        _ = package.Other


def test_what_isnt_loaded_yet_is_listed_all_the_same(package: ModuleType) -> None:
    assert dir(package) == ["OrderedDict", "Path"]


@pytest.mark.parametrize("name", ["pipekit", "pipekit.config", "pipekit.interfaces"])
def test_every_public_name_of_a_lazy_package_can_be_had(name: str) -> None:
    module = __import__(name, fromlist=["__all__"])
    assert [one for one in module.__all__ if getattr(module, one) is None] == []
    assert set(module.__all__) <= set(dir(module))
