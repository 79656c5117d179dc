"""Output files on their way: rendered by the formats, checked, and copied to where the user wants them."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipekit.errors import PluginError, StateError, StorageError, UsageError
from pipekit.interfaces.output_formats import FormatName, OutputFile, OutputFormat, RunView
from pipekit.interfaces.state_stores import Entry, StateStore
from pipekit.plugins.calling import PluginOf, calling_plugin, nobody
from pipekit.secrecy import mask_values
from pipekit.serde import encode
from pipekit.state.fingerprint import digest
from pipekit.state.record import BlobRef, RunRecord
from pipekit.stores.layout import check_path
from pipekit.verifying import read_verified

__all__ = ["changed_copies", "copy_outputs", "read_output", "render"]

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
            try:
                files = list(output_format.render(view))
            except UsageError as error:
                if error.kind != "no-artifact":
                    raise
                # Nobody's use of the command is wrong: the format reads what it doesn't say it needs.
                raise LookupError(error.message) from error
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


def copy_outputs(
    store: StateStore,
    record: RunRecord,
    folder: Path,
    before: Iterable[BlobRef] = (),
    warn: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Copy a run's output files to ``folder``, each replaced whole; their paths there.

    ``before`` are the outputs that the run had before. A copy that is none of them and not what is to be written
    either was changed by somebody: it is left as it is where the output is the same as before, and else kept beside
    the new one under another name, which ``warn`` is told. `StateError` for an output that isn't what was committed,
    before anything is copied; `StorageError` when the disk refuses, or when a link in the place of a folder leads to
    files that are not the run's: a project that was received may bring one.
    """
    for ref in record.outputs:
        _check_no_links(_target(ref, folder), folder, record.run_id)
    files = [(ref, _target(ref, folder), read_output(store, record, ref)) for ref in record.outputs]
    old = {ref.path: ref.sha256 for ref in before}
    for ref, target, content in files:
        there = _digest(target, record.run_id)
        if there == ref.sha256:
            continue
        if there is not None and there != old.get(ref.path):
            if old.get(ref.path) == ref.sha256:
                continue
            aside = _aside(target)
            with _writing(target, record.run_id):
                target.rename(aside)
            warn(f"{target} was changed since it was copied; it is kept as {aside.name}")
        _replace(target, content, record.run_id)
    return [target for _, target, _ in files]


def changed_copies(record: RunRecord, folder: Path, paths: Container[str]) -> list[Path]:
    """Which copies of these outputs in ``folder`` aren't what was copied there."""
    found = [(ref, _target(ref, folder)) for ref in record.outputs if ref.path in paths]
    return [target for ref, target in found if _digest(target, record.run_id) not in {None, ref.sha256}]


def read_output(store: StateStore, record: RunRecord, ref: BlobRef) -> bytes:
    """An output of a run as it was committed; `StateError` for one that was changed since, or is missing."""
    maker = next((step for step in record.step_outputs.values() if ref.path in step.outputs), None)
    if maker is None:
        again = f"pipekit format {record.run_id} (move the changed file away first)"
    else:
        again = f"pipekit resume {record.run_id} --from-step {maker.key} (the changed file is kept under history/)"
    hint = f"to use it as it is, copy it from the run; to have it made again: {again}"
    step = maker.name if maker else None
    try:
        return read_verified(store, record.run_id, ref.path, ref.sha256, hint=hint, step=step)
    except StateError as error:
        if error.kind == "missing":
            error.hint = f"have it made again: pipekit format {record.run_id}"
        raise


def _target(ref: BlobRef, folder: Path) -> Path:
    return folder / ref.path.removeprefix("output/")


def _check_no_links(target: Path, folder: Path, run_id: str) -> None:
    for place in (folder / part for part in target.relative_to(folder).parents):
        if place.is_symlink():
            raise StorageError(
                "is a link in the place of a folder for outputs, and nothing is written through it",
                path=str(place),
                run_id=run_id,
                hint=f"remove the link, then: pipekit format {run_id}",
            )


def _digest(target: Path, run_id: str) -> str | None:
    """What lies there, None for no file."""
    with _writing(target, run_id):
        return digest(target.read_bytes()) if target.is_file() else None


def _aside(target: Path) -> Path:
    """A free name beside: summary.md becomes summary.edited-1.md."""
    numbered = (target.with_name(f"{target.stem}.edited-{number}{target.suffix}") for number in itertools.count(1))
    return next(path for path in numbered if not os.path.lexists(path))


def _replace(target: Path, content: bytes, run_id: str) -> None:
    temporary = target.with_name(f".{secrets.token_hex(8)}")  # short: the name itself may be as long as can be
    with _writing(target, run_id):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            temporary.replace(target)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _writing(target: Path, run_id: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"can't be written: {error.strerror}",
            path=str(target),
            errno=error.errno,
            run_id=run_id,
            hint=f"the outputs are kept in the run; see them: pipekit open {run_id}\n"
            f"copy them to a folder that can be written: pipekit resume {run_id} --set output.dir=FOLDER",
        ) from error
