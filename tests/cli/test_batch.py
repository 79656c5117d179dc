"""Several inputs in one call: what fails stays alone, what is done is told, and nothing is paid for twice."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from pipekit.cli import batch
from pipekit.cli.batch import run_batch
from pipekit.cli.exits import AnsweredError, StopRequestedError
from pipekit.cli.running import Stopper
from pipekit.errors import BatchError, InputError, RunPausedError, StepError

Command = Callable[..., subprocess.CompletedProcess[str]]

STEPS = """
from pipekit import Workflow, hookimpl, step
pipekit_api = 1

@step
def measure(text: str) -> int:
    if "fail" in text:
        raise RuntimeError("no measure")
    return len(text)

@hookimpl
def pipekit_workflows():
    return [Workflow(name="words", input="text", input_type=str, steps=[measure])]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where reports of crashes go."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def ended(inputs: list[str], run_one: batch.RunOne) -> AnsweredError:
    with pytest.raises(AnsweredError) as caught:
        run_batch(inputs, run_one)
    return caught.value


def test_the_way_on_resumes_runs_that_exist_and_runs_again_only_what_has_none(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "pipekit.yaml").write_text("workflow: words\nplugins: {local: [steps.py]}\n")
    (tmp_path / "bad one.txt").write_text("fail")
    (tmp_path / "good.txt").write_text("fine")

    done = pipekit(
        "run", "bad one.txt", "no such.txt", "good.txt", "--trust", "--until", "measure", PIPEKIT_PLUGINS_OFF=""
    )

    assert done.returncode == 11
    states = [json.loads(path.read_text()) for path in tmp_path.glob(".pipeline/run-*/state.json")]
    failed = next(state["runId"] for state in states if state["status"] == "failed")
    lines = [line.strip() for line in done.stderr.splitlines()]
    assert f"pipekit resume {failed} --trust" in lines
    again = next(line for line in lines if line.startswith("pipekit run "))
    assert sorted(shlex.split(again)) == sorted(["pipekit", "run", "--trust", "--until", "measure", "no such.txt"])


def test_a_run_that_asks_something_goes_on_with_an_answer() -> None:
    def ask(name: str, stopper: Stopper) -> dict[str, Any]:
        raise RunPausedError("asks", run_id="run-1", hint="answer, and go on: pipekit resume run-1 --answer a/b=VALUE")

    error = ended(["one", "two"], ask).error
    assert error.hint.splitlines()[1:] == ["pipekit resume run-1 --answer a/b=VALUE"] * 2


@pytest.mark.parametrize("raised", [ZeroDivisionError("a mistake of ours"), SystemExit(3), InputError("unreadable")])
def test_whatever_is_wrong_with_one_input_the_others_are_run(home: Path, raised: BaseException) -> None:
    reached = []

    def one(name: str, stopper: Stopper) -> dict[str, Any]:
        reached.append(name)
        if name == "bad":
            raise raised
        return {"runId": f"run-{name}"}

    end = ended(["a", "bad", "b"], one)

    assert reached == ["a", "bad", "b"]
    assert isinstance(end.error, BatchError)
    assert end.error.code == 11
    documents: Any = end.document["runs"]
    assert [document["input"] for document in documents] == ["a", "bad", "b"]
    assert "error" in documents[1]


def test_a_reader_who_has_gone_ends_the_batch() -> None:
    def one(name: str, stopper: Stopper) -> dict[str, Any]:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run_batch(["a", "b"], one)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_a_signal_between_two_runs_ends_the_batch_with_the_answers_so_far() -> None:
    def one(name: str, stopper: Stopper) -> dict[str, Any]:
        interrupt()  # after the run has come to rest, before its answer is put together
        return {"runId": f"run-{name}"}

    end = ended(["a", "b 2", "c"], one)

    assert end.error.code == 130
    assert end.document["runs"] == [{"input": "a", "runId": "run-a"}]
    assert end.error.hint == "run those that are left: pipekit run 'b 2' c"


def test_a_signal_while_standard_input_is_awaited_ends_the_wait() -> None:
    def one(name: str, stopper: Stopper) -> dict[str, Any]:
        if name == "-":
            with stopper.interruptible():
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
                threading.Event().wait(20)
        return {"runId": name}

    end = ended(["a", "-"], one)

    assert end.error.code == 143
    assert end.document["runs"] == [{"input": "a", "runId": "a"}]


def test_a_signal_that_came_before_a_run_stops_the_run() -> None:
    class Stream:
        stopped = False

        def stop(self) -> None:
            self.stopped = True

    stream: Any = Stream()
    with Stopper(in_turn=True) as stopper:
        interrupt()
        with stopper.guarding(stream), pytest.raises(StopRequestedError), stopper.interruptible():
            pass
    assert stream.stopped


