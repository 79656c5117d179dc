"""Interrupt a story at one point, recover as its user would, and say what was lost or done twice."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from attrs import evolve, frozen

from crashkit.disk import Disk, Loss
from crashkit.project import Project
from crashkit.stories import STORIES, Story
from crashkit.tracer import Call, Decision, Fail, Go, Kill, Short, Traced, trace

__all__ = ["FAULTS", "Outcome", "Stage", "Way", "power_points"]

#: ``kill``: before a call; ``short``: in the middle of a write; ``power``: the machine stops; ``again``: the recovery
#: is killed, too; ``cut``: the machine stops while the recovery is under way; ``once`` and ``for-good``: a call fails
#: with an errno.
Way = Literal["kill", "short", "power", "again", "cut", "once", "for-good"]

#: Which calls can fail with which errno.
FAULTS: Mapping[int, tuple[str, ...]] = {
    errno.ENOSPC: ("create", "write", "mkdir", "rename", "sync"),
    errno.EIO: ("write", "sync", "rename", "unlink", "truncate", "close"),
    errno.EACCES: ("create", "open", "rename", "unlink", "mkdir"),
    errno.EMFILE: ("create", "open"),
}


#: What SQLite says when the system refuses it something.
_OF_SQLITE = (
    "disk I/O error",
    "unable to open database file",
    "attempt to write a readonly database",
    "database or disk is full",
)


@frozen(kw_only=True)
class Outcome:
    """One point tried: ``lost`` and ``repeated`` name finished work, ``problem`` says what else is wrong."""

    story: str
    way: Way
    point: str
    lost: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the run recovered and nothing was lost or repeated."""
        return not (self.lost or self.repeated or self.problem)


