"""Fixtures for the configuration's tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipekit.config.configuration import Configuration, load_configuration
from pipekit.config.layers import Override

Load = Callable[..., Configuration]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write a pipekit.yaml into an empty folder and load what holds there, with nothing from outside."""

    def write_and_load(
        text: str | bytes | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        profile: str | None = None,
        overrides: tuple[Override, ...] = (),
    ) -> Configuration:
        if text is not None:
            raw = text if isinstance(text, bytes) else text.encode()
            (tmp_path / "pipekit.yaml").write_bytes(raw)
        return load_configuration(None, folder=tmp_path, environ=environ or {}, profile=profile, overrides=overrides)

    return write_and_load
