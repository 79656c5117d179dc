"""Errors for people: whatever was raised in terms of our own family, and the lines that tell of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipekit.cli.terminal import clean, say

if TYPE_CHECKING:
    import click

    from pipekit.errors import PipekitError

__all__ = ["as_told", "lines_of", "next_lines", "say_traceback"]

#: Errors of the medium that reach the edge as they are.
_STORAGE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}
)
#: Codes after which the run itself has to be mended, or isn't there: no ``resume`` helps.
_NOT_RESUMABLE = frozenset({2, 7, 8, 12})
#: The commands that go on with a run.
_GOING_ON = ("resume", "review", "answer")


def as_told(error: BaseException, argv: Sequence[str]) -> PipekitError:
    """The error in terms of our own family; for a bug of ours a report is saved."""
    import click

    from pipekit.errors import InternalError, PipekitError, PluginError, RunStoppedError, StorageError

    if isinstance(error, PipekitError):
        return error
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return RunStoppedError("stopped", code=getattr(error, "code", 130), hint="nothing was under way")
    if isinstance(error, FileNotFoundError) and not _has_working_folder():
        return StorageError(
            "the working folder is not there any more",
            kind="no-folder",
            errno=error.errno,
            hint="change to a folder that exists, and call pipekit there",
        )
    if isinstance(error, OSError) and error.errno in _STORAGE:
        path = str(error.filename) if error.filename else None
        return StorageError(f"{error.strerror or error}", path=path, errno=error.errno, where=path or "standard output")
    if isinstance(error, SystemExit):
        # Ours reach the edge by another way; this one was raised where a plugin worked.
        return PluginError(f"a plugin wanted to end the process: SystemExit: {error.code}", kind="exit")
    from pipekit.cli.crash import save_report

    report = save_report(error, argv, os.environ)
    kept = f"a report is in {report}" if report else "a report could not be saved; --debug shows the traceback"
    return InternalError(
        f"this is a bug in pipekit: {type(error).__name__}: {error}",
        report=str(report) if report else None,
        hint=f"{kept}; please send it to us",
    )


def _has_working_folder() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _usage(error: click.ClickException) -> PipekitError:
    import click

    from pipekit.errors import UsageError

    message = error.format_message().strip().rstrip(".")
    context = getattr(error, "ctx", None)
    if context is not None and isinstance(context.command, click.Group) and _names_none(error, message):
        # What click says is the whole help, or no more than that a command is missing.
        message = (
            f"{context.command_path} needs one of these after it: {', '.join(context.command.list_commands(context))}"
        )
    told = UsageError(
        message[:1].lower() + message[1:] if message else "wrong usage",
        hint=f"{context.command_path if context else 'pipekit'} --help",
    )
    if not isinstance(error, click.UsageError):
        told.code = error.exit_code
    return told


def _names_none(error: click.ClickException, message: str) -> bool:
    import click

    return isinstance(error, click.exceptions.NoArgsIsHelpError) or message == "Missing command"


def say_traceback(error: BaseException) -> None:
    """Where an error was raised, for ``--debug``; in one piece, since a secret may have several lines."""
    import traceback

    say("".join(traceback.format_exception(error)).rstrip("\n"), err=True)


def lines_of(error: PipekitError) -> list[str]:
    """An error for people: the first line complete by itself, the last one what to do next; secrets masked."""
    from pipekit.errors import BatchError, PlanError

    first = _shown(str(error)).splitlines() or [error.kind]
    lines = [f"error: {first[0]}", *(f"  {line}" for line in first[1:])]
    if isinstance(error, PlanError) and len(error.faults) > 1:
        for fault in error.faults:
            lines.append(f"  {_shown(str(fault))}")
            if fault.hint:
                lines.append(f"      {_shown(fault.hint)}")
    elif isinstance(error, BatchError):
        lines.extend(f"  {name}: {_shown(one.message)} (exit {one.code})" for name, one in error.failed)
    else:
        lines.extend(_facts(error))
    lines.extend(f"  {line}" for line in next_lines(error))
    return lines


def _shown(text: str) -> str:
    from pipekit.secrecy import mask

    return clean(mask(text)).strip()


def _facts(error: PipekitError) -> list[str]:
    """What the message doesn't say already."""
    said = str(error)
    facts = [(name, getattr(error, name)) for name in error.facts]
    hidden = {"file", "line", "column", "offset", "source", "errno", "path", "attempts", "report", "hook"}
    return [
        f"  {name}: {_shown(str(value))}"
        for name, value in facts
        if name not in hidden and value not in (None, "", ()) and str(value) not in said
    ]


def next_lines(error: PipekitError) -> list[str]:
    """What to do next; a run that can be gone on with is offered at the end."""
    hint = _shown(error.hint)
    lines = hint.splitlines()
    goes_on = any(f"pipekit {command} {error.run_id}" in hint for command in _GOING_ON)
    if error.run_id and error.code not in _NOT_RESUMABLE and not goes_on:
        lines.append(f"go on with: pipekit resume {error.run_id}")
    return lines
