"""A project's own files run only as they were trusted: these bytes, and nothing that stands in for them."""

from __future__ import annotations

import importlib.util
import inspect
import py_compile
from pathlib import Path

import pytest

from pipekit.errors import PluginError
from pipekit.plugins.local import local_candidate
from pipekit.plugins.manager import Loaded, load
from pipekit.plugins.trust import digest_of_content, trust, trust_name

GOOD = "from pipekit import step\n\n@step\ndef good(text: str) -> int:\n    return 1\n"
EVIL = "from pipekit import step\n\n@step\ndef evil(text: str) -> int:\n    return 1\n"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path / "data")}


def steps_of(loaded: Loaded) -> list[str]:
    return [name for found in loaded.found for name, _ in found.given]


def test_a_compiled_file_beside_the_trusted_one_is_never_run(tmp_path: Path, environ: dict[str, str]) -> None:
    file = tmp_path / "steps.py"
    file.write_text(EVIL)
    py_compile.compile(
        str(file),
        importlib.util.cache_from_source(str(file)),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    file.write_text(GOOD)
    trust({trust_name(file): digest_of_content(file.read_bytes())}, environ)
    assert steps_of(load(local_candidate(file, environ, trusted=False))) == ["good"]


def test_a_file_that_changes_after_the_look_at_it_runs_as_it_was(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "steps.py"
    file.write_text(GOOD)
    trust({trust_name(file): digest_of_content(file.read_bytes())}, environ)

    def change_meanwhile(name: str, digest: str, environ: object) -> bool:
        file.write_text(EVIL)
        return True

    monkeypatch.setattr("pipekit.plugins.local.is_trusted", change_meanwhile)
    loaded = load(local_candidate(file, environ, trusted=False))
    assert steps_of(loaded) == ["good"]
    # The fingerprint of such a step is made of its source: of what ran.
    assert "def good" in inspect.getsource(loaded.found[0].given[0][1].fn)


def test_nothing_compiled_is_left_behind(tmp_path: Path, environ: dict[str, str]) -> None:
    file = tmp_path / "steps.py"
    file.write_text(GOOD)
    load(local_candidate(file, environ, trusted=True))
    assert [path.name for path in tmp_path.iterdir()] == ["steps.py"]


@pytest.mark.parametrize("content", [b"def broken(:\n", b"\x00", b"raise SystemExit(3)\n", b"# coding: nothing\n"])
def test_a_file_that_is_no_python_or_raises_is_set_aside(
    tmp_path: Path, environ: dict[str, str], content: bytes
) -> None:
    file = tmp_path / "steps.py"
    file.write_bytes(content)
    loaded = load(local_candidate(file, environ, trusted=True))
    assert loaded.reason
    assert steps_of(loaded) == []


def test_a_file_that_nobody_trusted_is_not_run(tmp_path: Path, environ: dict[str, str]) -> None:
    file = tmp_path / "steps.py"
    file.write_text("raise AssertionError('ran')\n")
    loaded = load(local_candidate(file, environ, trusted=False))
    assert isinstance(loaded.error, PluginError)
    assert loaded.error.kind == "untrusted"
