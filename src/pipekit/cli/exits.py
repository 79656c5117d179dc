"""The edge of the command line: every error becomes a message and an exit code here, and nowhere else."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipekit.cli.terminal import Talk, clean, print_json, say

if TYPE_CHECKING:
    import click

    from pipekit.errors import PipekitError

__all__ = ["AnsweredError", "StopRequestedError", "run_command_line"]

#: Errors of the medium that reach the edge as they are.
_STORAGE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}
)
#: Codes after which the run itself has to be mended, or isn't there: no ``resume`` helps.
_NOT_RESUMABLE = frozenset({2, 7, 8, 12})


class AnsweredError(Exception):
    """A command has its answer ready (and printed, for people), and still ends with an error.

    With ``--json`` the error goes into the answer, so that there is one document.
    """

    def __init__(self, error: PipekitError, document: Mapping[str, object]) -> None:
        super().__init__(str(error))
        self.error = error
        self.document = document


class StopRequestedError(KeyboardInterrupt):
    """A signal came while no run was under way; ``code`` is the exit code that goes with it."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def run_command_line(argv: Sequence[str]) -> int:
    """Run one command; its exit code."""
    wanted = Talk.from_arguments(argv)
    _let_streams_take_anything()
    try:
        code = _dispatch(argv, wanted)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BaseException as error:  # noqa: BLE001 - this is where everything ends
        try:
            return _end(error, argv, wanted)
        except BrokenPipeError:
            return _broken_pipe()
        except OSError:
            return 10 if getattr(error, "code", None) is None else int(getattr(error, "code", 1))


def _dispatch(argv: Sequence[str], wanted: Talk) -> int:
    from pipekit.cli.group import pipekit_group

    if "_PIPEKIT_COMPLETE" in os.environ:
        pipekit_group.main(list(argv), prog_name="pipekit", complete_var="_PIPEKIT_COMPLETE")
    with pipekit_group.make_context("pipekit", list(argv), obj=wanted) as context:
        pipekit_group.invoke(context)
    return 0


def _let_streams_take_anything() -> None:
    """A terminal that can't show a character gets it escaped; it is no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _end(error: BaseException, argv: Sequence[str], wanted: Talk) -> int:
    import click

    if isinstance(error, BrokenPipeError):
        return _broken_pipe()
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0 if error.code is None else _plain_exit(error.code)
    told = _as_told(error, argv)
    if wanted.debug and not isinstance(error, (AnsweredError, click.ClickException)):
        import traceback

        from pipekit.cli.masking import mask

        for line in traceback.format_exception(error):
            say(mask(line.rstrip("\n"), os.environ), err=True)
    if wanted.json:
        from pipekit.cli.masking import mask_values

        answer = error.document if isinstance(error, AnsweredError) else {}
        print_json({**answer, "error": mask_values(told.to_dict(), os.environ)})
    else:
        from pipekit.cli.masking import mask

        sys.stdout.flush()
        for line in _lines(told):
            say(mask(line, os.environ), err=True)
    return told.code


def _plain_exit(text: object) -> int:
    say(str(text), err=True)
    return 1


def _as_told(error: BaseException, argv: Sequence[str]) -> PipekitError:
    """The error in terms of our own family."""
    import click

    from pipekit.errors import InternalError, PipekitError, RunStoppedError, StorageError

    if isinstance(error, AnsweredError):
        return error.error
    if isinstance(error, PipekitError):
        return error
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return RunStoppedError("stopped", code=getattr(error, "code", 130), hint="nothing was under way")
    if isinstance(error, OSError) and error.errno in _STORAGE:
        path = str(error.filename) if error.filename else None
        return StorageError(f"{error.strerror or error}", path=path, errno=error.errno, where=path or "standard output")
    from pipekit.cli.crash import save_report

    report = save_report(error, argv, os.environ)
    kept = f"a report is in {report}" if report else "a report could not be saved; --debug shows the traceback"
    return InternalError(
        f"this is a bug in pipekit: {type(error).__name__}: {error}",
        report=str(report) if report else None,
        hint=f"{kept}; please send it to us",
    )


def _usage(error: click.ClickException) -> PipekitError:
    import click

    from pipekit.errors import UsageError

    message = error.format_message().strip().rstrip(".")
    context = getattr(error, "ctx", None)
    told = UsageError(
        message[:1].lower() + message[1:] if message else "wrong usage",
        hint=f"{context.command_path if context else 'pipekit'} --help",
    )
    if not isinstance(error, click.UsageError):
        told.code = error.exit_code
    return told


def _broken_pipe() -> int:
    """Whoever read our output has gone: end quietly, also when the interpreter flushes for the last time."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BrokenPipeError, AttributeError, OSError, ValueError):
                stream.flush()
                continue
            with contextlib.suppress(AttributeError, OSError, ValueError):
                os.dup2(nowhere, stream.fileno())
    return 141


def _lines(error: PipekitError) -> list[str]:
    """An error for people: the first line complete by itself, the last one what to do next."""
    from pipekit.errors import BatchError, PlanError

    first = clean(str(error)).strip().splitlines() or [error.kind]
    lines = [f"error: {first[0]}", *(f"  {line}" for line in first[1:])]
    if isinstance(error, PlanError) and len(error.faults) > 1:
        for fault in error.faults:
            lines.append(f"  {clean(str(fault))}")
            if fault.hint:
                lines.append(f"      {clean(fault.hint)}")
    elif isinstance(error, BatchError):
        lines.extend(f"  {name}: {clean(one.message)} (exit {one.code})" for name, one in error.failed)
    else:
        lines.extend(_facts(error))
    lines.extend(_next(error))
    return lines


def _facts(error: PipekitError) -> list[str]:
    """What the message doesn't say already."""
    said = str(error)
    facts = [(name, getattr(error, name)) for name in error.facts]
    hidden = {"file", "line", "column", "offset", "source", "errno", "path", "attempts", "report", "hook"}
    return [
        f"  {name}: {clean(str(value))}"
        for name, value in facts
        if name not in hidden and value not in (None, "", ()) and str(value) not in said
    ]


def _next(error: PipekitError) -> list[str]:
    hint = clean(error.hint).strip()
    resume = f"pipekit resume {error.run_id}"
    lines = [f"  {line}" for line in hint.splitlines()]
    if error.run_id and error.code not in _NOT_RESUMABLE and resume not in hint:
        lines.append(f"  go on with: {resume}")
    return lines
