"""Each tutorial as it is written: its files saved, its commands typed, what they show compared."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import environ_of

if sys.platform == "win32":
    pytest.skip("a shell and a pseudo terminal of POSIX", allow_module_level=True)

from tests.docs.tutorials import Command, File, answered, beside, matches, steps_of, told

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))


@pytest.mark.timeout(300)  # a page is a dozen processes one after the other
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_does_what_it_says(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    # Where a reader brings plugins, those that happen to be installed here are there as well.
    environ = beside(environ_of(tmp_path, PIPEKIT_PLUGINS_OFF="" if "plugins: {local" in text else "1"))
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    done = 0
    for step in steps_of(text):
        if isinstance(step, File):
            (tmp_path / step.name).write_text(step.content, encoding="utf-8")
            continue
        if "pip install" in step.line:
            continue  # nothing is installed by a test: CI follows the README
        seen = answered(step, tmp_path, environ) if step.typed else told(tmp_path, environ, step.line)
        assert matches(step.shown, seen), f"$ {step.line}\n{seen}\n--- the page shows:\n{step.shown}"
        done += 1
    assert done, "a tutorial without a command"


def test_what_a_page_leaves_out_may_be_anything_and_nothing_else_may() -> None:
    assert matches("one …\n…\nlast", "one of three\ntwo\nthree\nlast\n")
    assert matches("one\n…\nlast", "one\nlast")
    assert not matches("one\nlast", "one\ntwo\nlast")
    assert not matches("one …", "another one")
    assert matches("one …", "one")
    page = "Save this as `a.txt`:\n\n```text\nhello\n```\n\n```console\n$ ask\nWell?\n> yes\n$ list\n```\n"
    assert list(steps_of(page)) == [
        File("a.txt", "hello\n"),
        Command("ask", ("yes",), "Well?\n> yes\n"),
        Command("list", (), ""),
    ]
