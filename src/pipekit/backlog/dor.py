"""The Definition of Ready: a YAML file that the team owns, or the default one.

    required:
      - text: At least two acceptance criteria are stated
        check: acceptance-criteria
        atLeast: 2
      - The design is signed off          # text alone: a model or a person answers it

A candidate is ready when all that is required passes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from attrs import frozen

from pipekit.errors import ConfigError
from pipekit.yaml_nodes import CORE, NotYamlError, compose

__all__ = ["CHECKS", "Criterion", "DefinitionOfReady", "default_dor", "find_dor", "parse_dor"]

#: The computed checks, and the numbers that each of them takes with their defaults.
CHECKS: Mapping[str, Mapping[str, int]] = {
    "clear-title": {"atLeast": 2, "atMost": 80},
    "business-context": {},
    "acceptance-criteria": {"atLeast": 2},
    "open-questions": {"atMost": 0},
    "dependencies": {},
    "estimate": {},
    "approach": {},
    "risks": {"atMost": 0},
    "test-scenarios": {"atLeast": 1},
}

#: The file's name beside the configuration.
FILE_NAME = "dor.yaml"
#: A longer file is refused, in bytes.
MAX_FILE = 200_000


@frozen(kw_only=True)
class Criterion:
    """One criterion; without a ``check`` a model or a person answers it."""

    text: str
    check: str | None = None
    at_least: int | None = None
    at_most: int | None = None

    def least(self) -> int:
        """``atLeast``, or the check's default."""
        return self._number("atLeast", self.at_least)

    def most(self) -> int:
        """``atMost``, or the check's default."""
        return self._number("atMost", self.at_most)

    def _number(self, name: str, given: int | None) -> int:
        return CHECKS.get(self.check or "", {}).get(name, 0) if given is None else given


