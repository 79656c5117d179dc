"""Prices come with a package that only some providers require."""

from __future__ import annotations

import sys

import pytest

from pipekit.interfaces import ModelInfo
from pipekit.interfaces.list_prices import priced


def test_without_the_package_prices_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", None)
    assert priced(ModelInfo(name="gpt-4o"), "openai") == ModelInfo(name="gpt-4o")
