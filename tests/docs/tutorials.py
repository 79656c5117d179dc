"""A tutorial as what a reader does: files to save, and commands with what they show."""

from __future__ import annotations

import codecs
import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen

__all__ = ["Command", "File", "answered", "beside", "matches", "steps_of", "told"]

_SAVED = re.compile(r"Save (?:this )?as `([^`]+)`")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Any text within a line; alone on one, any lines.
_LEFT_OUT = "…"


@frozen
class File:
    """Something that the reader saves."""

    name: str
    content: str


@frozen
class Command:
    """Something that the reader types, what is typed into it (after ``> ``), and what is seen."""

    line: str
    typed: tuple[str, ...]
    shown: str


def steps_of(page: str) -> Iterator[File | Command]:
    """What a page has the reader do, in order."""
    end = 0
    for fence in _FENCE.finditer(page):
        kind, content = fence.groups()
        saved = list(_SAVED.finditer(page[end : fence.start()]))
        end = fence.end()
        if kind == "console":
            for part in re.split(r"^(?=\$ )", content, flags=re.MULTILINE):
                line, _, shown = part.partition("\n")
                if line:
                    typed = tuple(re.findall(r"^> (.+)$", shown, flags=re.MULTILINE))
                    yield Command(line.removeprefix("$ "), typed, shown)
        elif saved:
            yield File(saved[-1].group(1), content)


def matches(shown: str, seen: str) -> bool:
    """Whether what is seen is what the page shows: line by line, blanks at their ends and what it leaves out aside."""
    lines = [line.rstrip() for line in shown.strip("\n").split("\n")]
    parts = [r"(?:.*\n)*?" if line == _LEFT_OUT else _line(line) + r"\n" for line in lines]
    ours = "".join(f"{line.rstrip()}\n" for line in seen.strip("\n").split("\n"))
    return re.fullmatch("".join(parts), ours) is not None


def _line(line: str) -> str:
    if line.endswith(f" {_LEFT_OUT}"):
        line = line.removesuffix(f" {_LEFT_OUT}") + _LEFT_OUT  # also where nothing follows
    return ".*".join(re.escape(part) for part in line.split(_LEFT_OUT))


def answered(command: Command, folder: Path, environ: Mapping[str, str]) -> str:
    """What a terminal shows of the command, with what is typed typed as soon as it is asked for."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
    process = subprocess.Popen(
        ["bash", "-c", command.line], cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = ""
    left = list(command.typed)
    # What is read may end in the middle of a letter.
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while part := _read(ours):
            seen += decoder.decode(part).replace("\r", "")
            if left and seen.endswith("> "):
                os.write(ours, (left.pop(0) + "\n").encode())
    finally:
        os.close(ours)
        if process.poll() is None and left:
            process.kill()
        process.wait(timeout=30)
    assert not left, f"never asked for: {left}"
    return seen


def _read(fd: int) -> bytes:
    """What the terminal shows next; nothing when the command has ended."""
    try:
        return os.read(fd, 65536)
    except OSError:  # the way a terminal of Linux ends
        return b""


def told(folder: Path, environ: Mapping[str, str], line: str) -> str:
    """What a command without questions shows, errors among the rest; ``pipekit`` is this environment's."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return done.stdout.decode()


def beside(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a reader whose commands are this interpreter's."""
    path = os.pathsep.join([str(Path(sys.executable).parent), environ["PATH"]])
    return {**environ, "PATH": path, "TERM": "dumb", "COLUMNS": "120", "BROWSER": "true %s"}
