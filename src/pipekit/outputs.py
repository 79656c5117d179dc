"""Output files on their way: rendered by the formats, checked, and copied to where the user wants them."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pipekit.errors import PluginError, StateError, StorageError
from pipekit.interfaces.output_formats import FormatName, OutputFile, OutputFormat, RunView
from pipekit.interfaces.state_stores import Entry, StateStore
from pipekit.plugins.calling import PluginOf, calling_plugin, nobody
from pipekit.secrecy import mask_values
from pipekit.serde import encode
from pipekit.state.record import RunRecord
from pipekit.stores.layout import check_path

__all__ = ["copy_outputs", "render"]

#: Stands where a file that a format made has the format's name.
_RAW = "raw"


def render(
    formats: Sequence[FormatName],
    format_of: Callable[[str], OutputFormat],
    view: RunView,
    plugin_of: PluginOf = nobody,
    *,
    replies: Callable[[], Iterable[Entry]] | None = None,
) -> list[tuple[str, OutputFile]]:
    """The files of these formats, each with its format's name; `PluginError` for a format that misbehaves.

    ``replies`` gives what is kept of a run where the models' raw words are to go along.
    """
    made: list[tuple[str, OutputFile]] = []
    for name in formats:
        output_format = format_of(name)
        with calling_plugin(
            f"the output format {name}",
            plugin_of("pipekit_output_formats", name),
            hook="pipekit_output_formats",
            kind="format-raised",
            hint=f"run without it: take {name} out of the formats",
        ):
            files = list(output_format.render(view))
        for file in files:
            _check(name, file, [other for _, other in made])
            made.append((name, file))
    if replies is not None:
        raw = _raw_replies(replies())
        _check(_RAW, raw, [other for _, other in made])
        made.append((_RAW, raw))
    return made


def _raw_replies(entries: Iterable[Entry]) -> OutputFile:
    """What models said, word for word, a JSON line each, in the order of coming; also what was of no use."""
    lines: list[bytes] = []
    for entry in entries:
        if entry.kind == "reply":
            item = entry.key.rpartition("/")[0].replace("%2F", "/").replace("%25", "%")
            said = mask_values(entry.value)
            assert isinstance(said, dict)
            lines.append(encode({"step": entry.step, "attempt": entry.attempt, "item": item or None, **said}) + b"\n")
    return OutputFile(path="raw-replies.jsonl", content=b"".join(lines))


def _check(name: str, file: Any, others: Sequence[OutputFile]) -> None:
    """Refuse what is no output file, a path that some system can't hold, and one that is another file's already."""
    reason = ""
    if not isinstance(file, OutputFile):
        reason = f"gave something that is no OutputFile: {file!r:.80}"
    elif not _is_filled(file.path, file.content):
        reason = f"gave a file whose path is no text, or whose content is no bytes: {file.path!r:.80}"
    else:
        try:
            check_path(f"output/{file.path}")
        except StateError as error:
            reason = f"gave a path that can't be kept, {error.message.partition(', ')[2]}"
        mine = file.path.lower()
        for other in (one.path.lower() for one in others):
            # Names that differ in case only are one file on many systems.
            if mine == other or mine.startswith(f"{other}/") or other.startswith(f"{mine}/"):
                reason = reason or f"gave two files that can't lie beside each other: {file.path!r}"
    if reason:
        raise PluginError(
            f"the output format {name} {reason}",
            hook="pipekit_output_formats",
            kind="format-path",
            hint=f"run without it: take {name} out of the formats",
        )


def _is_filled(path: object, content: object) -> bool:
    return isinstance(path, str) and isinstance(content, bytes)


def copy_outputs(store: StateStore, record: RunRecord, folder: Path) -> list[Path]:
    """Copy a run's output files to ``folder``, each replaced whole; the paths. `StorageError` when the disk refuses."""
    written: list[Path] = []
    for ref in record.outputs:
        target = folder / ref.path.removeprefix("output/")
        _replace(target, store.read(record.run_id, ref.path), record.run_id)
        written.append(target)
    return written


def _replace(target: Path, content: bytes, run_id: str) -> None:
    temporary = target.with_name(f".{secrets.token_hex(8)}")  # short: the name itself may be as long as can be
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageError(
            f"can't be written: {error.strerror}",
            path=str(target),
            errno=error.errno,
            run_id=run_id,
            hint=f"the outputs are kept in the run; see them: pipekit open {run_id}\n"
            f"copy them to a folder that can be written: pipekit resume {run_id} --set output.dir=FOLDER",
        ) from error
