"""A project's file names no recording outside of the project: the user's own files are no place for its lines.

A recording is the one file that pipekit adds lines to wherever a setting says. A cloned project that says
``llm.record: ../../.bashrc`` would have a reply of its model written there. The user's own file, a variable, a flag
and a program may name any file.

The other places that a project's file can name need no such rule, since no file that lies there is touched: outputs go
to a folder of the run's own below ``output.dir``, a store only ever makes and changes runs, and a
retriever's kept indexes have names of their own.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from pipekit.config.configuration import Configuration
from pipekit.config.faults import fault
from pipekit.errors import ConfigError

__all__ = ["record_fault"]

_FIELD = "llm.record"


def record_fault(configuration: Configuration) -> ConfigError | None:
    """What is wrong with the recording of the settings: that it isn't the user who names a file outside the project."""
    named = configuration.settings.llm.record
    origin = configuration.origin(_FIELD)
    if not named or configuration.is_users(origin) or _is_inside(configuration.path(named), configuration.folder):
        return None
    # Paths of the command line count from where one is.
    again = f"--record {shlex.quote(os.path.abspath(configuration.path(named)))}"  # noqa: PTH100 - links are shown as named
    if origin.layer == "run":
        message = f"a flag that was given when the run began records outside of the project's folder: {named}"
        hint = f"give it again if it is yours:  {again}"
    else:
        message = f"{_FIELD} is {named}, which lies outside of the project's folder"
        hint = f"name a file inside it; if you want this one, say so yourself:  {again}"
    return fault(message, origin, field=_FIELD, hint=hint, kind="outside")


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a path ends up below a folder once all links are followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # links that lead in a circle, a name that no system has
        return False
