"""``pipekit index``, called as a command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_it_lists_what_it_did_and_says_how_runs_search_it(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("---\ntitle: [open\n---\n# Walrus")
    (tmp_path / "notes" / "b.md").write_bytes(b"\0")
    done = pipekit("index", "notes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == [
        "added: notes/a.md",
        "left out: notes/b.md: not text (it has NUL bytes) and was left out",
    ]
    assert "check: notes/a.md" in done.stdout
    assert "1 added, 0 changed, 0 removed, 0 unchanged, 1 left out" in done.stdout
    assert "retrievers: {index: {}}" in done.stdout


def test_json_is_one_document_with_everything(pipekit: Command, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.md").write_text(f"# Walrus {number}")
    dry = json.loads(pipekit("index", ".", "--dry-run", "--json").stdout)
    assert not (tmp_path / ".pipekit-index.db").exists()
    document = json.loads(pipekit("index", ".", "--json").stdout)
    assert len(document["added"]) == 30
    assert document == {**dry, "dryRun": False}
    assert set(document) == {"index", "dryRun", "added", "changed", "removed", "unchanged", "leftOut", "warnings"}


def test_a_long_list_is_shortened_for_people(pipekit: Command, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.md").write_text(f"# Walrus {number}")
    out = pipekit("index", ".").stdout
    assert out.count("added: ") == 21
    assert "added: 10 more (--json lists all)" in out


def test_a_mistake_ends_with_2_and_a_file_that_is_no_index_stays(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Walrus")
    (tmp_path / "theirs.db").write_text("mine")
    for arguments in (("nowhere",), (), (".", "--into", "theirs.db"), (".", "--into", "theirs.db", "--anew")):
        done = pipekit("index", *arguments)
        assert done.returncode == 2, arguments
        assert done.stderr.startswith("error: ")
    assert (tmp_path / "theirs.db").read_text() == "mine"


def test_a_run_without_an_index_says_so_and_succeeds(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text("retrievers: {index: {}}\n")
    (tmp_path / "m.txt").write_text("Ana: We need to export the list of members as CSV.\n")
    done = pipekit("run", "m.txt")
    assert done.returncode == 0, done.stderr
    assert "there is no index" in done.stderr
