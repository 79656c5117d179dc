"""From what a caller hands over to the workflow's first artifact: bytes, a loader, a value."""

from __future__ import annotations

import contextlib
import os
import shlex
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from pipekit.arguments import expect
from pipekit.errors import InputError, PipekitError, UsageError
from pipekit.input_values import Input, Merged, Text
from pipekit.interfaces.loaders import Loader, Source
from pipekit.merging import MERGED_PATH, merged_name, pack
from pipekit.plugins.calling import PluginOf, calling_plugin, nobody
from pipekit.plugins.quarantine import PluginInfo
from pipekit.serde import JSON, MisfitError, decode, encode, structure, unstructure

__all__ = ["Given", "load_value", "pick_loader", "read_input"]

#: How much of an input a loader sees to recognise its format.
HEAD = 64 * 1024
_TEXT_SUFFIXES = frozenset({"", ".txt", ".text", ".md", ".markdown", ".log"})


@frozen(kw_only=True)
class Given:
    """An input as it came: the name to show, the bytes to keep, how it was given, where to keep it in the run.

    Of several inputs that are merged, ``parts`` holds each, and the bytes are an archive of theirs.
    """

    name: str
    content: bytes
    kind: Literal["file", "text", "value", "merged"]
    value: Any = None
    parts: tuple[Given, ...] = ()

    @property
    def path(self) -> str:
        """The original's place in the run: its own suffix is kept when it isn't plain text."""
        if self.kind == "merged":
            return MERGED_PATH
        if self.kind == "value":
            return "input/original.json"
        suffix = Path(self.name).suffix.lower()
        usable = suffix.isascii() and suffix[1:].isalnum() and len(suffix) <= 9
        return f"input/original{suffix if usable and suffix not in _TEXT_SUFFIXES else '.txt'}"


def read_input(source: Input, *, input_type: type[object], limit: int, folder: Path) -> Given:
    """The bytes of an input; relative paths count from ``folder``. `InputError` says what is wrong with it."""
    if isinstance(source, Merged):
        return _merged(source, input_type=input_type, limit=limit, folder=folder)
    if isinstance(source, Text):
        expect(source.content, "the content of Text", str, "text")
        expect(source.name, "the name of Text", str, "text")
        return _checked(_from_text(source), limit)
    # Of tuple[Room, ...] the instances are those of tuple; what is in it shows when it is kept.
    kind: type[object] = typing.get_origin(input_type) or input_type
    if isinstance(source, (str, os.PathLike)) and not (kind is not str and isinstance(source, kind)):
        return _from_path(os.fspath(source), limit, folder)
    if callable(getattr(source, "read", None)) and not (kind is not object and isinstance(source, kind)):
        return _from_stream(source, limit)
    if isinstance(source, kind):
        try:
            content = encode(unstructure(source))
        except MisfitError as error:
            raise InputError(
                f"the {input_type.__name__} given can't be kept as JSON: {error}",
                kind="misfit",
                hint="an input is made of texts, numbers, lists and attrs classes of these",
            ) from error
        return Given(name=input_type.__name__, content=content, kind="value", value=source)
    expected = getattr(input_type, "__name__", str(input_type))
    raise UsageError(
        f"an input must be a path, Text(…), a binary stream or a {expected}, not {type(source).__name__}",
        hint='text goes in as Text("…"); a string is always a path',
    )


def _merged(source: Merged, *, input_type: type[object], limit: int, folder: Path) -> Given:
    """Every input, read with one limit for all of them; the first that can't be read is told by its name."""
    if not source.inputs or any(isinstance(one, Merged) for one in source.inputs):
        raise UsageError("Merged(…) takes inputs, at least one, and none of them merged itself")
    parts: list[Given] = []
    for one in source.inputs:
        left = limit - sum(len(part.content) for part in parts)
        part = read_input(one, input_type=input_type, limit=limit, folder=folder)
        if len(part.content) > left:
            raise _too_large(part.name, limit, None, "with those before it, ")
        parts.append(part)
    content = pack([(part.name, part.content) for part in parts])
    return Given(name=merged_name([part.name for part in parts]), content=content, kind="merged", parts=tuple(parts))


