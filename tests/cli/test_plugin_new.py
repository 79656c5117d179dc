"""``pipekit plugin new``: what it says and what it refuses."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_it_says_what_it_wrote_and_what_to_do_next(pipekit: Command, tmp_path: Path) -> None:
    done = pipekit("plugin", "new", "acme", "--kind", "loader")
    assert done.returncode == 0, done.stderr
    assert "pip install -e pipekit-acme" in done.stdout
    written = {str(path.relative_to(tmp_path / "pipekit-acme")) for path in (tmp_path / "pipekit-acme").rglob("*.py")}
    assert len(written) > 2
    assert [path for path in written if path not in done.stdout] == []

    told = json.loads(pipekit("plugin", "new", "other", "--kind", "step", "--json").stdout)
    assert told["folder"] == str(tmp_path / "pipekit-other")
    assert all((tmp_path / "pipekit-other" / path).is_file() for path in told["files"])


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["json", "--kind", "format"], "the output format json is there already", "my-json"),
        (["check-readiness", "--kind", "step"], "given by pipekit-framework", "my-check-readiness"),
        (["Acme Corp", "--kind", "step"], "not 'Acme Corp'", "did you mean acme-corp?"),
        (["acme"], "missing option '--kind'", "pipekit plugin new --help"),
        (["acme", "--kind", "ste"], "'ste' is not one of", "step"),
        (["acme", "--kind", "step", "--into", "nowhere"], "'nowhere' does not exist", "--help"),
    ],
)
def test_what_cannot_be_made_is_refused_with_what_can(
    arguments: list[str], message: str, hint: str, pipekit: Command, tmp_path: Path
) -> None:
    done = pipekit("plugin", "new", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert hint in done.stderr
    assert not list(tmp_path.glob("pipekit-*"))


def test_a_broken_configuration_is_in_nobody_s_way(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text("steps: [\n")
    assert pipekit("plugin", "new", "acme", "--kind", "step").returncode == 0
    done = pipekit("plugin", "new", "acme", "--kind", "step")
    assert (done.returncode, "left as it is" in done.stderr) == (2, True)
