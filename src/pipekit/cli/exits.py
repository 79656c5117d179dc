"""The edge of the command line: every error becomes a message and an exit code here, and nowhere else."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipekit.cli.terminal import Talk, print_json, say

if TYPE_CHECKING:
    from pipekit.errors import PipekitError

__all__ = ["AnsweredError", "StopRequestedError", "dont_wait_for_threads", "run_command_line"]

#: Seconds that threads which are still at work get at the end.
_PATIENCE = 2.0


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
    _stand_in_for_closed_streams()
    _let_streams_take_anything()
    try:
        code = _dispatch(argv, wanted)
        sys.stdout.flush()
        return code
    except BaseException as error:  # noqa: BLE001 - this is where everything ends
        try:
            return _end(error, argv, wanted)
        except BrokenPipeError:
            return _broken_pipe()
        except OSError:
            return 10 if getattr(error, "code", None) is None else int(getattr(error, "code", 1))
        except Exception as bug:  # noqa: BLE001 - an answer that can't be told is a bug of ours, told without it
            return _end(bug, argv, wanted)


def dont_wait_for_threads(code: int) -> None:
    """Let the process end with ``code``, though something that a step began may keep a thread for ever."""
    threads = [one for one in threading.enumerate() if one is not threading.current_thread() and not one.daemon]
    if not threads:
        return

    def leave() -> None:
        time.sleep(_PATIENCE)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):
                stream.flush()
        os._exit(code)

    # A daemon: where the others end in time the interpreter ends as ever, and this one with it.
    threading.Thread(target=leave, name="pipekit leaves", daemon=True).start()


def _dispatch(argv: Sequence[str], wanted: Talk) -> int:
    from pipekit.cli.group import pipekit_group

    if "_PIPEKIT_COMPLETE" in os.environ:
        pipekit_group.main(list(argv), prog_name="pipekit", complete_var="_PIPEKIT_COMPLETE")
    with pipekit_group.make_context("pipekit", list(argv), obj=wanted) as context:
        pipekit_group.invoke(context)
    return 0


def _stand_in_for_closed_streams() -> None:
    """Whoever closed our output (``>&-``) wants none of it; the exit code still says what happened."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good


def _let_streams_take_anything() -> None:
    """A terminal that can't show a character gets it escaped; it is no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _end(error: BaseException, argv: Sequence[str], wanted: Talk) -> int:
    import click

    from pipekit.cli.telling import as_told, lines_of, say_traceback

    if isinstance(error, BrokenPipeError):
        return _broken_pipe()
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0 if error.code is None else _plain_exit(error.code)
    told = error.error if isinstance(error, AnsweredError) else as_told(error, argv)
    if wanted.debug and not isinstance(error, (AnsweredError, click.ClickException)):
        say_traceback(error)
    if wanted.json:
        answer = error.document if isinstance(error, AnsweredError) else {}
        print_json({**answer, "error": told.to_dict()})
    else:
        sys.stdout.flush()
        for line in lines_of(told):
            say(line, err=True)
    return told.code


def _plain_exit(text: object) -> int:
    say(str(text), err=True)
    return 1


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