def _from_text(source: Text) -> Given:
    try:
        return Given(name=source.name, content=source.content.encode(), kind="text")
    except UnicodeEncodeError as error:
        raise InputError(
            f"holds a lone surrogate at character {error.start}",
            file=source.name,
            offset=error.start,
            kind="misfit",
            hint='decode it with errors="replace" first',
        ) from error


def _from_path(text: str, limit: int, folder: Path) -> Given:
    try:
        if not text:
            raise FileNotFoundError
        path = folder / text
        if path.is_dir():
            raise InputError(
                "is a folder, not a meeting or other input",
                file=text,
                kind="directory",
                hint=f"name a file: {shlex.join(['pipekit', 'run', text.rstrip('/') + '/FILE'])}",
            )
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > limit:
                raise _too_large(text, limit, size)
            content = stream.read(limit + 1)
    except FileNotFoundError as error:
        raise InputError(
            "no such file",
            file=text or "the empty path",
            kind="missing",
            hint="check the path; relative paths count from here",
        ) from error
    except PermissionError as error:
        raise InputError(
            "may not be read", file=text, kind="unreadable", hint="check the file's permissions"
        ) from error
    except (OSError, ValueError) as error:
        shown = ascii(text[:80])
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"can't be read ({reason})",
            file=shown,
            kind="unreadable",
            hint="name a plain file that you can read",
        ) from error
    return _checked(Given(name=text, content=content, kind="file"), limit)


def _from_stream(stream: Any, limit: int) -> Given:
    name = getattr(stream, "name", "stream")
    shown = name if isinstance(name, str) else "stream"
    parts: list[bytes] = []
    size = 0
    try:
        # A pipe gives what is there by now, and may give more later.
        while size <= limit:
            part = stream.read(limit + 1 - size)
            if part is None:  # it would have to wait for more, and was opened not to
                raise InputError(
                    "doesn't wait for what comes", file=shown, kind="unreadable", hint="hand over a blocking stream"
                )
            if not isinstance(part, bytes):
                raise UsageError("the stream gives text; open it in binary mode", hint='open(path, "rb")')
            if not part:
                break
            parts.append(part)
            size += len(part)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"can't be read ({reason})", file=shown, kind="unreadable", hint="hand over an open binary stream"
        ) from error
    name = shown.strip("<>") or "stream"
    if not size and _stands_behind_its_beginning(stream):
        raise InputError(
            "nothing is left of it: the stream was read to its end before",
            file=name,
            kind="empty",
            hint="stream.seek(0) goes back to its beginning",
        )
    return _checked(Given(name=name, content=b"".join(parts), kind="file"), limit)


def _stands_behind_its_beginning(stream: Any) -> bool:
    try:
        at = stream.tell()
    except (AttributeError, OSError, ValueError):  # a pipe has no place
        return False
    return isinstance(at, int) and at > 0


def _checked(given: Given, limit: int) -> Given:
    if len(given.content) > limit:
        raise _too_large(given.name, limit, None)
    if not given.content.strip():
        raise InputError("is empty", file=given.name, kind="empty", hint="hand over a file with something in it")
    return given


def _too_large(name: str, limit: int, size: int | None, before: str = "") -> InputError:
    limited = f"the limit is {limit:,} bytes"
    return InputError(
        f"is too large: {size:,} bytes, {limited}" if size else f"{before}is too large: {limited}",
        file=name,
        kind="too-large",
        hint="split it, or raise run.maxInputBytes in the configuration",
    )