@frozen(kw_only=True)
class DefinitionOfReady:
    """All criteria, in the order of the file; ``required`` is never empty."""

    required: tuple[Criterion, ...]
    recommended: tuple[Criterion, ...] = ()

    def digest(self) -> str:
        """A short digest of all criteria: two files that say the same have the same one."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@cache
def default_dor() -> DefinitionOfReady:
    """The Definition of Ready that comes with pipekit."""
    from importlib.resources import files

    name = "pipekit/backlog/data/dor.yaml"
    return parse_dor(files("pipekit.backlog").joinpath("data").joinpath("dor.yaml").read_text("utf-8"), name)


def find_dor(folder: Path, name: str | None = None) -> DefinitionOfReady:
    """The team's file: ``name`` relative to ``folder``, which must be there, else ``dor.yaml``, else the default.

    Raises `ConfigError` with file, line and field for a file that is missing, unreadable or wrong.
    """
    path = folder / (name or FILE_NAME)
    if name is None and not path.exists():
        return default_dor()
    try:
        if path.stat().st_size > MAX_FILE:
            raise ConfigError(
                f"the Definition of Ready is larger than {MAX_FILE // 1000} KB",
                file=str(path),
                hint="give it the team's criteria and nothing else",
            )
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("the Definition of Ready is not UTF-8", file=str(path), hint="save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(
            f"the Definition of Ready can't be read: {error.strerror or error}",
            file=str(path),
            field="steps.check-readiness.dor",
            hint=f"make the file, or leave the setting out to use {FILE_NAME} or the default",
        ) from error
    return parse_dor(text, str(path))


def parse_dor(text: str, file: str) -> DefinitionOfReady:
    """The Definition of Ready in ``text``; ``file`` is for messages. Raises `ConfigError` with line and field."""
    try:
        root = compose(text)
    except NotYamlError as error:
        line, column = error.place or (None, None)
        raise ConfigError(
            f"the Definition of Ready is no valid YAML: {error.problem}",
            file=file,
            line=line,
            column=column,
            hint="correct the line; texts with a colon need quotes",
        ) from error
    return _Reader(file).definition(root)


class _Reader:
    """Reads YAML nodes into values, and names the place of what doesn't fit."""

    def __init__(self, file: str) -> None:
        self._file = file

    def definition(self, root: Any) -> DefinitionOfReady:
        lists: dict[str, tuple[Criterion, ...]] = {}
        for name, key, value in self._pairs(root, "", ("required", "recommended")):
            lists[name] = self._criteria(name, key, value)
        if not lists.get("required"):
            self._fail(root, "required", "it requires nothing", "list at least one criterion under required:")
        texts: set[str] = set()
        for criterion in (*lists["required"], *lists.get("recommended", ())):
            if criterion.text.casefold() in texts:
                self._fail(root, criterion.text, f"{criterion.text!r} stands in it twice", "leave one of the two out")
            texts.add(criterion.text.casefold())
        return DefinitionOfReady(required=lists["required"], recommended=lists.get("recommended", ()))

    def _criteria(self, name: str, key: Any, node: Any) -> tuple[Criterion, ...]:
        if _is_null(node):
            return ()
        if _kind(node) != "sequence":
            self._fail(key, name, f"{name} is no list", f"write each criterion under {name}: on a line with a dash")
        return tuple(self._criterion(f"{name}[{index}]", item) for index, item in enumerate(node.value))

    def _criterion(self, field: str, node: Any) -> Criterion:
        if _kind(node) == "scalar":
            return Criterion(text=self._text(field, node))
        found = {name: value for name, _, value in self._pairs(node, field, ("text", "check", "atLeast", "atMost"))}
        if "text" not in found:
            self._fail(node, field, "a criterion has no text", "say in words what has to be true, as text:")
        check = self._check(f"{field}.check", found["check"]) if "check" in found else None
        numbers = {name: self._number(f"{field}.{name}", found[name], check) for name in found if name.startswith("at")}
        return Criterion(
            text=self._text(f"{field}.text", found["text"]),
            check=check,
            at_least=numbers.get("atLeast"),
            at_most=numbers.get("atMost"),
        )

    def _check(self, field: str, node: Any) -> str:
        from difflib import get_close_matches

        name = self._text(field, node)
        if name not in CHECKS:
            near = get_close_matches(name, CHECKS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"checks: {', '.join(CHECKS)}; or text alone"
            self._fail(node, field, f"there is no check {name!r}", hint)
        return name

    def _number(self, field: str, node: Any, check: str | None) -> int:
        name = field.rsplit(".", 1)[-1]
        if name not in CHECKS.get(check or "", {}):
            about = f"the check {check}" if check else "a criterion without a check"
            self._fail(node, field, f"{about} takes no {name}", "leave it out")
        value = node.value if node.tag == f"{CORE}int" else None
        if not isinstance(value, str) or not value.isdecimal() or len(value) > 6:
            self._fail(
                node, field, f"{name} is no whole number from 0 on", f"for example {name}: {CHECKS[check or ''][name]}"
            )
        return int(value)

    def _text(self, field: str, node: Any) -> str:
        text = " ".join(node.value.split()) if _kind(node) == "scalar" else ""
        if not node.tag.startswith(CORE) or "/" in node.tag:
            self._fail(node, field, f"the tag {node.tag} is not allowed here", "leave the tag out")
        if not text or _is_null(node):
            self._fail(node, field, "text is missing here", "write words; put quotes around what looks like a list")
        return text

    def _pairs(self, node: Any, field: str, names: tuple[str, ...]) -> list[tuple[str, Any, Any]]:
        """(name, key node, value node) of a mapping with these names, written in any case, with or without dashes."""
        from difflib import get_close_matches

        if _kind(node) != "mapping":
            self._fail(
                node,
                field,
                f"keys and values are expected ({', '.join(names)})",
                "required: and recommended: each take a list; a criterion is text: with or without check:",
            )
        plain = {_plain(name): name for name in names}
        pairs: list[tuple[str, Any, Any]] = []
        for key, value in node.value:
            written = key.value if isinstance(key.value, str) else str(key.value)[:20]
            name = plain.get(_plain(written))
            at = f"{field}.{written}".lstrip(".")
            if name is None:
                near = get_close_matches(_plain(written), plain, n=1)
                hint = f"did you mean {plain[near[0]]}?" if near else f"known here: {', '.join(names)}"
                self._fail(key, at, f"{written!r} is not known here", hint)
            if any(name == other for other, _, _ in pairs):
                self._fail(key, at, f"{written!r} stands here twice", "leave one of the two out")
            pairs.append((name, key, value))
        return pairs

    def _fail(self, node: Any, field: str, message: str, hint: str) -> NoReturn:
        mark = getattr(node, "start_mark", None)
        raise ConfigError(
            f"Definition of Ready: {message}",
            file=self._file,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
            field=field,
            hint=hint,
        )


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").casefold()


def _kind(node: Any) -> str:
    """What a node is; an empty file has none."""
    return str(node.id) if node is not None else ""


def _is_null(node: Any) -> bool:
    return bool(node.tag == f"{CORE}null")