def test_a_stop_within_a_run_names_its_resume_and_what_is_left(pipekit: Command, tmp_path: Path) -> None:
    def one(name: str, stopper: Stopper) -> dict[str, Any]:
        from pipekit.errors import RunStoppedError

        raise RunStoppedError("paused", run_id="run-1", hint="go on with: pipekit resume run-1")

    hint = ended(["a", "-b"], one).error.hint
    assert hint.splitlines() == [
        "go on with: pipekit resume run-1",
        "run those that are left: pipekit run -- -b",
    ]


def test_options_of_the_call_are_repeated_as_they_were_given() -> None:
    @click.command()
    @click.argument("inputs", nargs=-1)
    @click.option("--model")
    @click.option("--skip", multiple=True)
    @click.option("--trust", is_flag=True)
    @click.option("--profile", default="x")
    def command(inputs: tuple[str, ...], **_: Any) -> None:
        def fail(name: str, stopper: Stopper) -> dict[str, Any]:
            raise StepError("no")

        run_batch(inputs, fail)

    with pytest.raises(AnsweredError) as caught:
        command.main(["--model", "a b", "--skip", "2", "--skip", "3", "--trust", "x", "y"], standalone_mode=False)
    again = caught.value.error.hint.splitlines()[-1]
    assert shlex.split(again) == [
        *("pipekit", "run", "--model", "a b", "--skip", "2", "--skip", "3", "--trust", "x", "y")
    ]


SIDE_BY_SIDE = """
import threading, time
from pathlib import Path
from pipekit import Workflow, hookimpl, step
pipekit_api = 1
met = threading.Barrier(3, timeout=30)

@step
def meet(text: str) -> int:
    print("from a step")
    if "fail" in text:
        raise RuntimeError("no measure")
    if "meet" in text:
        met.wait()
    if "wait" in text:
        Path(text).touch()
        while not Path("go on").exists():
            time.sleep(0.02)
    return len(text)

@step
def last(meet: int) -> int:
    return meet + 1

@hookimpl
def pipekit_workflows():
    return [Workflow(name="words", input="text", input_type=str, steps=[meet, last])]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(SIDE_BY_SIDE)
    (tmp_path / "pipekit.yaml").write_text("workflow: words\nplugins: {local: [steps.py]}\n")
    return tmp_path


def test_with_jobs_runs_work_at_once_and_are_answered_in_the_order_of_the_inputs(
    pipekit: Command, project: Path
) -> None:
    for name in ("a", "b", "c"):
        (project / name).write_text(f"meet {name}")
    (project / "bad").write_text("fail")

    # Three of them wait for one another: run in turn, none would come to its end.
    done = pipekit("run", "a", "bad", "b", "none", "c", "--jobs", "4", "--trust", "--json", PIPEKIT_PLUGINS_OFF="")

    assert done.returncode == 11, done.stderr
    document = json.loads(done.stdout)
    assert [run["input"] for run in document["runs"]] == ["a", "bad", "b", "none", "c"]
    assert [run.get("status", run.get("error", {}).get("code")) for run in document["runs"]] == [
        *("completed", 9, "completed", 4, "completed")
    ]
    assert "from a step" in done.stderr


def test_people_see_what_begins_what_ends_and_what_goes_wrong(pipekit: Command, project: Path) -> None:
    for name in ("a", "b", "c"):
        (project / name).write_text(f"meet {name}")
    (project / "bad").write_text("fail")

    done = pipekit("run", "a", "b", "c", "bad", "--jobs", "3", "--trust", PIPEKIT_PLUGINS_OFF="")

    assert done.returncode == 11
    lines = done.stderr.splitlines()
    assert {f"input {number} of 4: {name}" for number, name in enumerate(["a", "b", "c", "bad"], 1)} <= set(lines)
    assert len([line for line in lines if ": completed, " in line]) == 3
    assert any(line.startswith("bad: ") for line in lines)
    assert any(line.startswith("error: ") and "no measure" in line for line in lines)
    assert done.stdout.count("completed: 2 steps") == 3


def test_a_signal_pauses_all_that_work_and_names_what_was_not_reached(environ: dict[str, str], project: Path) -> None:
    for name in ("one", "two"):
        (project / name).write_text(f"wait {name}")
    (project / "three").write_text("wait three")
    process = subprocess.Popen(
        [sys.executable, "-m", "pipekit", "run", "one", "two", "three", "--jobs", "2", "--trust"],
        cwd=project,
        env={**environ, "PIPEKIT_PLUGINS_OFF": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 40
    while not ((project / "wait one").exists() and (project / "wait two").exists()):
        assert time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    (project / "go on").touch()
    _, err = process.communicate(timeout=40)

    assert process.returncode == 130, err
    paused = [path.parent.name for path in project.glob(".pipeline/run-*/state.json")]
    assert len(paused) == 2
    assert all(f"pipekit resume {run}" in err for run in paused)
    assert "stopped in one, two; 1 of 3 inputs was not reached: three" in err
    assert "run those that are left: pipekit run --trust --jobs 2 three" in err
