"""Models through the command: which there are, which work, their prompts, and runs recorded and replayed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Command = Callable[..., CompletedProcess[str]]

STEPS = '''
import os

from attrs import frozen

from pipekit import LLM, Workflow, hookimpl, step

pipekit_api = 1


@frozen
class Verdict:
    """A verdict."""

    good: bool


@step
async def judge(text: str, llm: LLM) -> Verdict:
    """Say whether a text is good."""
    return await llm.ask("judge", returns=Verdict, text=text)


@hookimpl
def pipekit_workflows():
    return [Workflow(name="judging", input="text", input_type=str, steps=[judge])]


def provider():
    from pipekit.interfaces import ModelInfo, ProviderFailure
    from pipekit.testing import ScriptedProvider
    from pipekit.testing.fakes import ScriptedError

    def failing(kind, **more):
        # A server that repeats the key, as some do.
        message = f"it is {kind}, with {os.environ.get('FAKE_KEY')}"
        return ScriptedError(ProviderFailure(kind=kind, message=message, **more))

    return ScriptedProvider(
        info=ModelInfo(name="m", window=8000),
        secrets=["FAKE_KEY"],
        ready=['{"isReady": true}'],
        good=['{"good": true}'],
        locked=[failing("auth")],
        gone=[failing("not-found")],
        slow=[failing("rate", retry_after=0.01), '{"good": true}'],
        shapeless=["I would rather talk."],
    )


@hookimpl
def pipekit_llm_providers():
    return {"fake": provider}
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "judge.md").write_text("---\nversion: 2\n---\nJudge {{ text }}\n")
    (tmp_path / "pipekit.yaml").write_text("workflow: judging\nplugins: {local: [steps.py]}\nllm: {model: fake/good}\n")
    (tmp_path / "in.txt").write_text("hello\n")
    return tmp_path


def fake(pipekit: Command, *argv: str, **more: str) -> CompletedProcess[str]:
    return pipekit(*argv, "--trust", **{"FAKE_KEY": "a-canary-of-a-key", "PIPEKIT_PLUGINS_OFF": "0", **more})


def test_a_provider_that_was_asked_for_and_lists_nothing_is_an_error_and_one_of_many_is_a_note(
    pipekit: Command, project: Path
) -> None:
    silent = (
        "class Silent(ScriptedProvider):\n        def models(self):\n"
        "            raise failing('rate')\n\n    return Silent("
    )
    (project / "steps.py").write_text(STEPS.replace("return ScriptedProvider(", silent))
    alone = fake(pipekit, "models", "fake")
    assert alone.returncode == 6
    assert "error: fake lists no models: it is rate, with ***" in alone.stderr
    assert "pipekit doctor" in alone.stderr
    document = json.loads(fake(pipekit, "models", "fake", "--json").stdout)
    assert document["error"]["kind"] == "rate"
    assert document["providers"][0]["models"] == []
    among = fake(pipekit, "models")
    assert among.returncode == 0
    assert "fake: it is rate" in among.stderr


def test_models_are_listed_by_provider(pipekit: Command, project: Path) -> None:
    found = json.loads(fake(pipekit, "models", "fake", "--json").stdout)
    assert [info["name"] for info in found["providers"][0]["models"]][:2] == ["ready", "good"]
    assert "fake/good" in fake(pipekit, "models").stdout
    missing = fake(pipekit, "models", "fak")
    assert missing.returncode == 9
    assert "fake" in missing.stderr


def test_doctor_says_what_works_and_remembers_it(pipekit: Command, project: Path) -> None:
    done = fake(pipekit, "doctor", "--model", "fake/ready", "--json")
    assert done.returncode == 0, done.stderr
    (check,) = json.loads(done.stdout)["models"]
    assert (check["model"], check["method"], check["window"], check["usedBy"]) == (
        "fake/ready",
        "text",
        8000,
        ["judge"],
    )
    kept = json.loads((project / "home" / "pipekit" / "models.json").read_text())
    assert kept["fake/ready"]["methods"] == ["text"]


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("locked", "refused the key (FAKE_KEY)"),
        ("gone", "it is not-found"),
        ("shapeless", "no answer of a given shape"),
    ],
)
def test_doctor_says_what_does_not_and_what_to_do(pipekit: Command, project: Path, model: str, says: str) -> None:
    done = fake(pipekit, "doctor", "--model", f"fake/{model}")
    assert done.returncode == 6
    assert says in done.stdout
    assert done.stderr.startswith("error: 1 of 1 models can't be used")


def test_doctor_without_a_model_says_that_there_is_nothing_to_ask(pipekit: Command, tmp_path: Path) -> None:
    done = pipekit("doctor")
    assert done.returncode == 0
    assert "the model is offline" in done.stdout
    assert json.loads(pipekit("doctor", "--json").stdout) == {"models": []}


def test_no_key_is_said_before_the_run_with_its_variable(pipekit: Command, project: Path) -> None:
    done = fake(pipekit, "run", "in.txt", FAKE_KEY="")
    assert done.returncode == 6
    assert "FAKE_KEY is not set" in done.stderr
    assert "pipekit doctor" in done.stderr
    assert not (project / ".pipeline").exists()


def test_a_wrong_key_stops_and_asks_nobody_else(pipekit: Command, project: Path) -> None:
    done = fake(pipekit, "run", "in.txt", "--model", "fake/locked", "--set", "llm.fallback=[fake/good]")
    assert done.returncode == 6
    assert "refused the key (FAKE_KEY)" in done.stderr
    assert "pipekit resume" in done.stderr


def test_a_model_that_is_gone_is_followed_by_the_next(pipekit: Command, project: Path) -> None:
    done = fake(pipekit, "run", "in.txt", "--model", "fake/gone", "--set", "llm.fallback=[fake/slow]", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["usage"]["calls"] == 1
    assert (found["steps"][0]["model"], found["steps"][0]["answeredBy"]) == ("fake/gone", {"fake/slow": 1})
    assert "fake/slow (planned: fake/gone)" in fake(pipekit, "show", "last").stdout


def test_no_written_file_and_no_message_holds_the_key(pipekit: Command, project: Path) -> None:
    shown = ""
    for model in ("good", "locked", "gone", "slow", "shapeless"):
        done = fake(pipekit, "run", "in.txt", "--model", f"fake/{model}", "--record", "record.jsonl")
        shown += done.stdout + done.stderr
    shown += fake(pipekit, "doctor").stdout + fake(pipekit, "config", "show").stdout + fake(pipekit, "list").stdout
    assert "canary" not in shown
    for folder, _, names in os.walk(project):
        for name in names:
            assert b"canary" not in (Path(folder) / name).read_bytes(), name


def test_a_recorded_run_is_replayed_without_a_model(pipekit: Command, project: Path) -> None:
    assert fake(pipekit, "run", "in.txt", "--record", "record.jsonl").returncode == 0
    replayed = fake(pipekit, "run", "in.txt", "--replay", "record.jsonl", FAKE_KEY="")
    assert replayed.returncode == 0, replayed.stderr
    (project / "in.txt").write_text("something else\n")
    missed = fake(pipekit, "run", "in.txt", "--replay", "record.jsonl")
    assert missed.returncode == 6
    assert "holds no reply to this question (judge)" in missed.stderr


def test_a_recording_that_cannot_be_written_leaves_a_run_that_goes_on(pipekit: Command, project: Path) -> None:
    done = fake(pipekit, "run", "in.txt", "--record", "no/such/folder.jsonl")
    assert done.returncode == 10
    assert "the recording can't be written" in done.stderr
    assert "failed" in fake(pipekit, "list").stdout
    assert fake(pipekit, "resume", "last", "--record", "record.jsonl").returncode == 0


def test_with_include_raw_the_words_of_models_go_along_without_secrets(pipekit: Command, project: Path) -> None:
    steps = STEPS.replace("from pipekit import LLM, Workflow", "from pipekit import LLM, Rendering, Workflow").replace(
        "@hookimpl\ndef pipekit_workflows",
        "@step\ndef write(verdict: Verdict, rendering: Rendering) -> int:\n"
        "    return len(rendering.render([]))\n\n\n@hookimpl\ndef pipekit_workflows",
    )
    steps = steps.replace("steps=[judge]", "steps=[judge, write]")
    steps = steps.replace("@step\nasync def judge", '@step(provides="verdict")\nasync def judge')
    steps = steps.replace("good=['{\"good\": true}']", "good=['Key: ' + os.environ['FAKE_KEY'], '{\"good\": true}']")
    (project / "steps.py").write_text(steps)
    raw = ["--set", "output.includeRaw=true", "--set", "output.dir=out"]
    done = fake(pipekit, "run", "in.txt", *raw)
    assert done.returncode == 0, done.stderr
    (file,) = (project / "out").rglob("raw-replies.jsonl")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["step"], line["text"], line["model"]) for line in lines] == [
        ("judge", "Key: ***", "fake/good"),
        ("judge", '{"good": true}', "fake/good"),
    ]
    assert fake(pipekit, "run", "in.txt", "--set", "output.dir=other").returncode == 0
    assert not list((project / "other").rglob("raw-replies.jsonl"))


def test_with_the_cache_an_equal_question_is_paid_for_once(pipekit: Command, project: Path) -> None:
    calls = [
        json.loads(fake(pipekit, "run", "in.txt", "--set", "llm.cache=true", "--json").stdout)["usage"]["calls"]
        for _ in range(2)
    ]
    assert calls == [1, 0]


def test_prompts_are_listed_shown_copied_and_compared(pipekit: Command, tmp_path: Path) -> None:
    listed = json.loads(pipekit("prompts", "list", "--json").stdout)["prompts"]
    assert {"detect-event", "extract-candidates", "score-confidence"} <= {one["task"] for one in listed}
    assert {one["from"] for one in listed} == {"shipped"}
    assert "no prompt of its own" in pipekit("prompts", "diff", "detect-event").stdout
    assert pipekit("prompts", "copy", "detect-event").returncode == 0
    own = tmp_path / "prompts" / "detect-event.md"
    own.write_text(own.read_text() + "\nBe brief.\n")
    assert "+Be brief." in pipekit("prompts", "diff", "detect-event").stdout
    assert "Be brief." in pipekit("prompts", "show", "detect-event").stdout
    again = pipekit("prompts", "copy", "detect-event")
    assert (again.returncode, "--force" in again.stderr) == (2, True)
    unknown = pipekit("prompts", "show", "detect-evnt")
    assert "did you mean detect-event?" in unknown.stderr


def test_a_prompt_is_copied_over_a_link_and_not_through_it(pipekit: Command, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "detect-event.md").symlink_to(tmp_path / "elsewhere.md")
    assert pipekit("prompts", "copy", "detect-event").returncode == 0
    assert not (tmp_path / "elsewhere.md").exists()
    assert (tmp_path / "prompts" / "detect-event.md").read_text()
    assert [path.name for path in (tmp_path / "prompts").iterdir()] == ["detect-event.md"]
