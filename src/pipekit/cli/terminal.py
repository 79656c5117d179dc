"""What is written to the terminal: text that steers no terminal, JSON that any reader takes, tables that line up.

Every answer passes here, and so does what it quotes: secrets are masked in all of them.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import IO, NamedTuple

import click

from pipekit.secrecy import mask, mask_values

__all__ = ["Talk", "clean", "one_line", "print_json", "print_table", "say", "talk"]

# Whole escape sequences first, so that their parameters don't stay behind as text.
_SEQUENCES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC: titles, links
    r"|\x1b[PX^_].*?(?:\x1b\\|\Z)"  # DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
# The rest of the C0 and C1 controls but tab and newline, and the marks that change the direction of text.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


#: Columns of a terminal below which a folded cell is no pleasure to read.
_READABLE = 12


class Talk(NamedTuple):
    """How this call wants to be answered, and the ``arguments`` it was made with."""

    json: bool = False
    debug: bool = False
    arguments: tuple[str, ...] = ()

    @classmethod
    def from_arguments(cls, argv: Sequence[str]) -> Talk:
        """Read from the arguments themselves, so that it is known even when they don't parse."""
        own = argv[: argv.index("--")] if "--" in argv else argv
        return cls(json="--json" in own, debug="--debug" in own, arguments=tuple(argv))


def talk() -> Talk:
    """How the command under way wants to be answered."""
    context = click.get_current_context(silent=True)
    found = context.find_root().obj if context else None
    return found if isinstance(found, Talk) else Talk()


def clean(text: str) -> str:
    """Text without terminal control sequences, control characters and marks that reorder what one sees."""
    return _CONTROLS.sub("", _SEQUENCES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def one_line(value: object) -> str:
    """A value for one cell or line: cleaned, white space folded; nothing is a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    # Masked before it is folded: a secret of several lines would not be known again.
    return " ".join(clean(mask(str(value))).split())


def say(text: str = "", *, err: bool = False) -> None:
    """Write a text for people, and end the line."""
    stream = sys.stderr if err else sys.stdout
    if stream is not None:
        stream.write(clean(mask(text)) + "\n")
        stream.flush()


def print_json(document: object) -> None:
    """Write one JSON document to standard output; plain ASCII where the terminal isn't UTF-8."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("_", "-")
    ascii_only = encoding not in ("utf-8", "utf8")
    document = mask_values(document)
    text = json.dumps(document, indent=2, ensure_ascii=ascii_only, allow_nan=False, default=_plain)
    try:
        text.encode()
    except UnicodeEncodeError:  # a file name that is no UTF-8
        text = json.dumps(document, indent=2, allow_nan=False, default=_plain)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return mask(str(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return mask_values(value)
    if isinstance(value, (set, frozenset)):
        return mask_values(sorted(value))
    raise TypeError(f"{type(value).__name__} is no JSON")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table: folded to the width of a terminal, else plain columns that are never cut.

    On a terminal that is too narrow for columns every row is a block, with a line for each value.
    """
    cells = [[one_line(value) for value in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(columns, cells, sys.stdout)
    else:
        _print_plain(columns, cells)


def _print_rich(columns: Sequence[str], cells: Sequence[Sequence[str]], stream: IO[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    if _least_width(columns, cells) > console.width:
        _print_blocks(columns, cells)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, column in enumerate(columns):
        number = bool(cells) and all(row[index].replace(".", "", 1).isdigit() or row[index] == "–" for row in cells)
        table.add_column(Text(column), justify="right" if number else "left", no_wrap=index == 0)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _widths(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    return [max(_width(line[index]) for line in (columns, *cells)) for index in range(len(columns))]


def _least_width(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """What a table needs for its first column and some of each other, and three places between two of them."""
    first, *others = _widths(columns, cells)
    return first + sum(3 + min(width, _READABLE) for width in others)


def _print_blocks(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    # A first column without a title is a number that belongs to the name beside it.
    head = next((index for index, column in enumerate(columns) if column.strip()), 0)
    for row in cells:
        say(" ".join(cell for cell in row[: head + 1] if cell))
        for column, cell in zip(columns[head + 1 :], row[head + 1 :], strict=True):
            if cell not in ("", "–"):
                say(f"  {column}: {cell}" if column.strip() else f"  {cell}")


def _print_plain(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    widths = _widths(columns, cells)
    for line in (columns, *cells):
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
        say("  ".join(padded).rstrip())


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in text)
    return len(text) + wide - sum(unicodedata.combining(one) > 0 for one in text)
