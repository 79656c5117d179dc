"""The command as a process: output, exit codes, signals, bad input."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MEETING = ROOT / "tests" / "data" / "meetings" / "museum-refinement.txt"
Command = Callable[..., subprocess.CompletedProcess[str]]


def runs_of(folder: Path) -> list[Path]:
    return sorted((folder / ".pipeline").glob("run-*"))


def test_a_run_writes_everything_and_ends_with_a_table(pipekit: Command, tmp_path: Path) -> None:
    done = pipekit("run", str(MEETING))

    assert done.returncode == 0, done.stderr
    run = runs_of(tmp_path)[0]
    assert run.name in done.stdout
    assert "candidate-1" in done.stdout
    assert "rules, not a model" in done.stdout
    numbered = [f"step-{number}.json" for number in range(1, 9)]
    assert {*numbered, "step-map-dependencies.json", "step-batch-readiness.json"} <= set(os.listdir(run / "steps"))
    assert {"pipeline-output.json", "summary.md", "candidates"} == set(os.listdir(run / "output"))
    record = json.loads((run / "state.json").read_text())
    assert record["status"] == "completed"
    assert record["completedSteps"] == [1, 2, "map-dependencies", 3, 4, 5, 6, 7, "batch-readiness", 8]
    assert record["currentStep"] is None
    assert (run / "input" / "original.txt").read_bytes() == MEETING.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="no such rights there")
def test_what_a_run_keeps_is_for_its_owner_alone(pipekit: Command, tmp_path: Path) -> None:
    assert pipekit("run", str(MEETING)).returncode == 0
    kept = [tmp_path / ".pipeline", *(tmp_path / ".pipeline").rglob("*")]
    assert len(kept) > 20
    open_to_others = [path for path in kept if path.stat().st_mode & 0o077]
    assert not open_to_others


def test_a_numbered_step_whose_file_is_missing_is_told_as_such(pipekit: Command, tmp_path: Path) -> None:
    assert pipekit("run", str(MEETING), "--until", "2").returncode == 0
    (runs_of(tmp_path)[0] / "steps/step-2.json").unlink()
    for part in ("2", "extract-candidates", "candidate-1"):
        done = pipekit("show", "last", part)
        assert done.returncode == 7, done.stderr
        assert "missing: steps/step-2.json" in done.stderr


def test_one_file_is_not_called_files(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("Ada: As a reader I want to search by author so that I find a book faster.\n")
    assert "candidates/ (1 file)" in pipekit("run", "one.txt").stdout


def test_json_is_one_document_and_nothing_else(pipekit: Command) -> None:
    for arguments in (["run", str(MEETING)], ["list"], ["show", "last"], ["plugins"], ["config", "show"], ["plan"]):
        done = pipekit(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        assert isinstance(json.loads(done.stdout), dict)


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        ([], 0),
        (["--version"], 0),
        (["no-such-command"], 2),
        (["run"], 2),
        (["run", "--no-such-option"], 2),
        (["run", "nowhere.txt", "gone.txt"], 11),
        (["list", "--limit", "none"], 2),
        (["config"], 2),
        (["show", "last"], 12),
        (["plan", "--set", "nonsense"], 2),
        (["plan", "--config", "gone.yaml"], 3),
    ],
)
def test_with_json_every_end_is_one_document_as_well(pipekit: Command, argv: list[str], code: int) -> None:
    done = pipekit(*argv, "--json")
    document = json.loads(done.stdout)
    assert done.returncode == code, done.stdout
    assert ("error" in document) == (code != 0)
    if code:
        assert document["error"]["code"] == code
        assert document["error"]["hint"]


def test_a_meeting_can_come_through_a_pipe(pipekit: Command) -> None:
    done = pipekit("run", "-", stdin=MEETING.read_bytes())
    assert done.returncode == 0, done.stderr


def test_until_pauses_and_resume_goes_on(pipekit: Command, tmp_path: Path) -> None:
    paused = pipekit("run", str(MEETING), "--until", "3")
    record = json.loads((runs_of(tmp_path)[0] / "state.json").read_text())
    before = (runs_of(tmp_path)[0] / "steps" / "step-2.json").stat().st_mtime_ns

    resumed = pipekit("resume", "last")

    assert paused.returncode == 0
    assert (record["status"], record["pausedReason"]) == ("paused", "until")
    assert resumed.returncode == 0, resumed.stderr
    after = json.loads((runs_of(tmp_path)[0] / "state.json").read_text())
    assert after["status"] == "completed"
    assert (runs_of(tmp_path)[0] / "steps" / "step-2.json").stat().st_mtime_ns == before


def test_resuming_a_completed_run_says_so(pipekit: Command) -> None:
    pipekit("run", str(MEETING))
    done = pipekit("resume", "last")
    assert done.returncode == 0
    assert "completed" in done.stdout + done.stderr


def test_from_step_without_a_run_takes_the_newest_and_keeps_what_it_replaces(pipekit: Command, tmp_path: Path) -> None:
    pipekit("run", str(MEETING))
    done = pipekit("run", "--from-step", "7")
    assert done.returncode == 0, done.stderr
    assert list(runs_of(tmp_path)[0].glob("history/**/step-7.json"))


def test_from_step_with_an_input_is_a_usage_error(pipekit: Command) -> None:
    assert pipekit("run", str(MEETING), "--from-step", "4").returncode == 2


def test_from_step_before_unfinished_steps_is_refused(pipekit: Command, tmp_path: Path) -> None:
    pipekit("run", str(MEETING), "--until", "2")
    done = pipekit("resume", "last", "--from-step", "5")
    assert done.returncode == 2
    assert "is not finished" in done.stderr
    run = runs_of(tmp_path)[0].name
    assert done.stderr.rstrip().endswith(f"pipekit resume {run} --from-step map-dependencies")


def test_several_inputs_run_one_after_the_other_and_one_may_fail(pipekit: Command, tmp_path: Path) -> None:
    done = pipekit("run", str(MEETING), "missing.txt", str(MEETING))
    assert done.returncode == 11
    assert "missing.txt" in done.stderr
    assert len(runs_of(tmp_path)) == 2


def test_a_dry_run_writes_nothing(pipekit: Command, tmp_path: Path) -> None:
    done = pipekit("run", str(MEETING), "--dry-run")
    assert done.returncode == 0
    assert "score-confidence" in done.stdout
    assert not (tmp_path / ".pipeline").exists()


def test_a_dry_run_of_several_inputs_is_one_document_that_covers_each(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("Ada: We need a map.\n")
    done = pipekit("run", str(MEETING), "other.txt", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    plans = json.loads(done.stdout)["plans"]
    assert [plan["input"] for plan in plans] == [str(MEETING), "other.txt"]
    assert all("score-confidence" in [step["name"] for step in plan["steps"]] for plan in plans)

    done = pipekit("run", "missing.txt", "other.txt", "--dry-run", "--json")
    assert done.returncode == 4
    document = json.loads(done.stdout)
    assert "missing.txt" in document["error"]["message"] + str(document["error"])
    first, second = document["plans"]
    assert (first["input"], first["error"]["code"]) == ("missing.txt", 4)
    assert second["steps"]
    assert not (tmp_path / ".pipeline").exists()


def test_a_dry_run_of_one_input_is_its_plan(pipekit: Command) -> None:
    document = json.loads(pipekit("run", str(MEETING), "--dry-run", "--json").stdout)
    assert document == json.loads(pipekit("plan", str(MEETING), "--json").stdout)
    assert "steps" in document


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of the system's stands for a full disk")
def test_a_first_configuration_is_written_whole_or_not_at_all(tmp_path: Path, environ: dict[str, str]) -> None:
    import resource

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run(
        [sys.executable, "-m", "pipekit", "config", "init"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        preexec_fn=full,
    )
    assert done.returncode == 10
    assert "can't be written" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_item_shows_its_failed_checks_first(pipekit: Command) -> None:
    pipekit("run", str(MEETING))
    done = pipekit("show", "last", "candidate-2")
    assert done.returncode == 0
    assert done.stdout.index("failed checks") < done.stdout.index("score-confidence")


def test_a_run_tells_how_much_of_its_findings_stands_in_the_meeting(pipekit: Command) -> None:
    done = pipekit("run", str(MEETING))
    assert " claims stand in the meeting word for word\n" in done.stdout
    assert " claims stand in the meeting word for word\n" in pipekit("show", "last").stdout
    figures = json.loads(pipekit("show", "last", "--json").stdout)["figures"]
    assert figures["evidenceCoverage"]["share"] == 1.0
    assert figures["evidenceCoverage"]["claims"] == figures["evidenceCoverage"]["exact"] > 5


def test_a_place_in_the_meeting_takes_one_line(pipekit: Command) -> None:
    pipekit("run", str(MEETING))
    shown = pipekit("show", "last", "candidate-4").stdout
    assert "    - “We should port the scanner app to the same framework as the guide.”, Idris, 18, at 2:20\n" in shown
    assert "fromChar" not in shown
    assert "fromChar" in pipekit("show", "last", "candidate-4", "--json").stdout


def test_outputs_can_be_written_again(pipekit: Command, tmp_path: Path) -> None:
    pipekit("run", str(MEETING))
    summary = runs_of(tmp_path)[0] / "output" / "summary.md"
    text = summary.read_text()
    summary.unlink()
    done = pipekit("format", "last")
    assert done.returncode == 0, done.stderr
    assert summary.read_text() == text


def test_a_first_configuration_is_written_once(pipekit: Command, tmp_path: Path) -> None:
    assert pipekit("config", "init").returncode == 0
    text = (tmp_path / "pipekit.yaml").read_text()
    assert pipekit("config", "init").returncode != 0
    assert (tmp_path / "pipekit.yaml").read_text() == text
    assert pipekit("plan").returncode == 0


def test_the_configuration_of_the_specification_needs_its_plugins_before_anything_is_written(
    pipekit: Command, tmp_path: Path
) -> None:
    config = "specified.yaml"  # a copy: its output folder is relative to it
    (tmp_path / config).write_text((ROOT / "tests" / "data" / "config" / "pipeline-config.yaml").read_text())
    refused = pipekit("run", str(MEETING), "--config", config)
    done = pipekit(
        "run", str(MEETING), "--config", config, "--model", "offline", "--set", f"store=file:{tmp_path}/runs"
    )

    assert refused.returncode == 9
    assert "pip install . ./plugins/pipekit-ollama" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("output/run-*/summary.md"))


BAD_INPUTS: dict[str, tuple[bytes | None, str]] = {
    "empty.txt": (b"", "empty"),
    "blank.txt": (b" \n\t\n", "empty"),
    "picture.txt": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "picture"),
    "zeros.txt": (b"hello\x00\x01\x02there" * 20, "binary"),
    "broken.json": (b'[{"sentence": "a",', "broken JSON"),
    "other.json": (b'{"a": 1}', "holds no list of entries"),
    "none.vtt": (b"WEBVTT\n\nnothing here\n", "no readable cue"),
}


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_bad_input_gets_one_clear_message_and_leaves_nothing(pipekit: Command, tmp_path: Path, name: str) -> None:
    content, said = BAD_INPUTS[name]
    assert content is not None
    (tmp_path / name).write_bytes(content)
    done = pipekit("run", name)
    assert done.returncode == 4, done.stderr
    assert done.stderr.splitlines()[0].count(name) == 1
    assert said in done.stderr
    assert not (tmp_path / ".pipeline").exists()


def test_a_folder_a_missing_file_and_one_that_is_too_large_are_refused(pipekit: Command, tmp_path: Path) -> None:
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(51_000_000)
    for name, said in (("home", "folder"), ("nowhere.txt", "no such file"), ("large.txt", "too large")):
        (tmp_path / "home").mkdir(exist_ok=True)
        done = pipekit("run", name)
        assert done.returncode == 4, done.stderr
        assert f"error: {name}: " in done.stderr
        assert done.stderr.splitlines()[0].count(name) == 1
        assert said in done.stderr


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1", "utf-8-sig"])
def test_other_encodings_are_read_right(pipekit: Command, tmp_path: Path, encoding: str) -> None:
    text = "Zoë: As a reader I want to search by author so that I find books in the café.\n"
    (tmp_path / "notes.txt").write_bytes(text.encode(encoding))
    done = pipekit("run", "notes.txt", "--json")
    assert done.returncode == 0, done.stderr
    step = next(iter(runs_of(tmp_path))) / "steps" / "step-2.json"
    candidate = json.loads(step.read_text())["candidates"][0]
    assert candidate["mentionedBy"] == ["Zoë"]
    assert "café" in candidate["rawContext"]


@pytest.mark.parametrize("run", ["../x", "/abs", "", "run with blanks", "a\nb"])
def test_what_is_no_run_id_is_a_usage_error(pipekit: Command, run: str) -> None:
    pipekit("run", str(MEETING), "--until", "1")
    assert pipekit("show", run).returncode == 2


@pytest.mark.parametrize("argv", [["show"], ["resume"], ["format"], ["repair"], ["diff"], ["diff", "last"], ["config"]])
def test_a_command_without_what_it_needs_is_a_usage_error_that_names_it(pipekit: Command, argv: list[str]) -> None:
    done = pipekit(*argv)
    assert done.returncode == 2
    assert "a bug in" not in done.stderr
    assert "--help" in done.stderr or "Commands" in done.stderr + done.stdout


def test_an_unknown_run_has_its_own_code(pipekit: Command) -> None:
    assert pipekit("show", "run-20200101-000000-abcdef").returncode == 12


def test_an_unknown_step_gets_a_suggestion(pipekit: Command) -> None:
    done = pipekit("run", str(MEETING), "--skip", "enrich-contxt")
    assert done.returncode == 2
    assert "did you mean enrich-context?" in done.stderr


def damaged(run: Path, what: str) -> None:
    step = run / "steps" / "step-2.json"
    if what == "flipped":
        data = bytearray(step.read_bytes())
        data[len(data) // 2] ^= 1
        step.write_bytes(bytes(data))
    elif what == "missing":
        step.unlink()
    else:
        record: dict[str, Any] = json.loads((run / "state.json").read_text())
        lines = (run / "journal.jsonl").read_text().splitlines()
        header = json.loads(lines[0])
        header["schema"] = header["record"]["schema"] = 99
        (run / "journal.jsonl").write_text("\n".join([json.dumps(header), *lines[1:]]) + "\n")
        (run / "state.json").write_text(json.dumps({**record, "schema": 99}))


@pytest.mark.parametrize("what", ["flipped", "missing", "newer"])
def test_damage_is_told_with_the_file_and_nothing_is_overwritten(pipekit: Command, tmp_path: Path, what: str) -> None:
    pipekit("run", str(MEETING), "--until", "4")
    run = runs_of(tmp_path)[0]
    damaged(run, what)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != "lock"}

    done = pipekit("resume", run.name)

    assert done.returncode == 7, done.stderr
    kept = {path: path.read_bytes() for path in before if path.exists()}
    if what != "newer":
        assert "step-2.json" in done.stderr
        assert "--from-step" in done.stderr
        del before[run / "journal.jsonl"], kept[run / "journal.jsonl"]  # the new owner signs it
        before.pop(run / "state.json")
        kept.pop(run / "state.json")
    assert kept == before
    assert pipekit("list").returncode == 0


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in itertools.pairwise("abcdefgh")
)
CONFIG_FAULTS = {
    "broken: [": ("pipekit.yaml:1:10: a bracket is opened and not closed", "close the bracket"),
    "llm: {modle: x}\n": ("pipekit.yaml:1:7: there is no setting llm.modle", "did you mean model?"),
    "steps:\n  step3:\n    enabled: 'false'\n": (
        "pipekit.yaml:3:14: steps.step3.enabled must be true or false",
        "write",
    ),
    "run: {concurrency: '5'}\n": ("pipekit.yaml:1:20: run.concurrency must be a whole number", "quotes"),
    "llm: {}\nllm: {}\n": ("pipekit.yaml:2:1: llm is given twice", "keep one"),
    "llm: !!python/object:os.system {}\n": ("pipekit.yaml:1:6: the tag !!python/object:os.system", "remove the tag"),
    BOMB: ("pipekit.yaml:1:32: grows to more than 20,000 values", "repeat less through aliases"),
    "workflow: backlogg\n": ("pipekit.yaml:1:11: there is no workflow 'backlogg'", "did you mean backlog?"),
}


@pytest.mark.parametrize("text", CONFIG_FAULTS)
def test_a_faulty_configuration_is_told_with_its_place(pipekit: Command, tmp_path: Path, text: str) -> None:
    (tmp_path / "pipekit.yaml").write_text(text)
    done = pipekit("run", str(MEETING))
    assert done.returncode == 3, done.stderr
    for said in CONFIG_FAULTS[text]:
        assert said in done.stderr
    assert not (tmp_path / ".pipeline").exists()


def test_a_folder_that_may_not_be_written_is_told(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / ".pipeline").write_text("a file where the store's folder should be")
    done = pipekit("run", str(MEETING))
    assert done.returncode == 10, done.stderr
    assert ".pipeline" in done.stderr


SLOW = """
import time
from pipekit import step

