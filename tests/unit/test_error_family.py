"""Every error of the family can happen, has its code and its next command, and stands in the documentation."""

from __future__ import annotations

import errno
import importlib
import os
import pkgutil
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pipekit
from pipekit import Pipeline, Resume, StepContext, StepError, Text, Workflow, errors, step
from pipekit.cli.exits import run_command_line
from pipekit.engine import runner
from pipekit.errors import PipekitError
from pipekit.interfaces.state_stores import Owner
from pipekit.pruning import PruneError
from pipekit.stores import atomic

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
ASKS = "which one"


@step
def count(text: str) -> int:
    if text == "fail":
        raise StepError("can't be counted")
    if text == "raise":
        raise ZeroDivisionError("by zero")
    if text == "stop":
        raise KeyboardInterrupt
    return len(text)


@step
def report(count: int) -> str:
    return str(count)


def pipeline(folder: Path, **config: object) -> Pipeline:
    workflow = Workflow(name="w", input="text", input_type=str, steps=[count, report])
    return Pipeline(config, workflow=workflow, plugins=[], folder=folder)


def bug(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(runner, "walk", broken)
    pipeline(folder).run(Text("one"))


def wrong_call(folder: Path, _: pytest.MonkeyPatch) -> None:
    pipeline(folder).runs.get("../outside")


def wrong_setting(folder: Path, _: pytest.MonkeyPatch) -> None:
    pipeline(folder, run={"concurency": 1}).run(Text("one"))


def missing_input(folder: Path, _: pytest.MonkeyPatch) -> None:
    pipeline(folder).run("missing.txt")


def several_faults(folder: Path, _: pytest.MonkeyPatch) -> None:
    pipeline(folder, run={"concurency": 1}).plan("missing.txt")


def failing_step(folder: Path, _: pytest.MonkeyPatch) -> None:
    pipeline(folder).run(Text("fail"))


def raising_step(folder: Path, _: pytest.MonkeyPatch) -> None:
    pipeline(folder).run(Text("raise"))


def missing_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @step
    async def ask(text: str, ctx: StepContext) -> int:
        raise errors.ProviderError("the key is missing", kind="auth", provider="cloud", variable="CLOUD_KEY")

    Pipeline({}, workflow=Workflow(name="w", input="text", input_type=str, steps=[ask]), folder=folder).run(Text("a"))


def damaged_file(folder: Path, _: pytest.MonkeyPatch) -> None:
    result = pipeline(folder).run(Text("one"))
    file = next(folder.glob(".pipeline/run-*/steps/step-count.json"))
    file.write_text("4\n")
    pipeline(folder).resume(result.run_id, Resume(from_step="report"))


def owned_run(folder: Path, _: pytest.MonkeyPatch) -> None:
    pipe = pipeline(folder)
    result = pipe.run(Text("one"))
    store = pipe._setup.store
    lease = store.acquire(result.run_id, Owner.this_process())
    try:
        pipeline(folder).resume(result.run_id, Resume(from_step="count"))
    finally:
        lease.release()


def refusing_disk(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / ".pipeline").write_text("a file where the store's folder should be")
    pipeline(folder).run(Text("one"))


def unremovable_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = pipeline(folder)
    pipe.run(Text("one"))

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(atomic.system, "rename", refused)
    pipe.runs.prune(keep=0, older_than=None)


def unknown_run(folder: Path, _: pytest.MonkeyPatch) -> None:
    pipeline(folder).resume("run-20260101-000000-abcdef")


def several_inputs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PIPEKIT_PLUGINS_OFF", "1")
    (folder / "good.txt").write_text("Ann: We need an export of invoices.\n")
    raise_of_command("run", "good.txt", "missing.txt")


def open_question(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "steps.py").write_text(
        "from pipekit import Question, StepContext, Workflow, hookimpl, step\n"
        "pipekit_api = 1\n"
        "@step\n"
        "async def choose(text: str, ctx: StepContext) -> str:\n"
        f"    return await ctx.answer('k', Question(text='{ASKS}', returns=str))\n"
        "@hookimpl\n"
        "def pipekit_workflows():\n"
        "    return [Workflow(name='w', input='text', input_type=str, steps=[choose])]\n"
    )
    (folder / "pipekit.yaml").write_text("workflow: w\nplugins: {local: [steps.py]}\n")
    (folder / "words.txt").write_text("one\n")
    raise_of_command("run", "words.txt", "--trust")


def stopped_run(folder: Path, _: pytest.MonkeyPatch) -> None:
    read, stopped = threading.Event(), threading.Event()

    class Pipe:
        """An input that comes only once the stop was asked for."""

        def read(self, _: int) -> bytes:
            read.set()
            assert stopped.wait(20)
            return b""

    stream = pipeline(folder).stream(Pipe())
    assert read.wait(20)
    stream.stop()
    stopped.set()
    stream.result  # noqa: B018 - asking for it raises


def raise_of_command(*argv: str) -> None:
    """Run a command and raise the error that it ended with."""
    from pipekit.cli import telling

    told: list[PipekitError] = []
    real = telling.lines_of

    def keep(error: PipekitError) -> list[str]:
        told.append(error)
        return real(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telling, "lines_of", keep)
        assert run_command_line(argv) == told[-1].code
    raise told[-1]


PROVOKED: dict[type[PipekitError], Callable[[Path, pytest.MonkeyPatch], None]] = {
    errors.InternalError: bug,
    errors.UsageError: wrong_call,
    errors.ConfigError: wrong_setting,
    errors.InputError: missing_input,
    errors.PlanError: several_faults,
    errors.StepError: failing_step,
    errors.ProviderError: missing_model,
    errors.StateError: damaged_file,
    errors.RunBusyError: owned_run,
    errors.PluginError: raising_step,
    errors.StorageError: refusing_disk,
    errors.BatchError: several_inputs,
    PruneError: unremovable_run,
    errors.RunNotFoundError: unknown_run,
    errors.RunPausedError: open_question,
    errors.RunStoppedError: stopped_run,
}


def family(root: type[PipekitError]) -> Iterator[type[PipekitError]]:
    for cls in root.__subclasses__():
        if cls.__module__.startswith("pipekit."):
            yield cls
            yield from family(cls)


def test_the_whole_family_is_provoked_here() -> None:
    for module in pkgutil.walk_packages(pipekit.__path__, "pipekit."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)  # a class that nobody has imported is nobody's subclass
    assert set(family(PipekitError)) == set(PROVOKED)


@pytest.mark.parametrize("cls", PROVOKED, ids=lambda cls: cls.__name__)
def test_every_error_happens_with_its_code_and_says_what_to_do_next(
    cls: type[PipekitError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    with pytest.raises(PipekitError) as caught:
        PROVOKED[cls](tmp_path, monkeypatch)
    error = caught.value
    faults = error.faults if isinstance(error, errors.PlanError) else ()
    assert type(error) is cls or any(type(fault) is cls for fault in faults), repr(error)
    for one in (error, *faults):
        assert one.hint
        assert one.message
        assert one.to_dict()["hint"] == one.hint
        assert "None" not in one.hint
    if cls is not errors.PlanError:
        assert error.code == cls.code
        assert re.search(rf"^\| {cls.code} \| `{cls.__name__}` \|", PAGE.read_text(), re.MULTILINE)


def test_a_hint_of_ones_own_goes_before_the_usual_one() -> None:
    error = errors.StateError("it is damaged", run_id="run-1")
    assert error.hint == "nothing was changed; see what can be saved: pipekit repair run-1"
    error.hint = "put the file back"
    assert error.hint == "put the file back"
