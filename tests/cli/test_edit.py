"""``pipekit edit``: an item of a run in an editor, and what is made again of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from pipekit.testing import kill_at_commit

if sys.platform == "win32":
    pytest.skip("an editor that is a script of the shell", allow_module_level=True)

Command = Callable[..., subprocess.CompletedProcess[str]]
Editor = Callable[[str], None]
Screen = Any  # as conftest.py has it

STEPS = """
from attrs import frozen
from pipekit import Each, StepContext, Workflow, hookimpl, step
pipekit_api = 1

@frozen
class Word:
    id: str
    text: str
    length: int

@step
def words(text: str) -> list[Word]:
    return [Word(f"word-{n}", word, len(word)) for n, word in enumerate(text.split(), 1)]

@step(each="words")
def loud(word: Word, ctx: StepContext) -> str:
    with (ctx.project / "paid.txt").open("a") as paid:
        paid.write(word.id + "\\n")
    return word.text.upper()

@hookimpl
def pipekit_workflows():
    fields = {"words": ("text", "length")}
    return [Workflow(name="shouting", input="text", input_type=str, steps=[words, loud], editable=fields)]
"""


@pytest.fixture
def pipekit(pipekit_here: Command) -> Command:
    """The command in this process."""
    return pipekit_here


@pytest.fixture
def run(pipekit: Command, tmp_path: Path) -> str:
    """A finished run of two words."""
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "pipekit.yaml").write_text("workflow: shouting\nplugins: {local: [steps.py]}\n")
    (tmp_path / "words.txt").write_text("apple pear\n")
    assert pipekit("trust", "--yes").returncode == 0
    done = pipekit("run", "words.txt", "--json")
    assert done.returncode == 0, done.stderr
    run_id: str = json.loads(done.stdout)["runId"]
    return run_id


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Make $EDITOR a script that keeps what it was shown, and then does as it is told with the file ``$1``."""

    def use(what: str) -> None:
        script = tmp_path / "editor.sh"
        script.write_text(f'#!/bin/sh\ncp "$1" shown.yaml\n{what}\n')
        script.chmod(0o700)
        monkeypatch.setenv("EDITOR", str(script))

    return use


def test_only_what_depends_on_the_edited_item_is_made_again(
    pipekit: Command, run: str, editor: Editor, tmp_path: Path
) -> None:
    (tmp_path / "paid.txt").unlink()
    editor("""echo 'text: plum' > "$1" """)
    done = pipekit("edit", run, "word-2", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["edited"], document["fields"], document["status"]) == ("word-2", ["text"], "completed")
    assert (tmp_path / "paid.txt").read_text().split() == ["word-2"]
    assert "PLUM" in pipekit("show", run, "word-2").stdout


def test_the_editor_shows_the_fields_that_the_workflow_names(
    pipekit: Command, run: str, editor: Editor, tmp_path: Path
) -> None:
    editor("")
    pipekit("edit", run, "word-1")
    shown = (tmp_path / "shown.yaml").read_text().splitlines()
    assert f"word-1 of {run}" in shown[0]
    assert shown[2:] == ['text: "apple"', "length: 5"]


def test_an_item_of_any_id_is_edited_in_a_file_that_can_be_called_so(
    pipekit: Command, run: str, editor: Editor, tmp_path: Path
) -> None:
    (tmp_path / "steps.py").write_text(STEPS.replace('f"word-{n}"', 'f"../word/{n}"'))
    assert pipekit("trust", "--yes").returncode == 0
    assert pipekit("run", "words.txt").returncode == 0
    editor("""echo 'text: plum' > "$1" """)
    done = pipekit("edit", "last", "../word/2")
    assert done.returncode == 0, done.stderr
    assert "PLUM" in pipekit("show", "last", "../word/2").stdout


def test_show_says_which_items_a_person_edited(pipekit: Command, run: str, editor: Editor) -> None:
    for item in ("word-2", "word-1"):
        editor(f"""echo 'text: {item}' > "$1" """)
        assert pipekit("edit", run, item).returncode == 0
    assert "edited by hand: word-2, word-1" in pipekit("show", run).stdout
    words, loud = json.loads(pipekit("show", run, "--json").stdout)["steps"]
    assert (words["madeBy"], words["editedItems"]) == ("human", ["word-2", "word-1"])
    assert (loud["madeBy"], loud["editedItems"]) == ("step", [])
    (attempt,) = json.loads(pipekit("show", run, "words", "--history", "--json").stdout)["attempts"][-1:]
    assert attempt["editedItems"] == ["word-2", "word-1"]


