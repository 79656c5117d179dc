"""Gold files: what a person says is right for the input beside them. All that is wrong in a folder is told at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import attrs
from attrs import frozen

from pipekit.config.faults import fault
from pipekit.config.files import parse_yaml, read_text
from pipekit.config.keys import fold_key
from pipekit.config.origin import Origin
from pipekit.config.structuring import field_names, fill
from pipekit.config.tree import Node
from pipekit.errors import ConfigError, InputError, PlanError
from pipekit.evaluation.scoring import GuardedScorer

__all__ = ["SUFFIX", "GoldCase", "GoldFolder", "read_gold"]

#: What the name of a gold file ends with.
SUFFIX = ".gold.yaml"
_INPUT = "file"


@frozen(kw_only=True)
class GoldCase:
    """An input with its known answer: ``name`` is the gold file's without its ending."""

    name: str
    source: Path
    gold: Any


@frozen(kw_only=True)
class GoldFolder:
    """The cases of a folder by name, and the files that are gold for something else than this workflow."""

    cases: tuple[GoldCase, ...]
    passed_over: tuple[Path, ...] = ()


def read_gold(folder: Path, scorer: GuardedScorer) -> GoldFolder:
    """Everything that a folder holds, in order of the names; `PlanError` with every fault in every file."""
    try:
        files = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
    except OSError as error:
        raise InputError(
            "is no folder that can be read" if folder.exists() else "there is no such folder",
            file=str(folder),
            kind="missing",
            hint=f"name a folder of inputs with their gold files, NAME{SUFFIX}",
        ) from error
    cases: list[GoldCase] = []
    passed_over: list[Path] = []
    faults: list[ConfigError] = []
    for path in files:
        try:
            reading = _Reading(path, scorer)
        except ConfigError as error:
            faults.append(error)
            continue
        if reading.is_somebody_elses:
            passed_over.append(path)
            continue
        case = reading.case()
        faults += reading.faults
        if case is not None:
            cases.append(case)
    if faults:
        raise PlanError([_of_input(one) for one in faults], hint="correct the gold files, then the same command again")
    if not cases:
        raise InputError(
            "holds no gold file",
            file=str(folder),
            kind="missing",
            hint=f"write NAME{SUFFIX} beside an input, with `{_INPUT}:` naming it",
        )
    return GoldFolder(cases=tuple(cases), passed_over=tuple(passed_over))


class _Reading:
    """One gold file, and what is wrong with it."""

    def __init__(self, path: Path, scorer: GuardedScorer) -> None:
        self.path = path
        self.faults: list[ConfigError] = []
        self._scorer = scorer
        place = Origin("project", file=str(path))
        self._node = parse_yaml(read_text(path, place), place)
        if not self._node.is_mapping:
            raise fault("a gold file is a mapping", self._node.origin, hint=f"begin with `{_INPUT}: NAME`")

    @property
    def is_somebody_elses(self) -> bool:
        """Whether nothing in it is meant for this scorer: gold for another tool may lie in the same folder."""
        mine = {fold_key(name) for name in (_INPUT, *field_names(self._scorer.gold_type))}
        return not any(fold_key(entry.name) in mine for entry in self._node.entries)

    def case(self) -> GoldCase | None:
        """The case, None when something is wrong."""
        source = self._source()
        cls = self._scorer.gold_type
        own = self._node if _INPUT in {one.name for one in attrs.fields(cls)} else self._node.without(_INPUT)
        gold: Any
        gold, wrong = fill(cls, own, called="key")
        self.faults += wrong
        if gold is not None:
            for one in self._scorer.check(gold):
                self._wrong(one.message, _find(self._node, one.path), one.hint or "correct it")
        if source is None or gold is None or self.faults:
            return None
        return GoldCase(name=self.path.name.removesuffix(SUFFIX), source=source, gold=gold)

    def _source(self) -> Path | None:
        node = self._node.get(_INPUT)
        if node is None:
            self._wrong(f"{_INPUT} is missing", self._node, f"name the input: `{_INPUT}: NAME`")
            return None
        name = node.value
        if not isinstance(name, str) or not name:
            self._wrong(f"{_INPUT} must be the name of an input", node, f"write `{_INPUT}: NAME`")
        elif PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
            self._wrong(f"{_INPUT} leads out of the folder: {name}", node, "put the input beside its gold file")
        elif not (self.path.parent / name).is_file():
            self._wrong(f"there is no input {name}", node, "put the input beside its gold file")
        else:
            return self.path.parent / name
        return None

    def _wrong(self, message: str, node: Node, hint: str) -> None:
        self.faults.append(fault(message, node.origin, hint=hint))


def _find(node: Node, path: Iterable[str | int]) -> Node:
    """The node at a path, or the last on the way there."""
    for part in path:
        inner: Node | None = None
        if isinstance(part, str):
            inner = node.get(part)
        elif isinstance(node.value, tuple) and 0 <= part < len(node.value):
            inner = node.value[part]
        if inner is None:
            break
        node = inner
    return node


def _of_input(error: ConfigError) -> InputError:
    """The same fault: a gold file is read, and configures nothing."""
    return InputError(error.message, file=error.file, line=error.line, where=error.where, kind="gold", hint=error.hint)
