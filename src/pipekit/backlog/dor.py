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
from typing import Any

from attrs import evolve, field, frozen

from pipekit.backlog.team_files import Reader, is_null, kind_of, team_file

__all__ = [
    "CHECKS",
    "FILE_NAME",
    "CheckKind",
    "Criterion",
    "DefinitionOfReady",
    "default_dor",
    "find_dor",
    "parse_dor",
    "shipped_text",
]


@frozen(kw_only=True)
class CheckKind:
    """A computed check: what it looks at, in words for the file's comments, and the numbers that it takes."""

    looks_at: str
    numbers: Mapping[str, int] = field(factory=dict)


#: The computed checks, with the defaults of their numbers.
CHECKS: Mapping[str, CheckKind] = {
    "clear-title": CheckKind(
        looks_at="the title's words and characters, and that it names something",
        numbers={"atLeast": 2, "atMost": 80},
    ),
    "business-context": CheckKind(looks_at="the description, or the talk, says why it is wanted"),
    "acceptance-criteria": CheckKind(looks_at="how many were stated", numbers={"atLeast": 2}),
    "open-questions": CheckKind(looks_at="how many critical questions are open", numbers={"atMost": 0}),
    "dependencies": CheckKind(looks_at="whether what it waits for is known"),
    "estimate": CheckKind(looks_at="whether somebody said how much work it is"),
    "size": CheckKind(looks_at="the estimate in points is small enough", numbers={"atMost": 13}),
    "approach": CheckKind(looks_at="whether somebody said how it could be built"),
    "next-step": CheckKind(looks_at="whether somebody takes it on, or says that it can start"),
    "scope": CheckKind(looks_at="how many phrases leave the scope without bounds", numbers={"atMost": 0}),
    "risks": CheckKind(looks_at="how many risks and unknowns nobody takes care of", numbers={"atMost": 0}),
    "test-scenarios": CheckKind(looks_at="how many criteria tell of a special case", numbers={"atLeast": 1}),
    "confidence": CheckKind(looks_at="the overall confidence, 0 to 100", numbers={"atLeast": 60}),
    "evidence": CheckKind(
        looks_at="how many of the item and its criteria rest on words that aren't in the meeting",
        numbers={"atMost": 0},
    ),
    "new-item": CheckKind(looks_at="that no earlier item is the same, where earlier ones are searched"),
}

#: The file's name beside the configuration.
FILE_NAME = "dor.yaml"
_CALLED = "the Definition of Ready"
_EVIDENCE = "What is said to come from the meeting is found there"
_SHAPE = "required: and recommended: each take a list; a criterion is text: with or without check:"


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
        kind = CHECKS.get(self.check or "")
        return (kind.numbers.get(name, 0) if kind else 0) if given is None else given


@frozen(kw_only=True)
class DefinitionOfReady:
    """All criteria, in the order of the file; ``required`` is never empty."""

    required: tuple[Criterion, ...]
    recommended: tuple[Criterion, ...] = ()

    def requiring_evidence(self) -> DefinitionOfReady:
        """The same, and that a candidate's words are in the meeting; as it is where the team requires that already."""
        if any(one.check == "evidence" for one in self.required):
            return self
        return evolve(self, required=(*self.required, Criterion(text=_EVIDENCE, check="evidence")))

    def digest(self) -> str:
        """A short digest of all criteria: two files that say the same have the same one."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@cache
def default_dor() -> DefinitionOfReady:
    """The Definition of Ready that comes with pipekit."""
    return parse_dor(shipped_text(), "pipekit/backlog/data/dor.yaml")


def shipped_text() -> str:
    """The file that comes with pipekit."""
    from importlib.resources import files

    return files("pipekit.backlog").joinpath("data").joinpath("dor.yaml").read_text("utf-8")


def find_dor(folder: Path, name: str | None = None) -> DefinitionOfReady:
    """The team's file: ``name`` relative to ``folder``, which must be there, else ``dor.yaml``, else the default.

    Raises `ConfigError` with file, line and field for a file that is missing, unreadable or wrong.
    """
    found = team_file(folder, name, default=FILE_NAME, called=_CALLED, setting="steps.check-readiness.dor")
    return default_dor() if found is None else parse_dor(found.text, found.path)


def parse_dor(text: str, file: str) -> DefinitionOfReady:
    """The Definition of Ready in ``text``; ``file`` is for messages. Raises `ConfigError` with line and field."""
    reader = Reader(file, called=_CALLED, short="Definition of Ready")
    root = reader.root(text)
    lists: dict[str, tuple[Criterion, ...]] = {}
    texts: set[str] = set()
    for name, key, value in reader.pairs(root, "", ("required", "recommended"), shape=_SHAPE):
        lists[name] = _criteria(reader, name, key, value, texts)
    if not lists.get("required"):
        reader.fail(root, "required", "it requires nothing", "list at least one criterion under required:")
    return DefinitionOfReady(required=lists["required"], recommended=lists.get("recommended", ()))


def _criteria(reader: Reader, name: str, key: Any, node: Any, texts: set[str]) -> tuple[Criterion, ...]:
    """The criteria of one list; ``texts`` are those that stood before it, and grow."""
    if is_null(node):
        return ()
    if kind_of(node) != "sequence":
        reader.fail(key, name, f"{name} is no list", f"write each criterion under {name}: on a line with a dash")
    found: list[Criterion] = []
    for index, item in enumerate(node.value):
        criterion = _criterion(reader, f"{name}[{index}]", item)
        if criterion.text.casefold() in texts:
            reader.fail(item, f"{name}[{index}]", f"{criterion.text!r} stands in it twice", "leave one of the two out")
        texts.add(criterion.text.casefold())
        found.append(criterion)
    return tuple(found)


def _criterion(reader: Reader, at: str, node: Any) -> Criterion:
    if kind_of(node) == "scalar":
        return Criterion(text=reader.text(at, node))
    keys = ("text", "check", "atLeast", "atMost")
    found = {name: value for name, _, value in reader.pairs(node, at, keys, shape=_SHAPE)}
    if "text" not in found:
        reader.fail(node, at, "a criterion has no text", "say in words what has to be true, as text:")
    check = _check(reader, f"{at}.check", found["check"]) if "check" in found else None
    numbers = {name: _number(reader, f"{at}.{name}", found[name], check) for name in found if name.startswith("at")}
    return Criterion(
        text=reader.text(f"{at}.text", found["text"]),
        check=check,
        at_least=numbers.get("atLeast"),
        at_most=numbers.get("atMost"),
    )


def _check(reader: Reader, at: str, node: Any) -> str:
    from difflib import get_close_matches

    name = reader.text(at, node)
    if name not in CHECKS:
        near = get_close_matches(name, CHECKS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"checks: {', '.join(CHECKS)}; or text alone"
        reader.fail(node, at, f"there is no check {name!r}", hint)
    return name


def _number(reader: Reader, at: str, node: Any, check: str | None) -> int:
    name = at.rsplit(".", 1)[-1]
    takes = CHECKS[check].numbers if check else {}
    if name not in takes:
        about = f"the check {check}" if check else "a criterion without a check"
        reader.fail(node, at, f"{about} takes no {name}", "leave it out")
    return reader.whole_number(at, node, example=takes[name])
