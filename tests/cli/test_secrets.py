"""Canaries in every place where a secret may lie: no file of the project and no output ever holds one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

KEY, PASSWORD, HEADER, PEM_LINE = "canary-key-0815", "canary-pw-4711", "canary-header-42", "canaryPemLine99"
CANARIES = (KEY, PASSWORD, HEADER, PEM_LINE)
ENVIRON = {
    "ACME_API_KEY": KEY,
    "ACME_PRIVATE_KEY": f"-----BEGIN-----\n{PEM_LINE}\n-----END-----\n",
    "PIPEKIT_PLUGINS_OFF": "",
}
CONFIG = f"""
plugins: {{local: [steps.py]}}
workflow: words
steps: {{measure: {{onItemError: skip}}}}
llm:
  providers:
    acme:
      baseUrl: https://ada:{PASSWORD}@llm.example/v1
      headers: {{X-Acme: {HEADER}}}
"""
STEPS = """
import os
from pathlib import Path

from attrs import frozen

from pipekit import Each, Question, StepContext, Workflow, hookimpl, step

pipekit_api = 1


def secrets() -> str:
    config = Path("pipekit.yaml").read_text()
    return f"401 for key {os.environ['ACME_API_KEY']} of {os.environ['ACME_PRIVATE_KEY']!r}, {config}"


@frozen
class Word:
    id: str
    text: str


@step(provides="words")
def split(text: str) -> list[Word]:
    return [Word(f"w{index}", word) for index, word in enumerate(text.split())]


@step(provides="lengths", each="words")
async def measure(word: Word, ctx: StepContext) -> int:
    if word.text == "skip":
        raise RuntimeError(secrets())
    if word.text == "ask":
        return await ctx.answer("length", Question(text=f"how long? {secrets()}", returns=int, context=secrets()))
    return len(word.text)


@step
def report(lengths: Each[int], text: str) -> int:
    if "fail" in text:
        raise RuntimeError(secrets() + "\\n" + os.environ["ACME_PRIVATE_KEY"])
    return sum(lengths.values())


@hookimpl
def pipekit_event(event):
    raise SystemExit(secrets())


@hookimpl
def pipekit_workflows():
    return [Workflow(name="words", input="text", input_type=str, steps=[split, measure, report])]
"""


@pytest.fixture
def project(tmp_path: Path, pipekit: Command) -> Path:
    (tmp_path / "pipekit.yaml").write_text(CONFIG)
    (tmp_path / "steps.py").write_text(STEPS)
    for name, text in {"good": "one two", "bad": "one fail", "part": "one skip", "open": "one ask"}.items():
        (tmp_path / f"{name}.txt").write_text(text)
    assert pipekit("trust", "--yes", **ENVIRON).returncode == 0
    return tmp_path


def canaries_below(folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in ("pipekit.yaml", "steps.py")]
    found = [(path, one) for path in files for one in CANARIES if one.encode() in path.read_bytes()]
    return [f"{path.relative_to(folder)}: {one}" for path, one in found]


COMMANDS = {
    "run good.txt": 0,
    "run bad.txt part.txt open.txt": 11,
    "show last": 0,
    "run bad.txt --debug": 9,
    "show last --history": 0,
    "list": 0,
    "plan good.txt": 0,
    "config show": 0,
}


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["people", "json"])
def test_no_secret_is_written_or_shown(project: Path, more: list[str]) -> None:
    for command, code in COMMANDS.items():
        done = _call(project, *command.split(), *more)
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert [one for one in CANARIES if one in said] == [], command
        if more:
            assert isinstance(json.loads(done.stdout), dict)
    assert canaries_below(project) == []
    states = [json.loads(path.read_text()) for path in project.glob(".pipeline/run-*/state.json")]
    assert sum("401 for key ***" in (state["error"] or "") for state in states) == 2


def _call(folder: Path, *argv: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """The command with tracebacks allowed, as ``--debug`` gives them."""
    from_code = ["-c", code] if code else ["-m", "pipekit"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIPEKIT_", "LLM_"))}
    home = {
        name: str(folder / "home")
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "HOME")
    }
    return subprocess.run(
        [sys.executable, *from_code, *argv],
        cwd=folder,
        env={**kept, **home, **ENVIRON},
        capture_output=True,
        timeout=50,
        text=True,
        check=False,
    )


BUG = """
import os, sys
from pathlib import Path
from pipekit.cli import main
from pipekit.history import Runs

def broken(self, text):
    self.find
    raise RuntimeError(os.environ["ACME_API_KEY"] + os.environ["ACME_PRIVATE_KEY"] + Path("pipekit.yaml").read_text())

Runs.resolve = broken
main()
"""


@pytest.mark.parametrize("more", [[], ["--debug"], ["--json"]], ids=str)
def test_a_crash_report_holds_no_secret(project: Path, more: list[str]) -> None:
    done = _call(project, "show", "last", *more, code=BUG)

    assert done.returncode == 1
    assert "a bug in pipekit" in done.stdout + done.stderr
    assert [one for one in CANARIES if one in done.stdout + done.stderr] == []
    assert len(list(project.glob("home/pipekit/log/crash-*.txt"))) == 1
    assert canaries_below(project) == []


@pytest.mark.parametrize("setting", ["llm.providers.acme.apiKey=sk-live-canary", "store=postgresql://a:canary@db/x"])
def test_a_flag_takes_no_secret_and_names_the_environment(pipekit: Command, tmp_path: Path, setting: str) -> None:
    (tmp_path / "words.txt").write_text("Ada: we need a search.\n")
    done = pipekit("run", "words.txt", "--set", setting)

    assert done.returncode == 3
    assert "PIPEKIT_" in done.stderr
    assert "canary" not in done.stderr
    assert not (tmp_path / ".pipeline").exists()


def test_a_plan_shows_a_store_without_its_password(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text("store: postgresql://ada:hunter2pw@db/x\n")
    for argv in (["plan"], ["plan", "--json"], ["config", "show"]):
        done = pipekit(*argv)
        assert "hunter2pw" not in done.stdout + done.stderr
