"""``pipekit run --merge``: several inputs are one meeting, and every quote says which of them it is from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]

TALK = """WEBVTT

00:01.000 --> 00:09.000
<v Anna Smith (Guest)>We need a search on the start page, so that visitors find the opening hours.</v>
"""
NOTES = """# Import

Anna: We need an import of the price list, so that nobody types it in again.
"""


def test_every_quote_is_attributed_in_every_output_and_the_run_goes_on_without_its_inputs(
    pipekit: Command, tmp_path: Path
) -> None:
    (tmp_path / "talk.vtt").write_text(TALK)
    formats = "--set", "steps.step8.formats=[json, markdown, summary, html, github]"
    done = pipekit(
        "run", "talk.vtt", "-", "--merge", "--until", "score-confidence", "--json", *formats, stdin=NOTES.encode()
    )
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["runId"]
    assert json.loads(done.stdout)["inputFile"] == "talk.vtt + stdin"
    (tmp_path / "talk.vtt").unlink()
    assert pipekit("resume", run).returncode == 0
    output = tmp_path / ".pipeline" / run / "output"
    made = json.loads((output / "pipeline-output.json").read_text())
    spans = {one["title"]: one["evidence"][0] for one in made["steps"]["extract-candidates"]["candidates"]}
    assert {(span["source"], span["sourceLine"], span["speaker"]) for span in spans.values()} == {
        ("talk.vtt", 1, "Anna Smith"),
        ("stdin", 3, "Anna Smith"),
    }
    pages = [path.read_text() for path in (output / "candidates").iterdir()]
    assert any("Anna Smith, talk.vtt, 1" in page for page in pages)
    assert any("Anna Smith, stdin, 3" in page for page in pages)
    report = (output / "report.html").read_text()
    assert "talk.vtt, cue 1" in report
    assert "stdin, line 3" in report
    assert "talk.vtt, 1" in (output / "github-issues.jsonl").read_text()
    shown = pipekit("show", run, "candidate-1", "--json")
    assert '"source": "talk.vtt"' in shown.stdout


def test_one_bad_input_stops_the_merge_with_its_name_and_nothing_is_begun(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "talk.vtt").write_text(TALK)
    (tmp_path / "bad.docx").write_bytes(b"PK\x03\x04nothing")
    done = pipekit("run", "talk.vtt", "bad.docx", "--merge")
    assert done.returncode == 4
    assert done.stderr.startswith("error: bad.docx: is a broken Word document")
    assert not (tmp_path / ".pipeline").exists()
    planned = pipekit("run", "talk.vtt", "bad.docx", "--merge", "--dry-run")
    assert (planned.returncode, "bad.docx" in planned.stderr) == (4, True)
