"""Output files on their way: rendered by the formats, checked, and copied to where the user wants them."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipekit.errors import PipekitError, PluginError, StorageError
from pipekit.interfaces.output_formats import FormatName, OutputFile, OutputFormat, RunView
from pipekit.interfaces.state_stores import StateStore
from pipekit.state.ids import DEVICES
from pipekit.state.record import RunRecord

__all__ = ["copy_outputs", "render"]


def render(
    formats: Sequence[FormatName], format_of: Callable[[str], OutputFormat], view: RunView
) -> list[tuple[str, OutputFile]]:
    """The files of these formats, each with its format's name; `PluginError` for a format that misbehaves."""
    made: list[tuple[str, OutputFile]] = []
    for name in formats:
        output_format = format_of(name)
        try:
            files = list(output_format.render(view))
        except PipekitError:
            raise
        except Exception as error:
            raise PluginError(
                f"the output format {name} raised {type(error).__name__}: {error}",
                hook="pipekit_output_formats",
                kind="format-raised",
                hint=f"run without it: take {name} out of the formats",
            ) from error
        for file in files:
            _check(name, file)
            made.append((name, file))
    return made


def _check(name: str, file: Any) -> None:
    """Refuse what is no output file, and a path that would leave the output folder or that some system can't hold."""
    reason = ""
    if not isinstance(file, OutputFile):
        reason = "gave something that is no OutputFile"
    else:
        parts = file.path.split("/")
        if any(part in ("", ".", "..") or part.endswith((".", " ")) for part in parts):
            reason = f"gave a path that leaves the output folder or is none: {file.path!r}"
        elif any(ord(letter) < 32 or letter in '\\:*?"<>|' for letter in file.path):
            reason = f"gave a path with characters that not every system can hold: {file.path!r}"
        elif any(part.split(".")[0].lower() in DEVICES for part in parts):
            reason = f"gave a path that is the name of a device on Windows: {file.path!r}"
    if reason:
        raise PluginError(f"the output format {name} {reason}", hook="pipekit_output_formats", kind="format-path")


def copy_outputs(store: StateStore, record: RunRecord, folder: Path) -> list[Path]:
    """Copy a run's output files to ``folder``, each replaced whole; the paths. `StorageError` when the disk refuses."""
    written: list[Path] = []
    for ref in record.outputs:
        target = folder / ref.path.removeprefix("output/")
        _replace(target, store.read(record.run_id, ref.path))
        written.append(target)
    return written


def _replace(target: Path, content: bytes) -> None:
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageError(
            f"can't write {target}: {error.strerror}",
            path=str(target),
            errno=error.errno,
            hint="the outputs are kept in the run; set output.dir to a folder that can be written",
        ) from error