def pick_loader(
    given: Given,
    loaders: Mapping[str, Loader[Any]],
    wanted: str | None,
    input_type: type[object],
    *,
    plugin_of: PluginOf = nobody,
    left_out: Callable[[PipekitError], None] | None = None,
) -> str | None:
    """The name of the loader for this input; None where the value needs none (a ready value, plain text, JSON).

    A loader that raises while it looks is left out when ``left_out`` is there to be told; else its error is raised.
    """
    if given.kind == "value":
        return None
    fitting = {name: loader for name, loader in loaders.items() if _gives(loader, input_type)}
    if wanted is not None:
        if wanted in fitting:
            return wanted
        raise UsageError(
            f"--input-format names no loader: {wanted!r}",
            hint=f"loaders of this workflow: {', '.join(fitting) or 'none'}",
        )
    if not fitting:
        return None
    head = given.content[:HEAD]
    sure: dict[str, float] = {}
    for name, loader in fitting.items():
        try:
            with _calling(name, plugin_of("pipekit_loaders", name), given):
                sure[name] = _share(loader.recognises(head, given.name))
        except PipekitError as error:
            if left_out is None:
                raise
            left_out(error)
    best = max(sure.values(), default=0.0)
    winners = [name for name, value in sure.items() if value == best]
    if best <= 0:
        raise InputError(
            "no loader recognises it",
            file=given.name,
            kind="unrecognised",
            hint=f"say what it is with --input-format ({', '.join(sure) or ', '.join(fitting)})",
        )
    if len(winners) > 1:
        raise InputError(
            f"it could be any of {', '.join(winners)}",
            file=given.name,
            kind="ambiguous",
            hint=f"say which with --input-format {winners[0]}",
        )
    return winners[0]


def _calling(name: str, plugin: PluginInfo | None, given: Given) -> contextlib.AbstractContextManager[None]:
    return calling_plugin(
        f"the loader {name}",
        plugin,
        hook="pipekit_loaders",
        kind="loader",
        where=given.name,
        hint="name another one with --input-format, or block its plugin: plugins.block",
    )


def _share(sure: float) -> float:
    if not 0 <= float(sure) <= 1:  # NaN, too: it would be larger than nothing and smaller than nothing
        raise ValueError(f"recognises gave {sure!r}, which is no number from 0 to 1")
    return float(sure)


def _gives(loader: Loader[Any], input_type: type[object]) -> bool:
    returns: Any = getattr(loader, "returns", None)  # a stranger's loader may say anything
    return isinstance(returns, type) and issubclass(returns, input_type)


def load_value(
    given: Given,
    loader: Loader[Any] | None,
    input_type: type[object],
    *,
    called: str = "",
    plugin: PluginInfo | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> tuple[Any, JSON]:
    """The workflow's first artifact, as a value and as plain JSON.

    ``called`` and ``plugin`` are the loader's name and where it came from; ``warn`` is told what it mended.
    """
    if given.kind == "value" and given.value is not None:
        return given.value, unstructure(given.value)
    try:
        if loader is not None:
            value = _loaded(given, loader, input_type, _calling(called or "given", plugin, given), warn)
        elif input_type is str:
            value = given.content.decode("utf-8-sig")
        else:
            value = structure(decode(given.content), input_type)
        plain = unstructure(value)
        encode(plain)
    except (MisfitError, UnicodeDecodeError) as error:
        raise _misfit(given, input_type, error) from error
    return value, plain


def _loaded(
    given: Given,
    loader: Loader[Any],
    input_type: type[object],
    guard: contextlib.AbstractContextManager[None],
    warn: Callable[[str], None],
) -> Any:
    source = Source(name=given.name, content=given.content)
    with guard:
        try:
            value = loader.load(source)
        except (MisfitError, UnicodeDecodeError) as error:
            # The loader found that this is not what it reads, which is no mistake of its own.
            raise _misfit(given, input_type, error) from error
        own: object = getattr(value, "warnings", ())
        # A field of this name with anything else in it is the workflow's own.
        kept = own if isinstance(own, (tuple, list)) and all(isinstance(text, str) for text in own) else ()
        for text in dict.fromkeys((*source.warnings, *kept)):
            warn(str(text))
        return value


def _misfit(given: Given, input_type: type[object], error: Exception) -> InputError:
    return InputError(
        f"is no {input_type.__name__}: {error}",
        file=given.name,
        kind="misfit",
        hint=f"this workflow reads a {input_type.__name__} as JSON" if input_type is not str else "use UTF-8",
    )
