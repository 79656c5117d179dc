"""Broken versions of the store: each without one forced write, one rename, or one check. The tests must notice.

``python -m crashkit.mutants`` lists them; ``python -m crashkit.mutants NUMBER`` runs the crash tests on one of them and
prints how it was caught, or that it survived.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from crashkit.tracer import REACHED

if TYPE_CHECKING:  # what uses the store is imported once the mutant has taken its module's place
    from crashkit.points import Outcome, Stage

__all__ = ["EQUIVALENT", "Mutant", "all_mutants"]

SOURCE = Path(__file__).parents[3] / "src"
#: Where every forced write and every rename is taken away once.
MODULES = ("atomic", "forging", "json_file", "json_lease", "open_items", "repairing", "sqlite_database", "sweeping")
_FORCES = frozenset({"force", "sync", "sync_data", "fsync", "fdatasync"})
_RENAMES = frozenset({"move", "rename", "replace"})
#: What stands in the place of what was taken away: it leaves a mark, and is false.
_REACHED = "__reached__"

#: Checks, as a text of a module and what stands in its place.
CHECKS: tuple[tuple[str, str, str], ...] = (
    ("stores.locks", "fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)", "pass"),
    (
        "stores.json_lease",
        "if size != self._journal.offset or not self._lock.is_ours():",
        "if not self._lock.is_ours():",
    ),
    (
        "stores.json_lease",
        "if size != self._journal.offset or not self._lock.is_ours():",
        "if size != self._journal.offset:",
    ),
    ("stores.journal", 'if body["epoch"] < self.epoch:', "if False:"),
    ("stores.journal", 'if body["run"] != self.run_id:', "if False:"),
    ("stores.journal", 'if body["sequence"] != self.sequence + 1:', "if False:"),
    ("stores.item_journal", 'if body["run"] != self.run_id:', "if False:"),
    ("stores.item_journal", 'if body["sequence"] != self.sequence + 1:', "if False:"),
    ("stores.item_journal", ' or body["epoch"] < self.epoch:', ":"),
    ("stores.item_journal", "if any(entry.step != self.step for entry in entries):", "if False:"),
    ("stores.lines", "return text if trailer == _KEY + _checksum(text) + b'\"}' else None", "return text"),
    (
        "stores.lines",
        "if not (is_last and _can_be_torn(segment, offset + position, has_end=end >= 0)):",
        "if not is_last:",
    ),
    ("stores.view", "if content is None or found != expected:", "if content is None:"),
    ("verifying", "if found == sha256:", "if True:"),
    ("engine.past", "if hashlib.sha256(data).hexdigest() != step.sha256:", "if False:"),
)

#: Forced writes that are no call of a method, with what leaves the mark in their place.
FORCES: tuple[tuple[str, str, str], ...] = (
    (
        "sqlite_database",
        """connection.execute(f"PRAGMA synchronous = {'FULL' if mode == 'wal' else 'EXTRA'}")""",
        '__reached__() or connection.execute("PRAGMA synchronous = NORMAL")',
    ),
    ("sqlite_database", "            force_names(self.path.parent)", "            __reached__()"),
)

#: Mutants that change nothing that could be noticed, each with the reason.
EQUIVALENT: dict[str, str] = {
    "atomic.sync_data: without self.sync(fd)": "only on macOS and Windows",
    "sqlite_database._forge: without atomic.system.sync(fd)": "SQLite has forced all that it wrote already",
    "sqlite_database._force_name: without folder.force()": "SQLite forces the folder with the first commit to its log",
    "forking: if found != sha256: → if False:": "the store checks every digest again when it makes the fork's files",
}

#: Every command.
_ALL = (
    "run",
    "edit",
    "from-step",
    "stale",
    "resume",
    "fork-of-failed",
    "fork",
    "repair",
    "repair-record",
    "repair-journal",
    "prune",
    "migration",
    "side-by-side",
)
#: The commands that use a function or a module, the quickest to notice first.
_USERS = {
    "atomic.replace": ("repair", "migration", "run"),
    "json_lease.__init__": ("from-step", "edit", "stale"),
    "json_lease._keep_old_view": ("migration",),
    "json_lease._open": ("from-step", "stale", "edit", "run"),
    "json_lease._archive": ("from-step", "stale", "edit"),
    "open_items.settle": ("side-by-side",),
    "open_items._taken": ("side-by-side",),
    "open_items": ("run", "resume", "fork", "fork-of-failed", "stale"),
    "repairing._move": ("repair-record", "repair"),
    "repairing._renew_journal": ("repair-journal", "repair"),
    "repairing": ("repair", "repair-record", "repair-journal"),
    "sqlite_database": ("sqlite-run", "sqlite-from-step"),
    "sweeping": ("prune",),
    "json_file": ("run", "prune", "fork"),
    "forging._write_open_items": ("fork-of-failed",),
    "forging": ("run", "fork", "fork-of-failed"),
}


@frozen
class Mutant:
    """One broken version: a module, and its source."""

    name: str
    module: str
    source: str
    kind: Literal["force", "rename", "check"]


def all_mutants() -> list[Mutant]:
    """Every mutant, in a fixed order."""
    found = [mutant for name in MODULES for mutant in _without_one(f"pipekit.stores.{name}")]
    return [*found, *_forces(), *_checks()]


def _without_one(module: str) -> Iterator[Mutant]:
    text = _path(module).read_text()
    lines = text.splitlines()
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    for function, node in ((one, node) for one in functions for node in ast.walk(one)):
        place = f"{module.rpartition('.')[2]}.{function.name}"
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else ""
            if name in _FORCES | _RENAMES:
                yield _cut(module, place, lines, node, f"{_REACHED}()", "rename" if name in _RENAMES else "force")
        elif isinstance(node, ast.keyword) and node.arg == "forced" and _is_true(node.value):
            yield _cut(module, place, lines, node, f"forced={_REACHED}()", "force")


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _cut(
    module: str,
    place: str,
    lines: Sequence[str],
    node: ast.Expr | ast.keyword,
    instead: str,
    kind: Literal["force", "rename"],
) -> Mutant:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    first, last = node.lineno - 1, node.end_lineno - 1
    before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    source = "\n".join([*lines[:first], f"{before}{instead}{after}", *lines[last + 1 :]]) + "\n"
    shown = " ".join(" ".join(lines[first : last + 1]).split())
    return Mutant(f"{place}: without {shown}", module, source, kind)


def _forces() -> Iterator[Mutant]:
    for name, old, new in FORCES:
        module = f"pipekit.stores.{name}"
        text = _path(module).read_text()
        assert text.count(old) == 1, f"{module} has this {text.count(old)} times: {old}"
        yield Mutant(f"{name}: without {old.strip()}", module, text.replace(old, new), "force")


def _checks() -> Iterator[Mutant]:
    for name, old, new in CHECKS:
        module = f"pipekit.{name}"
        text = _path(module).read_text()
        assert text.count(old) == 1, f"{module} has this {text.count(old)} times: {old}"
        yield Mutant(f"{name}: {old} → {new}", module, text.replace(old, new), "check")


def _path(module: str) -> Path:
    return SOURCE / (module.replace(".", "/") + ".py")


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the mutant's source in the place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.mutant.module:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(_path(fullname)))

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(_path(self.mutant.module))
        module.__dict__[_REACHED] = _reached
        exec(compile(self.mutant.source, module.__file__, "exec"), module.__dict__)


def _reached() -> bool:
    """Leave the mark by which `Stage` knows where a mutant differs from the store."""
    if "CRASH_MARKS" in os.environ:
        fd = os.open(os.environ["CRASH_MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(fd, REACHED)
        os.close(fd)
    return False


def _stories(mutant: Mutant) -> Sequence[str]:
    place = mutant.name.partition(":")[0]
    return _USERS.get(place) or _USERS.get(place.partition(".")[0]) or _ALL


def _caught_by(mutant: Mutant) -> str:
    """What goes wrong first with the mutant; empty when nothing does."""
    sys.meta_path.insert(0, _Instead(mutant))
    from crashkit.checks import check_all
    from crashkit.points import Stage
    from crashkit.project import preload

    preload()
    with tempfile.TemporaryDirectory(prefix="pipekit-mutant-") as folder:
        if mutant.kind == "check":
            return next(check_all(Path(folder)), "")
        for story in _stories(mutant):
            try:
                stage = Stage(story, Path(folder) / story)
            except AssertionError as error:
                return f"{story} fails without an interruption: {str(error)[:200]}"
            for outcome in _tried(stage, mutant):
                if not outcome.is_good:
                    return f"{story}, {outcome.way}, {outcome.point}: {outcome.problem[:200] or outcome.repeated}"
    return ""


def _tried(stage: Stage, mutant: Mutant) -> Iterator[Outcome]:
    """Every point of a story at which something that is missing can be noticed.

    A forced write that is missing changes nothing on a disk before it would have been made: only later power cuts are
    tried. A rename that is missing is seen at once, whatever the next command is.
    """
    from crashkit.points import power_points

    since = 0 if mutant.kind == "rename" else stage.reached
    for number, loss in power_points(stage):
        if since is not None and number >= since:
            yield stage.power(number, loss)
    if mutant.kind == "rename":
        yield from (stage.kill(call.number) for call in stage.calls)
        return
    for number in stage.unforced:
        yield from stage.early_cuts(number)


def main(argv: Sequence[str]) -> None:
    """List the mutants, or try one."""
    mutants = all_mutants()
    if not argv:
        print(json.dumps([mutant.name for mutant in mutants]))
        return
    mutant = mutants[int(argv[0])]
    try:
        caught = _caught_by(mutant)
    except TimeoutError:
        raise  # a slow machine catches nothing
    except Exception as error:
        caught = f"{type(error).__name__}: {error}"
    print(json.dumps({"mutant": mutant.name, "caught": caught}))


if __name__ == "__main__":
    main(sys.argv[1:])