class Stage:
    """One story, prepared once; every point gets a copy of the project."""

    def __init__(self, name: str, folder: Path) -> None:
        self.story: Story = STORIES[name]
        self._folder = folder
        self._count = 0
        folder.mkdir(parents=True)
        self.base = Project.make(folder / "base", self.story.kind)
        self.story.prepare(self.base)
        before = {told for told in _told(self.base.marks()) if _step_of(told) not in self.story.redone}
        self._kept = {work for told in before for work in _works(told)} | self.story.untouched
        project = self._copy()
        self.whole = self._trace(project)
        assert self.whole.code == 0, self.whole.out
        assert not (wrong := self._look(project)), wrong
        self._expected = self._results(project)
        self.calls = [call for call in self.whole.calls if call.kind != "mark"]

    def _copy(self) -> Project:
        self._count += 1
        return self.base.copy(self._folder / f"point-{self._count}")

    def _trace(self, project: Project, decide: Callable[[Call], Decision] = lambda _: Go()) -> Traced:
        return trace(
            project.command(*self.story.argv, then=self.story.then), project.kept, decide, marks=project.marks_file
        )

    def _results(self, project: Project) -> list[Mapping[str, str]]:
        return [project.result(run_id) for run_id in project.runs()]

    # --- the ways ----------------------------------------------------------------------------------------------------

    def kill(self, number: int) -> Outcome:
        """Kill before call ``number``."""
        project = self._copy()
        self._trace(project, lambda call: Kill() if call.number == number else Go())
        return self._outcome(project, "kill", f"before call {number}", project.marks())

    def short(self, number: int) -> Outcome:
        """Carry out half of the write ``number``, then kill."""
        project = self._copy()

        def decide(call: Call) -> Decision:
            if call.number < number:
                return Go()
            return Short(len(call.data) // 2) if call.kind == "write" and len(call.data) > 1 else Kill()

        self._trace(project, decide)
        return self._outcome(project, "short", f"within call {number}", project.marks())

    def again(self, first: int, second: int) -> Outcome:
        """Kill before call ``first``, and the same command with the recovery's flags before its call ``second``."""
        project = self._copy()
        self._trace(project, lambda call: Kill() if call.number == first else Go())
        before = project.marks()
        argv = _next_command(self.story, project)
        trace(
            project.command(*argv),
            project.kept,
            lambda call: Kill() if call.number == second else Go(),
            marks=project.marks_file,
        )
        repeated = _repeated(before, project.marks()[len(before) :])
        outcome = self._outcome(project, "again", f"before calls {first} and {second}", project.marks())
        return _with_repeated(outcome, repeated)

    @property
    def reached(self) -> int | None:
        """The first call after which a broken store lacks something, None where it never does."""
        return _reached(self.whole.calls)

    def cut(self, first: int, seed: int, *, early: bool = False) -> Outcome:
        """Kill before call ``first``; the power is cut somewhere in the recovery, or after it.

        With ``early`` it is cut before the recovery does any work, where it builds on what the killed one left.
        """
        chance = random.Random(f"{first} {seed}")
        killed, calls = self._recovered(first)
        if early:
            number, loss = chance.choice(_states(self._disk(killed), calls))
        else:
            number = chance.randrange(sum(call.kind != "mark" for call in calls) + 1)
            loss = chance.choice(list(self._disk(killed, calls, number).losses()))
        return self._cut(first, killed, calls, number, loss)

    def early_cuts(self, first: int) -> Iterator[Outcome]:
        """As `cut` with ``early``, once for everything that may be found after a broken store lacked something."""
        killed, calls = self._recovered(first)
        since = 0 if _reached(killed) is not None else _reached(calls)
        if since is None:
            return
        for number, loss in _states(self._disk(killed), calls):
            if number >= since:
                yield self._cut(first, killed, calls, number, loss)

    def _recovered(self, first: int) -> tuple[Sequence[Call], Sequence[Call]]:
        """What a command did that is killed before call ``first``, and what its user's next command did."""
        project = self._copy()
        killed = self._trace(project, lambda call: Kill() if call.number == first else Go())
        argv = _next_command(self.story, project)
        return killed.calls, trace(project.command(*argv), project.kept, marks=project.marks_file).calls

    def _disk(self, killed: Iterable[Call], calls: Iterable[Call] = (), until: int | None = None) -> Disk:
        disk = Disk(self.base.kept)
        _follow(disk, killed)
        _follow(disk, calls, until)
        return disk

    def _cut(self, first: int, killed: Sequence[Call], calls: Sequence[Call], number: int, loss: Loss) -> Outcome:
        disk = Disk(self.base.kept)
        marks = _follow(disk, killed) + _follow(disk, calls, number)
        point = f"{loss}, before call {number} of the recovery from a kill before call {first}"
        return self._outcome(self._left(disk, loss), "cut", point, marks)

    @property
    def unforced(self) -> list[int]:
        """The calls before which something was just changed that isn't safe yet, written bytes first."""
        changes = [call for call in self.calls if call.kind not in ("sync", "open", "close", "meta")]
        return [call.number + 1 for call in sorted(changes, key=lambda call: call.kind != "write")]

    def power(self, number: int, loss: Loss) -> Outcome:
        """The power is cut before call ``number``."""
        disk = Disk(self.base.kept)
        marks = _follow(disk, self.whole.calls, number)
        return self._outcome(self._left(disk, loss), "power", f"{loss}, before call {number}", marks)

    def _left(self, disk: Disk, loss: Loss) -> Project:
        """The project as it is found when the power comes back."""
        self._count += 1
        project = Project(self._folder / f"point-{self._count}", self.base.kind)
        shutil.copytree(self.base.folder, project.folder, ignore=shutil.ignore_patterns("kept"))
        disk.leave(project.kept, loss)
        return project

    def fault(self, way: Literal["once", "for-good"], number: int, code: int) -> Outcome | None:
        """Call ``number`` fails, and ``for-good`` all such calls after it; None where it can't fail like that."""
        kinds = FAULTS[code]
        if self.calls[number].kind not in kinds:
            return None
        project = self._copy()

        def decide(call: Call) -> Decision:
            hit = call.number == number if way == "once" else call.number >= number
            return Fail(code) if hit and call.kind in kinds else Go()

        traced = self._trace(project, decide)
        point = f"{errno.errorcode[code]} at call {number}"
        outcome = self._outcome(project, way, point, project.marks())
        problem = "" if traced.code in (0, 10) and "Traceback" not in traced.out else traced.out
        if traced.code == 10 and not self._names_cause(traced.out, code):
            problem = f"the message doesn't say what the system said: {traced.out}"
        return _with_problem(outcome, problem)

    def _names_cause(self, out: str, code: int) -> bool:
        """Whether the system's own words are told; SQLite keeps them to itself, and its own are told then."""
        said = (os.strerror(code), *(_OF_SQLITE if self.base.kind == "sqlite" else ()))
        return any(words in out for words in said)

    # --- what came of it ---------------------------------------------------------------------------------------------

    def _outcome(self, project: Project, way: Way, point: str, marks: Sequence[str]) -> Outcome:
        start = len(project.marks())
        missing = [mark for mark in marks if mark.startswith("told run ") and mark.split()[-1] not in project.runs()]
        problem = ""
        try:
            self._recover(project, marks)
        except AssertionError as error:
            problem = str(error)
        else:
            problem = self._difference(project)
        repeated = _repeated(marks, project.marks()[start:])
        repeated |= self._kept & _did([*marks, *project.marks()[start:]])
        outcome = Outcome(
            story=self.story.name,
            way=way,
            point=point,
            lost=tuple(missing),
            repeated=tuple(sorted(repeated)),
            problem=problem,
        )
        if outcome.is_good:
            shutil.rmtree(project.folder)
        return outcome

    def _recover(self, project: Project, marks: Sequence[str]) -> None:
        has_begun = any(mark.startswith(("told ", "did ")) for mark in marks)
        recover = self.story.afterwards if has_begun else None
        (recover or self.story.recover)(project)

    def _difference(self, project: Project) -> str:
        """What isn't as it would be without an interruption, in words."""
        results = self._results(project)
        if len(results) != len(self._expected):
            return f"{len(results)} runs, not {len(self._expected)}"
        for found, expected in zip(results, self._expected, strict=True):
            different = {path for path in {*found, *expected} if found.get(path) != expected.get(path)}
            if different:
                return f"not as without an interruption: {', '.join(sorted(different))}"
        return self._look(project)

    def _look(self, project: Project) -> str:
        """What is wrong whatever it would be without an interruption."""
        behind = [run_id for run_id in project.runs() if not project.has_current_view(run_id)]
        if behind:
            return f"the record to be read is behind: {behind}"
        lost = [path for run_id in project.runs() for path in project.damaged_history(run_id)]
        return f"earlier attempts are lost: {lost}" if lost else self.story.look(project)


def _follow(disk: Disk, calls: Iterable[Call], until: int | None = None) -> list[str]:
    """Let the disk follow the calls before number ``until``; what the steps did and what was told meanwhile."""
    marks: list[str] = []
    for call in calls:
        if call.kind == "mark":
            marks += call.data.decode().splitlines()
        elif call.number == until:
            break
        else:
            disk.apply(call)
    return marks


#: How often a command forces its own work until what it found has been built on, in every story.
_WORK_FORCED = 4


def _states(disk: Disk, calls: Iterable[Call]) -> list[tuple[int, Loss]]:
    """Power cuts that leave different things until a command has forced its own work a few times.

    That is where it builds on what it found. The last one comes after its last call if it does no work.
    """
    found: dict[tuple[str, int], tuple[int, Loss]] = {}
    marks = number = forced = 0

    def look() -> None:
        for loss in disk.losses():
            found.setdefault((disk.left(loss), marks), (number, loss))

    for call in calls:
        if call.kind == "mark":
            marks += not call.is_reached
            continue
        number = call.number
        look()
        forced += bool(marks) and call.kind == "sync"
        if forced > _WORK_FORCED:
            break
        disk.apply(call)
    else:
        number += 1
        look()
    return list(found.values())


def _next_command(story: Story, project: Project) -> tuple[str, ...]:
    if not project.runs() or (story.command.startswith("fork") and len(project.runs()) == 1):
        return story.argv
    if story.command in ("stale", "edit", "prune") or story.command.startswith("repair"):
        return story.argv
    return ("resume", "last")


def _reached(calls: Iterable[Call]) -> int | None:
    return next((call.number for call in calls if call.is_reached), None)


def _told(marks: Iterable[str]) -> set[str]:
    return {mark.removeprefix("told ") for mark in marks if mark.startswith("told ") and "told run" not in mark}


def _did(marks: Iterable[str]) -> set[str]:
    return {mark.removeprefix("did ") for mark in marks if mark.startswith("did ")}


def _works(told: str) -> set[str]:
    """The pieces of work that are finished once this was told."""
    if " " in told:
        return {told}
    return {told, *(f"item {told} w{number}" for number in (1, 2, 3))}


def _step_of(told: str) -> str:
    words = told.split()
    return words[1] if words[0] == "item" else "weigh" if words[0] == "look-up" else words[0]


def _repeated(before: Iterable[str], after: Iterable[str]) -> set[str]:
    """Finished work that was done once more: told as done before, done after."""
    finished = {work for told in _told(before) for work in _works(told)}
    return finished & _did(after)


def _with_repeated(outcome: Outcome, repeated: set[str]) -> Outcome:
    return evolve(outcome, repeated=tuple(sorted({*outcome.repeated, *repeated})))


def _with_problem(outcome: Outcome, problem: str) -> Outcome:
    return evolve(outcome, problem=outcome.problem or problem)


def power_points(stage: Stage) -> Iterator[tuple[int, Loss]]:
    """Every power cut that leaves something else than the one before it, or comes after something more was told.

    The last one comes after the command has ended.
    """
    disk = Disk(stage.base.kept)
    seen: dict[str, str] = {}
    told = 0
    for call in (*stage.whole.calls, None):
        if call is not None and call.kind == "mark":
            told += not call.is_reached
            continue
        for loss in disk.losses():
            left = f"{disk.left(loss)} {told}"
            if left not in seen.values():
                yield len(stage.calls) if call is None else call.number, loss
            seen[str(loss)] = left
        if call is not None:
            disk.apply(call)
