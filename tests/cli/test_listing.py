"""``pipekit list`` reads only what it shows, however many runs there are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]

#: Runs the command and says at the end how many files and folders of runs it opened.
COUNTING = """
import sys
opened = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
sys.addaudithook(watch)
from pipekit.cli.exits import run_command_line
code = run_command_line(sys.argv[1:])
names = [path.rpartition("/")[2] for path in opened]
kept = ("state.json", "journal.jsonl", "lock")
print(sum(name.startswith("run-2") or name in kept for name in names), file=sys.stderr)
sys.exit(code)
"""


def test_of_ten_thousand_runs_only_those_shown_are_opened(
    pipekit: Command, tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "meeting.txt").write_text("Ann: We need an export of invoices.\n")
    for _ in range(3):
        assert pipekit("run", "meeting.txt", "--until", "1").returncode == 0
    for number in range(10_000):
        (tmp_path / ".pipeline" / f"run-20200101-000000-{number:06x}").mkdir()

    done = subprocess.run(
        [sys.executable, "-c", COUNTING, "list", "--limit", "3", "--json"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)["runs"]
    assert [run["status"] for run in shown] == ["paused"] * 3
    # Each run's folder and its record, and a look at one more, to know that there are more.
    assert int(done.stderr.splitlines()[-1]) <= 3 * 2 + 3