def test_an_editor_that_is_left_without_a_change_changes_nothing(
    pipekit: Command, run: str, editor: Editor, tmp_path: Path
) -> None:
    before = (tmp_path / ".pipeline" / run / "state.json").read_bytes()
    editor("")
    done = pipekit("edit", run, "word-1")
    assert (done.returncode, done.stdout) == (0, "nothing was changed\n")
    assert (tmp_path / ".pipeline" / run / "state.json").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("length: long", 2, "word-2 doesn't fit what words makes"),
        ("txet: plum", 2, "did you mean text?"),
        ("id: word-9", 2, "no field 'id' that can be edited"),
        ("text: [", 4, "word-2.yaml:2:1"),
        ("- plum", 4, "word-2.yaml:1:1"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_changed(
    pipekit: Command, run: str, editor: Editor, tmp_path: Path, content: str, code: int, said: str
) -> None:
    before = (pipekit("show", run, "--json").stdout, _step_files(tmp_path, run))
    editor(f"""echo '{content}' > "$1" """)
    done = pipekit("edit", run, "word-2")
    assert done.returncode == code
    assert said in done.stderr
    assert (pipekit("show", run, "--json").stdout, _step_files(tmp_path, run)) == before


def test_what_was_refused_is_kept_and_opened_again(pipekit: Command, run: str, editor: Editor, tmp_path: Path) -> None:
    editor("""printf 'text: plum\\nlength: long\\n' > "$1" """)
    refused = pipekit("edit", run, "word-2")
    assert refused.returncode == 2
    [kept] = kept_in(tmp_path)
    assert f"what you wrote is kept in {kept}: pipekit edit {run} word-2 opens it" in " ".join(refused.stderr.split())
    assert kept.read_text() == "text: plum\nlength: long\n"

    editor("""sed -i 's/long/4/' "$1" """)
    done = pipekit("edit", run, "word-2")
    assert done.returncode == 0, done.stderr
    assert "what you wrote about word-2 before wasn't taken, and is opened again" in done.stderr
    assert (tmp_path / "shown.yaml").read_text() == "text: plum\nlength: long\n"
    assert "PLUM" in pipekit("show", run, "word-2").stdout
    assert kept_in(tmp_path) == []


def test_json_says_where_it_is_kept(pipekit: Command, run: str, editor: Editor, tmp_path: Path) -> None:
    editor("""echo 'text: [' > "$1" """)
    refused = pipekit("edit", run, "word-2", "--json")
    [kept] = kept_in(tmp_path)
    assert str(kept) in json.loads(refused.stdout)["error"]["hint"]


def test_what_is_kept_takes_nothing_back_that_changed_since(
    pipekit: Command, run: str, editor: Editor, tmp_path: Path
) -> None:
    editor("""sed -i 's/5/long/' "$1" """)
    assert pipekit("edit", run, "word-1").returncode == 2
    [kept] = kept_in(tmp_path)
    aside = {path: path.read_bytes() for path in (kept, kept.with_suffix(".shown"))}
    for path in aside:
        path.unlink()
    editor("""echo 'text: plum' > "$1" """)
    assert pipekit("edit", run, "word-1").returncode == 0
    kept.parent.mkdir(exist_ok=True)
    for path, content in aside.items():
        path.write_bytes(content)

    editor("""sed -i 's/long/7/' "$1" """)
    done = pipekit("edit", run, "word-1", "--json")
    assert json.loads(done.stdout)["fields"] == ["length"]
    assert "PLUM" in pipekit("show", run, "word-1").stdout


def test_a_kept_file_that_is_emptied_is_forgotten(pipekit: Command, run: str, editor: Editor, tmp_path: Path) -> None:
    editor("""echo 'length: long' > "$1" """)
    assert pipekit("edit", run, "word-2").returncode == 2
    editor(""": > "$1" """)
    assert pipekit("edit", run, "word-2").stdout == "nothing was changed\n"
    assert kept_in(tmp_path) == []


def test_nothing_is_kept_of_an_edit_that_nobody_made(pipekit: Command, run: str, tmp_path: Path) -> None:
    assert pipekit("edit", run, "word-1").returncode == 2  # no editor
    assert kept_in(tmp_path) == []


def test_on_a_terminal_a_mistake_is_told_and_the_editor_opened_again(
    pipekit: Command, run: str, editor: Editor, screen: Callable[..., Screen], tmp_path: Path
) -> None:
    editor(
        """if grep -q long "$1"; then sed -i 's/long/4/' "$1"; else printf 'text: plum\\nlength: long\\n' > "$1"; fi"""
    )
    seen = screen("edit", run, "word-2", asks="[Y/n]: ", EDITOR=str(tmp_path / "editor.sh"))
    seen.type("\n")
    assert seen.end() == 0, seen.seen
    assert "word-2 doesn't fit what words makes" in seen.seen
    assert seen.seen.count("Open it again? [Y/n]: ") == 1
    assert "PLUM" in pipekit("show", run, "word-2").stdout
    assert kept_in(tmp_path) == []


def test_who_does_not_want_it_opened_again_is_told_where_it_is(
    pipekit: Command, run: str, editor: Editor, screen: Callable[..., Screen], tmp_path: Path
) -> None:
    editor("""echo 'length: long' > "$1" """)
    seen = screen("edit", run, "word-2", asks="[Y/n]: ", EDITOR=str(tmp_path / "editor.sh"))
    seen.type("n\n")
    assert seen.end() == 2
    [kept] = kept_in(tmp_path)
    assert kept.name in seen.seen
    assert "length: long" in kept.read_text()
    assert "PEAR" in pipekit("show", run, "word-2").stdout


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, *(pytest.param(more, marks=pytest.mark.thorough) for more in (3, 4, 5))])
def test_a_killed_edit_loses_nothing_and_pays_for_nothing_twice(
    number: int,
    when: Literal["before", "after"],
    pipekit: Command,
    run: str,
    editor: Editor,
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    (tmp_path / "paid.txt").unlink()
    editor("""grep -q plum "$1" || echo 'text: plum' > "$1" """)
    script = {"EDITOR": str(tmp_path / "editor.sh"), "PIPEKIT_PLUGINS_OFF": ""}
    died = kill_at_commit(number, ["edit", run, "word-2"], folder=tmp_path, when=when, environ={**environ, **script})
    assert died.killed or number > 2, died.stderr
    paid_before = (tmp_path / "paid.txt").read_text() if (tmp_path / "paid.txt").exists() else ""
    again = pipekit("edit", run, "word-2")
    assert again.returncode == 0, again.stderr
    if pipekit("show", run).stdout.splitlines()[0] != f"{run}: completed":
        assert pipekit("resume", run).returncode == 0
    assert "PLUM" in pipekit("show", run, "word-2").stdout
    assert "APPLE" in pipekit("show", run, "word-1").stdout
    paid = (tmp_path / "paid.txt").read_text().split()
    # A call is paid again only where the process died between the call and its being kept.
    assert paid == ["word-2"] or (when == "before" and paid_before and paid == ["word-2", "word-2"])
    assert kept_in(tmp_path) == []


def test_what_was_saved_when_the_process_is_killed_in_its_editor_is_opened_again(
    pipekit: Command, run: str, editor: Editor, environ: dict[str, str], tmp_path: Path
) -> None:
    editor("""echo 'text: plum' > "$1"; touch saved; while [ ! -e go ]; do sleep 0.02; done""")
    command = [sys.executable, "-m", "pipekit", "edit", run, "word-2"]
    script = {"EDITOR": str(tmp_path / "editor.sh"), "PIPEKIT_PLUGINS_OFF": ""}
    process = subprocess.Popen(command, cwd=tmp_path, env={**environ, **script}, stdin=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while not (tmp_path / "saved").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    process.kill()
    process.wait()
    (tmp_path / "go").touch()
    assert [path.read_text() for path in kept_in(tmp_path)] == ["text: plum\n"]
    editor("")
    done = pipekit("edit", run, "word-2")
    assert done.returncode == 0, done.stderr
    assert "PLUM" in pipekit("show", run, "word-2").stdout


def kept_in(folder: Path) -> list[Path]:
    """The files that were kept of edits."""
    return sorted((folder / "home").rglob("edits/*/*.yaml"))


def test_an_item_that_is_not_there_is_told_with_a_near_one(pipekit: Command, run: str, editor: Editor) -> None:
    editor("")
    done = pipekit("edit", run, "wrod-2")
    assert (done.returncode, "did you mean word-2?" in done.stderr) == (2, True)


def test_without_an_editor_it_says_how_to_name_one(pipekit: Command, run: str) -> None:
    done = pipekit("edit", run, "word-1")
    assert (done.returncode, "EDITOR=nano pipekit edit" in done.stderr) == (2, True)


def _step_files(folder: Path, run: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / ".pipeline" / run / "steps").iterdir()}
