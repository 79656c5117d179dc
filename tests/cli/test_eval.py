"""``pipekit eval``: runs held against gold files, models side by side, and nothing paid for twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

MEETINGS = Path(__file__).parents[1] / "data" / "meetings"

STEPS = '''
import os, time

from attrs import frozen

from pipekit import LLM, Workflow, hookimpl, step
from pipekit.interfaces import Metric, Score, Share

pipekit_api = 1


@frozen
class Verdict:
    """A verdict."""

    good: bool


@frozen(kw_only=True)
class Gold:
    good: bool


class Scorer:
    gold_type = Gold
    metrics = (Metric(name="verdicts.right", title="right", text="verdicts that are right"),)

    def check(self, gold):
        return ()

    def score(self, run, gold):
        right = run.artifact("judge", Verdict).good == gold.good
        notes = () if right else (f"wrong: {run.original.decode()}",)
        return Score(shares={"verdicts.right": Share(right, 1)}, notes=notes)


@step
async def judge(text: str, llm: LLM) -> Verdict:
    """Say whether a text is good."""
    return await llm.ask("judge", returns=Verdict, text=text)


@step
def look(judge: Verdict, text: str) -> bool:
    if os.environ.get("WAIT") and "bad" in text:
        open("waiting", "w").close()
        time.sleep(60)
    return judge.good


@hookimpl
def pipekit_workflows():
    return [Workflow(name="judging", input="text", input_type=str, steps=[judge, look], scorer=Scorer)]


def provider():
    from pipekit.interfaces import ModelInfo, ProviderFailure
    from pipekit.testing import ScriptedProvider
    from pipekit.testing.fakes import ScriptedError

    def said(good):
        def answer(messages):
            with open("paid.txt", "a") as file:
                file.write(f"{messages[-1].content.split()[0]} {good}\\n")
            return '{"good": %s}' % str(good).lower()
        return answer

    locked = ScriptedError(ProviderFailure(kind="auth", message="no"))
    info = ModelInfo(name="m", window=8000, input_price=1.0, output_price=1.0)
    return ScriptedProvider(info=info, yes=[said(True)], no=[said(False)], locked=[locked])


@hookimpl
def pipekit_llm_providers():
    return {"fake": provider}
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(STEPS)
    for folder, word in (("prompts", "Judge"), ("new", "Weigh")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "judge.md").write_text(f"{word} {{{{ text }}}}\n")
    (tmp_path / "pipekit.yaml").write_text("workflow: judging\nplugins: {local: [steps.py]}\nllm: {model: fake/yes}\n")
    (tmp_path / "texts").mkdir()
    for name, good in (("bad", "false"), ("fine", "true"), ("good", "true")):
        (tmp_path / "texts" / f"{name}.txt").write_text(f"a {name} text\n")
        (tmp_path / "texts" / f"{name}.gold.yaml").write_text(f"file: {name}.txt\ngood: {good}\n")
    return tmp_path


def judged(pipekit: Command, *argv: str, **more: str) -> subprocess.CompletedProcess[str]:
    return pipekit("eval", "texts", *argv, "--trust", **{"PIPEKIT_PLUGINS_OFF": "0", **more})


def paid(project: Path) -> list[str]:
    file = project / "paid.txt"
    return file.read_text().splitlines() if file.exists() else []


# --- the built-in workflow -------------------------------------------------------------------------------------------


def test_meetings_are_measured_printed_and_written(pipekit: Command, tmp_path: Path) -> None:
    for file in MEETINGS.glob("vet-*"):
        shutil.copy(file, tmp_path)
    done = pipekit("eval", ".", "--min", "quotes.verbatim=1", "--max", "seconds=600")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^vet-standup +1\.00", done.stdout, re.MULTILINE)
    assert re.search(r"^candidates\.f1 +\d\.\d\d +\d+ of \d+", done.stdout, re.MULTILINE)
    files = sorted(path.suffix for path in (tmp_path / ".pipekit-eval").glob(f"{tmp_path.name}.*"))
    assert files == [".html", ".json", ".md"]
    assert not (tmp_path / ".pipeline").exists()


def test_json_is_one_document_with_the_files(pipekit: Command, tmp_path: Path) -> None:
    for file in MEETINGS.glob("vet-*"):
        shutil.copy(file, tmp_path)
    done = pipekit("eval", ".", "--json", "--output", "report")
    document = json.loads(done.stdout)
    (variant,) = document["variants"]
    assert variant["name"] == "offline"
    assert [one["name"] for one in variant["inputs"]] == ["vet-standup"]
    assert all((tmp_path / file).is_file() for file in document["files"])
    assert {Path(file).parent.name for file in document["files"]} == {"report"}


def test_a_metric_that_is_unknown_is_told_before_anything_runs(pipekit: Command, tmp_path: Path) -> None:
    for file in MEETINGS.glob("vet-*"):
        shutil.copy(file, tmp_path)
    done = pipekit("eval", ".", "--min", "candidates.f=0.8")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].strip() == "did you mean candidates.f1?"
    assert not (tmp_path / ".pipekit-eval").exists()


def test_all_faults_of_gold_files_are_told_before_anything_runs(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "a.gold.yaml").write_text("file: a.txt\neventType: standups\ncandidates: []\n")
    (tmp_path / "b.gold.yaml").write_text("eventType: standup\n")
    done = pipekit("eval", ".")
    assert done.returncode == 4
    told = [line.strip() for line in done.stderr.splitlines() if ".gold.yaml:" in line]
    assert [line.partition(": ")[0] for line in told] == [
        "a.gold.yaml:1:7",
        "a.gold.yaml:2:12",
        "b.gold.yaml:1:1",
        "b.gold.yaml:1:1",
    ]
    assert not (tmp_path / ".pipekit-eval").exists()


# --- a stranger's workflow, with models ------------------------------------------------------------------------------


def test_models_stand_side_by_side_with_cost_and_tokens(pipekit: Command, project: Path) -> None:
    done = judged(pipekit, "--model", "fake/yes", "--model", "fake/no", "--json")
    assert done.returncode == 0, done.stderr
    yes, no = json.loads(done.stdout)["variants"]
    assert (yes["name"], no["name"]) == ("fake/yes", "fake/no")
    assert yes["overall"]["verdicts.right"] == pytest.approx(2 / 3)
    assert no["overall"]["verdicts.right"] == pytest.approx(1 / 3)
    assert yes["overall"]["tokens"] > 0
    assert yes["overall"]["cost"] > 0
    assert yes["inputs"][0]["notes"] == ["wrong: a bad text\n"]
    assert yes["inputs"][0]["file"] == "texts/bad.txt"


def test_prompts_stand_side_by_side_too(pipekit: Command, project: Path) -> None:
    done = judged(pipekit, "--prompts", "prompts", "--prompts", "new", "--json")
    assert done.returncode == 0, done.stderr
    assert [one["name"] for one in json.loads(done.stdout)["variants"]] == ["fake/yes, prompts", "fake/yes, new"]
    assert paid(project) == ["Judge True"] * 3 + ["Weigh True"] * 3
    missing = judged(pipekit, "--prompts", "nowhere")
    assert missing.returncode == 2
    assert "--prompts names no folder: nowhere" in missing.stderr


def test_a_second_evaluation_pays_for_nothing_and_says_the_same(pipekit: Command, project: Path) -> None:
    first = judged(pipekit, "--model", "fake/yes", "--model", "fake/no", "--json")
    assert len(paid(project)) == 6
    again = judged(pipekit, "--model", "fake/no", "--model", "fake/yes", "--json")
    assert len(paid(project)) == 6
    before, now = json.loads(first.stdout)["variants"], json.loads(again.stdout)["variants"]
    assert now == before[::-1]
    assert "good: kept" in judged(pipekit, "--model", "fake/no").stderr


def test_a_prompt_that_changed_is_asked_anew_and_the_earlier_run_stays(pipekit: Command, project: Path) -> None:
    first = json.loads(judged(pipekit, "--json").stdout)
    prompt = project / "prompts" / "judge.md"
    before = prompt.read_text()
    prompt.write_text("Ponder {{ text }}\n")
    judged(pipekit)
    assert paid(project)[3:] == ["Ponder True"] * 3
    prompt.write_text(before)
    assert json.loads(judged(pipekit, "--json").stdout) == first
    assert len(paid(project)) == 6


def test_a_new_input_is_paid_for_alone(pipekit: Command, project: Path) -> None:
    judged(pipekit)
    (project / "texts" / "more.txt").write_text("another text")
    (project / "texts" / "more.gold.yaml").write_text("file: more.txt\ngood: true\n")
    judged(pipekit)
    assert len(paid(project)) == 4


def test_what_is_below_ends_with_11_and_everything_is_written_all_the_same(pipekit: Command, project: Path) -> None:
    done = judged(pipekit, "--model", "fake/yes", "--model", "fake/no", "--min", "verdicts.right=0.5")
    assert done.returncode == 11
    assert done.stderr.splitlines()[-2] == "error: fake/no: verdicts.right is 0.333, below 0.5"
    assert re.search(r"^verdicts\.right +0\.67 +0\.33", done.stdout, re.MULTILINE)
    document = json.loads((project / ".pipekit-eval" / "texts.json").read_text())
    assert [one["variant"] for one in document["broken"]] == ["fake/no"]
    error = json.loads(judged(pipekit, "--max", "cost=0", "--json").stdout)["error"]
    assert (error["code"], error["kind"]) == (11, "above-maximum")


def test_a_run_that_fails_stops_no_other_and_ends_with_11(pipekit: Command, project: Path) -> None:
    done = judged(pipekit, "--model", "fake/locked", "--model", "fake/yes", "--json")
    assert done.returncode == 11
    document = json.loads(done.stdout)
    locked, yes = document["variants"]
    assert [one["error"]["kind"] for one in locked["inputs"]] == ["auth"] * 3
    assert locked["overall"]["verdicts.right"] is None
    assert yes["overall"]["verdicts.right"] == pytest.approx(2 / 3)
    assert document["error"]["message"] == "3 of 6 runs have no score"
    told = judged(pipekit, "--model", "fake/locked")
    resumes = [line for line in told.stderr.splitlines() if "pipekit resume" in line]
    assert all("--set store=file:.pipekit-eval/runs" in line for line in resumes)


def test_a_signal_stops_and_the_same_command_goes_on(pipekit: Command, project: Path, environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pipekit", "eval", "texts", "--trust"]
    # In order of the names: the first text waits after its model was asked.
    process = subprocess.Popen(
        command,
        cwd=project,
        env={**environ, "PIPEKIT_PLUGINS_OFF": "0", "WAIT": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(project / "waiting", process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=50)
    assert process.returncode == 130
    assert "error: stopped after 0 of 3 runs" in err
    assert "pipekit eval --trust texts" in err.splitlines()[-1]
    assert judged(pipekit).returncode == 0
    assert len(paid(project)) == 3


def test_a_kill_loses_nothing_that_was_paid_for(pipekit: Command, project: Path, environ: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pipekit", "eval", "texts", "--trust"],
        cwd=project,
        env={**environ, "PIPEKIT_PLUGINS_OFF": "0", "WAIT": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(project / "waiting", process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert judged(pipekit).returncode == 0
    assert len(paid(project)) == 3


def wait_for(file: Path, process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while not file.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_workflow_without_a_scorer_says_so(pipekit: Command, project: Path) -> None:
    steps = project / "steps.py"
    steps.write_text(steps.read_text().replace(", scorer=Scorer", ""))
    done = judged(pipekit)
    assert done.returncode == 2
    assert "the workflow judging brings no scorer" in done.stderr


def test_a_scorer_that_raises_is_told_as_its_plugins(pipekit: Command, project: Path) -> None:
    steps = project / "steps.py"
    steps.write_text(steps.read_text().replace("notes = ()", "raise LookupError('oops')"))
    done = judged(pipekit, "--json")
    assert done.returncode == 11
    errors = [one["error"] for one in json.loads(done.stdout)["variants"][0]["inputs"]]
    assert {(error["code"], error["plugin"]) for error in errors} == {(9, "steps")}


def test_a_folder_that_takes_no_reports_is_told_before_anything_is_paid_for(pipekit: Command, project: Path) -> None:
    done = judged(pipekit, "--output", "pipekit.yaml")
    assert done.returncode == 10
    assert "no reports can be written to pipekit.yaml" in done.stderr
    assert paid(project) == []


def test_runs_may_be_kept_in_another_store(pipekit: Command, project: Path) -> None:
    judged(pipekit, "--set", "store=file:elsewhere")
    assert len(list((project / "elsewhere").glob("run-*"))) == 3
    assert not (project / ".pipekit-eval" / "runs").exists()


def test_outputs_are_copied_nowhere(pipekit: Command, project: Path) -> None:
    with (project / "pipekit.yaml").open("a") as file:
        file.write("output: {dir: out}\n")
    assert judged(pipekit).returncode == 0
    assert not (project / "out").exists()
