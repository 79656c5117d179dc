"""What `import pipekit.testing` takes, and what it says where that is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipekit.testing import contracts


def test_without_pytest_it_names_the_extra() -> None:
    code = "import sys; sys.modules['pytest'] = None; import pipekit.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "ModuleNotFoundError: pipekit.testing needs pytest" in done.stderr
    assert "pip install '.[testing]'" in done.stderr


def test_it_needs_no_plugin_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("from pipekit.testing import LLMProviderContract\n\ndef test_it(): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "."],
        cwd=tmp_path,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_assertions_of_a_contract_tell_what_they_compared(pytestconfig: pytest.Config) -> None:
    assert type(contracts.llm_providers.__loader__).__name__ == "AssertionRewritingHook"
