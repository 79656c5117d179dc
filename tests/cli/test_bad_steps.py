"""Steps that return junk or upset the process they run in: told or contained, and nothing finished is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

STEPS = """
import locale, os, subprocess, sys, threading, time
from pathlib import Path
from typing import Any
from pipekit import Workflow, hookimpl, step

pipekit_api = 1
HERE = Path(__file__).parent
DO = os.environ.get("DO", "")


def mark(text: str) -> None:
    with open(HERE / "marks.txt", "a") as file:
        file.write(text + "\\n")


def circle() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


JUNK = {"cyclic": circle, "infinite": lambda: {"a": {"b": [1.0, float("inf")]}}}


def upset() -> None:
    if DO == "everything":
        (HERE / "elsewhere").mkdir()
        os.chdir(HERE / "elsewhere")
        os.environ.clear()
        os.environ["PIPEKIT_STORE"] = "file:somewhere-else"
        locale.setlocale(locale.LC_ALL, "C")
        sys.setrecursionlimit(200)
        threading.Thread(target=time.sleep, args=(300,), daemon=False).start()
        print("printed")
        sys.__stdout__.write("past us")
        sys.__stdout__.flush()
        os.write(1, b"to the descriptor")
        subprocess.run([sys.executable, "-c", "print('by a child')"])
    elif DO == "no cwd":
        (HERE / "gone").mkdir()
        os.chdir(HERE / "gone")
        (HERE / "gone").rmdir()
    elif DO == "thread and error":
        threading.Thread(target=time.sleep, args=(300,), daemon=False).start()
        raise KeyError("nothing there")
    elif DO == "closes":
        sys.stdout.close()
    elif DO == "ends streams":
        sys.stdout = sys.stderr = None


@step
def first(text: str) -> str:
    mark("first")
    return text


@step
def second(first: str) -> Any:
    upset()
    return JUNK[DO]() if DO in JUNK else len(first)


@step
def third(second: Any) -> str:
    return f"{second}"


@hookimpl
def pipekit_workflows():
    return [Workflow(name="w", input="text", input_type=str, steps=[first, second, third])]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "pipekit.yaml").write_text("workflow: w\nplugins: {local: [steps.py]}\n")
    (tmp_path / "words.txt").write_text("iron lead feather\n")
    return tmp_path


@pytest.fixture
def go(pipekit: Command, project: Path) -> Command:
    """Run or resume in the project, its own steps trusted."""

    def command(*argv: str, **more: str) -> subprocess.CompletedProcess[str]:
        return pipekit(*argv, "--trust", PIPEKIT_PLUGINS_OFF="", **more)

    return command


@pytest.mark.parametrize(
    ("junk", "said"),
    [("cyclic", "refers to itself"), ("infinite", "$.a.b[1]: inf is not JSON")],
)
def test_what_is_no_json_is_refused_with_its_place_and_the_run_goes_on_later(
    go: Command, project: Path, junk: str, said: str
) -> None:
    done = go("run", "words.txt", "--json", DO=junk)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["kind"], error["step"]) == (9, "junk", "second"), done.stderr
    assert said in error["message"]
    assert go("resume", "last").returncode == 0
    assert (project / "marks.txt").read_text().split() == ["first"]


@pytest.mark.parametrize("what", ["everything", "no cwd", "closes", "ends streams"])
def test_what_a_step_does_to_its_process_hurts_neither_the_run_nor_the_answer(
    go: Command, project: Path, what: str
) -> None:
    done = go("run", "words.txt", "--json", DO=what)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "completed"
    (run,) = (project / ".pipeline").glob("run-*")
    assert json.loads((run / "state.json").read_text())["status"] == "completed"
    assert json.loads((run / "steps" / "step-third.json").read_text()) == "18"


def test_an_error_is_answered_whole_though_a_thread_of_the_step_goes_on(go: Command) -> None:
    done = go("run", "words.txt", "--json", DO="thread and error")
    assert done.returncode == 9, done.stderr
    assert json.loads(done.stdout)["error"]["kind"] == "step-raised"


def test_a_step_file_of_another_run_is_no_step_file_of_this_one(go: Command, project: Path) -> None:
    assert go("run", "words.txt").returncode == 0
    (project / "words.txt").write_text("clay\n")
    assert go("run", "words.txt", "--until", "second").returncode == 0
    other, run = sorted((project / ".pipeline").glob("run-*"))
    shutil.copy(other / "steps" / "step-second.json", run / "steps" / "step-second.json")
    done = go("resume", "last", "--json")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 7
    assert error["file"].endswith("step-second.json")
    assert error["expected"] != error["found"]
    assert "--from-step second" in error["hint"]
    assert not (run / "steps" / "step-third.json").exists() or (run / "steps" / "step-third.json").stat().st_size == 0