@step(after="detect-event", before="extract-candidates")
def wait_long() -> int:
    time.sleep(20)
    return 1
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_by_signal_leaves_a_paused_run(
    pipekit: Command, tmp_path: Path, environ: dict[str, str], number: signal.Signals, code: int
) -> None:
    (tmp_path / "steps.py").write_text(SLOW)
    (tmp_path / "pipekit.yaml").write_text("plugins: {local: [steps.py]}\n")
    environ = {**environ, "PIPEKIT_PLUGINS_OFF": ""}
    assert pipekit("trust", "--yes", PIPEKIT_PLUGINS_OFF="").returncode == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "pipekit", "run", str(MEETING)],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        deadline = time.monotonic() + 30
        while "detect-event" not in process.stderr.readline():
            assert time.monotonic() < deadline
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == code, errors
    assert "pipekit resume" in errors
    record = json.loads((runs_of(tmp_path)[0] / "state.json").read_text())
    assert (record["status"], record["pausedReason"]) == ("paused", "signal")


def test_a_killed_run_shows_as_interrupted_and_resumes(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(SLOW.replace("time.sleep(20)", "__import__('os')._exit(9)"))
    (tmp_path / "pipekit.yaml").write_text("plugins: {local: [steps.py]}\n")
    assert pipekit("trust", "--yes", PIPEKIT_PLUGINS_OFF="").returncode == 0
    assert pipekit("run", str(MEETING), PIPEKIT_PLUGINS_OFF="").returncode == 9

    listed = json.loads(pipekit("list", "--json").stdout)
    (tmp_path / "steps.py").write_text(SLOW.replace("time.sleep(20)", "pass"))
    assert pipekit("trust", "--yes", PIPEKIT_PLUGINS_OFF="").returncode == 0
    done = pipekit("resume", "last", PIPEKIT_PLUGINS_OFF="")

    assert listed["runs"][0]["status"] == "interrupted"
    assert done.returncode == 0, done.stderr


def test_what_a_step_prints_never_reaches_the_json(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(SLOW.replace("time.sleep(20)", "print('noise')"))
    (tmp_path / "pipekit.yaml").write_text("plugins: {local: [steps.py]}\n")
    assert pipekit("trust", "--yes", PIPEKIT_PLUGINS_OFF="").returncode == 0
    done = pipekit("run", str(MEETING), "--json", PIPEKIT_PLUGINS_OFF="")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "completed"
    assert "noise" in done.stderr
