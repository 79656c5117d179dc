"""Files that the team owns, in YAML beside the configuration: read strictly, each mistake named with its place.

`team_file` finds and reads one, `Reader` takes its nodes apart. Which keys there are is the business of whoever reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from attrs import frozen

from pipekit.errors import ConfigError
from pipekit.yaml_nodes import CORE, NotYamlError, compose

__all__ = ["Reader", "TeamFile", "is_null", "kind_of", "team_file"]

#: A longer file is refused, in bytes.
MAX_FILE = 200_000


@frozen(kw_only=True)
class TeamFile:
    """A file as it was read; ``path`` is for messages."""

    path: str
    text: str


def team_file(folder: Path, name: str | None, *, default: str, called: str, setting: str) -> TeamFile | None:
    """The file ``name`` relative to ``folder``, which must be there, else ``default`` where that is there.

    ``called`` is what people call such a file, ``setting`` the setting that names it. Raises `ConfigError` for a file
    that is missing, too large, unreadable or not UTF-8.
    """
    path = folder / (name or default)
    if name is None and not path.exists():
        return None
    try:
        if path.stat().st_size > MAX_FILE:
            raise ConfigError(
                f"{called} is larger than {MAX_FILE // 1000} KB",
                file=str(path),
                hint="give it what the team agreed on and nothing else",
            )
        return TeamFile(path=str(path), text=path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{called} is not UTF-8", file=str(path), hint="save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(
            f"{called} can't be read: {error.strerror or error}",
            file=str(path),
            field=setting,
            hint=f"make the file, or leave the setting out to use {default} or the default",
        ) from error


class Reader:
    """Takes the nodes of one file apart, and names the place of what doesn't fit.

    ``called`` is how messages about the file as a whole begin, ``short`` how those about a place in it do.
    """

    def __init__(self, file: str, *, called: str, short: str) -> None:
        self._file = file
        self._called = called
        self._short = short

    def root(self, text: str) -> Any:
        """The root node, None for an empty file."""
        try:
            return compose(text)
        except NotYamlError as error:
            line, column = error.place or (None, None)
            raise ConfigError(
                f"{self._called} is no valid YAML: {error.problem}",
                file=self._file,
                line=line,
                column=column,
                hint="correct the line; texts with a colon need quotes",
            ) from error

    def pairs(self, node: Any, field: str, names: tuple[str, ...], *, shape: str) -> list[tuple[str, Any, Any]]:
        """(name, key node, value node) of a mapping with these names, written in any case, with or without dashes.

        ``shape`` says what is expected here, for whoever wrote something else.
        """
        from difflib import get_close_matches

        if kind_of(node) != "mapping":
            self.fail(node, field, f"keys and values are expected ({', '.join(names)})", shape)
        plain = {_plain(name): name for name in names}
        pairs: list[tuple[str, Any, Any]] = []
        for key, value in node.value:
            written = key.value if isinstance(key.value, str) else str(key.value)[:20]
            name = plain.get(_plain(written))
            at = f"{field}.{written}".lstrip(".")
            if name is None:
                near = get_close_matches(_plain(written), plain, n=1)
                hint = f"did you mean {plain[near[0]]}?" if near else f"known here: {', '.join(names)}"
                self.fail(key, at, f"{written!r} is not known here", hint)
            if any(name == other for other, _, _ in pairs):
                self.fail(key, at, f"{written!r} stands here twice", "leave one of the two out")
            pairs.append((name, key, value))
        return pairs

    def text(self, field: str, node: Any) -> str:
        """A text on one line, white space folded; never an empty one."""
        text = " ".join(node.value.split()) if kind_of(node) == "scalar" else ""
        if not node.tag.startswith(CORE) or "/" in node.tag:
            self.fail(node, field, f"the tag {node.tag} is not allowed here", "leave the tag out")
        if not text or is_null(node):
            self.fail(node, field, "text is missing here", "write words; put quotes around what looks like a list")
        return text

    def whole_number(self, field: str, node: Any, *, example: int) -> int:
        """A whole number from 0 on."""
        name = field.rsplit(".", 1)[-1]
        value = node.value if node.tag == f"{CORE}int" else None
        if not isinstance(value, str) or not value.isdecimal() or len(value) > 6:
            self.fail(node, field, f"{name} is no whole number from 0 on", f"for example {name}: {example}")
        return int(value)

    def number(self, field: str, node: Any, *, example: float) -> float:
        """A number from 0 on, whole or not."""
        name = field.rsplit(".", 1)[-1]
        text = node.value if node.tag in (f"{CORE}int", f"{CORE}float") else ""
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0.0 <= value < float("inf"):
            self.fail(node, field, f"{name} is no number from 0 on", f"for example {name}: {example}")
        return value

    def fail(self, node: Any, field: str, message: str, hint: str) -> NoReturn:
        """Raise `ConfigError` at the place of a node."""
        mark = getattr(node, "start_mark", None)
        raise ConfigError(
            f"{self._short}: {message}",
            file=self._file,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
            field=field,
            hint=hint,
        )


def kind_of(node: Any) -> str:
    """What a node is (scalar, sequence, mapping); an empty file has none."""
    return str(node.id) if node is not None else ""


def is_null(node: Any) -> bool:
    """Whether it stands for nothing."""
    return bool(node.tag == f"{CORE}null")


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").casefold()
