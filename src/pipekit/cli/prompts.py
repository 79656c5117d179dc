"""``pipekit prompts``: look at the prompts in force, and lay the project's own over them."""

from __future__ import annotations

import contextlib
import difflib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SubGroup
from pipekit.cli.options import configured, open_pipeline
from pipekit.cli.terminal import print_json, print_table, say, talk

if TYPE_CHECKING:
    from pipekit.asking import TaskPrompt

__all__ = ["prompts"]


@click.group(cls=SubGroup)
def prompts() -> None:
    """Look at the prompts that steps ask models with, and lay the project's own over them."""


@prompts.command("list")
@configured
def list_prompts(**flags: Any) -> None:
    """List the prompts of the workflow: task, version, step, and the file that is in force."""
    found = open_pipeline(flags).prompts()
    rows = [
        (one.task, one.prompt.version, one.step, "project" if one.own else "shipped", one.prompt.path) for one in found
    ]
    if talk().json:
        keys = ("task", "version", "step", "from", "path")
        print_json({"prompts": [dict(zip(keys, map(str, row), strict=True)) for row in rows]})
        return
    print_table(("task", "version", "step", "from", "file"), rows)


@prompts.command()
@click.argument("task")
@configured
def show(task: str, **flags: Any) -> None:
    """Show the prompt of a task as it is in force."""
    one = _of(task, flags)
    text = one.prompt.path.read_text(encoding="utf-8")
    if talk().json:
        print_json({"task": one.task, "path": str(one.prompt.path), "text": text})
    else:
        say(text.rstrip("\n"))


@prompts.command()
@click.argument("task")
@click.option("--force", is_flag=True, help="Write over the project's own prompt.")
@configured
def copy(task: str, force: bool, **flags: Any) -> None:
    """Copy a shipped prompt into the project, where it can be changed and is used from then on."""
    from pipekit.errors import StorageError, UsageError

    one = _of(task, flags)
    if one.own is not None and not force:
        raise UsageError(
            f"the project has a prompt of its own for {task}: {one.own}",
            kind="exists",
            hint=f"see how it differs: pipekit prompts diff {task}; or write over it with --force",
        )
    target = one.target
    # Whole or not at all; a link in the place of the file, which a project may bring, is replaced and not followed.
    temporary = target.with_name(f".{secrets.token_hex(8)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(one.shipped.read_bytes())
        temporary.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageError(
            f"the prompt can't be written: {error.strerror or error}",
            path=str(target),
            errno=error.errno,
            hint="make the folder writable, then try again",
        ) from error
    if talk().json:
        print_json({"task": task, "path": str(target)})
    else:
        say(f"{target}: change it, and it is used in place of the shipped one")


@prompts.command()
@click.argument("task")
@configured
def diff(task: str, **flags: Any) -> None:
    """Show how the project's own prompt of a task differs from the shipped one."""
    one = _of(task, flags)
    lines = [] if one.own is None else list(_differences(one.shipped, one.own))
    if talk().json:
        print_json({"task": task, "own": str(one.own) if one.own else None, "diff": lines})
    elif one.own is None:
        say(f"the project has no prompt of its own for {task}; make one: pipekit prompts copy {task}")
    else:
        say("\n".join(lines) if lines else "no difference")


def _differences(shipped: Path, own: Path) -> list[str]:
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (shipped, own))
    return list(difflib.unified_diff(before, after, "shipped", str(own), lineterm=""))


def _of(task: str, flags: dict[str, Any]) -> TaskPrompt:
    from pipekit.errors import UsageError

    found = {one.task: one for one in open_pipeline(flags).prompts()}
    if task not in found:
        near = difflib.get_close_matches(task, found, n=1)
        hint = f"did you mean {near[0]}?" if near else f"tasks are: {', '.join(found) or 'none'}"
        raise UsageError(f"no step of the workflow has a prompt for {task!r}", kind="unknown-task", hint=hint)
    return found[task]
