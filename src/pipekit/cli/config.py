"""``pipekit config show`` and ``pipekit config init``."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pipekit.cli.group import SubGroup
from pipekit.cli.options import configured, open_pipeline
from pipekit.cli.terminal import print_json, print_table, say, talk

__all__ = ["config"]


@click.group(cls=SubGroup)
def config() -> None:
    """Show the configuration in force, or write a first one."""


@config.command()
@configured
def show(**flags: Any) -> None:
    """Show every effective value and where it came from."""
    from pipekit.cli.exits import AnsweredError
    from pipekit.errors import PlanError

    configuration = open_pipeline(flags).configuration
    rows = list(configuration.explain())
    faults = configuration.faults
    error = (faults[0] if len(faults) == 1 else PlanError(faults)) if faults else None
    document = {
        "files": [str(path) for path in configuration.files],
        "folder": str(configuration.folder),
        "profile": configuration.profile,
        "settings": [{"setting": row.path, "value": _finite(row.value), "origin": str(row.origin)} for row in rows],
        "warnings": list(configuration.warnings),
    }
    if not talk().json:
        print_table(("setting", "value", "from"), [(row.path, _shown(row.value), row.origin) for row in rows])
        say()
        files = ", ".join(str(path) for path in configuration.files)
        say(f"files: {files}" if files else "no configuration file; write one: pipekit config init")
        for warning in configuration.warnings:
            say(f"warning: {warning}", err=True)
    if error is not None:
        raise AnsweredError(error, document)
    if talk().json:
        print_json(document)


def _finite(value: object) -> object:
    """A number that JSON doesn't know as text: it is a fault, and the page that tells of it must come all the same."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _finite(below) for name, below in value.items()}
    return [_finite(below) for below in value] if isinstance(value, (list, tuple)) else value


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


@config.command()
@click.option("--path", default="pipekit.yaml", show_default=True, help="The file to write.")
def init(path: str) -> None:
    """Write a commented pipekit.yaml.

    It goes into this folder; a file that is there already is left alone.
    """
    from pipekit.config import template
    from pipekit.errors import StorageError, UsageError

    target = Path(path)
    if os.path.lexists(target):
        raise UsageError(
            f"there is a {path} already, and it is left as it is",
            kind="exists",
            hint=f"edit it, or write another one: pipekit config init --path {target.stem}-new.yaml",
        )
    # Whole or not at all: a part of it would be read by the next command.
    temporary = target.with_name(f".{secrets.token_hex(8)}")
    try:
        temporary.write_text(template(), encoding="utf-8")
        temporary.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageError(
            f"can't be written: {error.strerror}",
            path=str(target.absolute()),
            errno=error.errno,
            hint="choose a folder that can be written: pipekit config init --path FILE",
        ) from error
    if talk().json:
        print_json({"path": str(target.absolute())})
    else:
        say(f"wrote {path}; see what holds with: pipekit config show")
