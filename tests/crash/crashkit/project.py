"""A project folder in which the real command runs, each time in a process of its own."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import pipekit.stores.sqlite_database  # noqa: F401 - so that no forked process has to
from pipekit.cli.exits import run_command_line
from pipekit.interfaces.state_stores import RunQuery, StoreURL
from pipekit.stores.journal import Journal
from pipekit.stores.sqlite_file import SqliteSettings, SqliteStore

__all__ = ["Kind", "Project", "preload"]

#: Where a project keeps its runs: in a folder each, or in one SQLite file.
Kind = Literal["file", "sqlite"]

_TEMPLATE = Path(__file__).parent.parent / "project"


def preload() -> None:
    """Carry out one run in this process, so that the forked ones cost what they do and not what Python's start costs.

    What was read and made for it is warm afterwards; its threads have ended.
    """
    before = {name: os.environ.get(name) for name in ("CRASH_MARKS", "CRASH_FAILS")}
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        project = Project.make(Path(folder) / "warm")
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            for argv in (("run", "words.txt"), ("resume", "last"), ("repair", "last"), ("prune", "--keep", "3")):
                code = project.command(*argv)()
                assert code == 0, argv
        os.chdir(home)
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    for thread in set(threading.enumerate()) - {threading.current_thread()}:
        thread.join(10)  # those of the engine stay for a moment, for the next work
    assert threading.active_count() == 1, threading.enumerate()


class Project:
    """A copy of the small project. ``marks`` is the file in which its steps say what they did and what was told.

    What is in a database is read from a copy of it: looking must not recover what the next command has to recover.
    """

    def __init__(self, folder: Path, kind: Kind = "file") -> None:
        self.folder = folder
        self.kind = kind
        #: Everything that the command may change lies below this folder; the store's own is made by the first run.
        self.kept = folder / "kept"
        self.store = self.kept / "here" / (".pipeline" if kind == "file" else "runs.db")
        self.marks_file = folder.parent / f"{folder.name}.marks"

    @classmethod
    def make(cls, folder: Path, kind: Kind = "file") -> Project:
        """A new project, without any run."""
        shutil.copytree(_TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "kept").mkdir()
        if kind == "sqlite":
            settings = folder / "pipekit.yaml"
            text = settings.read_text()
            settings.write_text(text.replace("file:kept/here/.pipeline", "sqlite:kept/here/runs.db"))
        return cls(folder, kind)

    def copy(self, folder: Path) -> Project:
        """The same, elsewhere, without its marks."""
        shutil.copytree(self.folder, folder)
        return Project(folder, self.kind)

    def command(self, *argv: str, then: Sequence[str] = (), fails: Sequence[str] = ()) -> Callable[[], int]:
        """A function that carries out a command, and ``then`` another one, as the process it is called in."""

        def program() -> int:
            os.chdir(self.folder)
            os.environ.update({"CRASH_MARKS": str(self.marks_file), "CRASH_FAILS": " ".join(fails)})
            sys.dont_write_bytecode = True
            code = run_command_line([*argv, "--trust"] if argv[0] != "list" else list(argv))
            return run_command_line([*then, "--trust"]) if then and not code else code

        return program

    def run(self, *argv: str, fails: Sequence[str] = ()) -> tuple[int, str]:
        """Carry out a command in a child; its exit code and what it printed."""
        program = self.command(*argv, fails=fails)
        with tempfile.TemporaryFile() as out:
            child = os.fork()
            if child == 0:
                code = 120
                try:
                    os.dup2(out.fileno(), 1)
                    os.dup2(out.fileno(), 2)
                    code = program()
                    sys.stdout.flush()
                    sys.stderr.flush()
                finally:
                    os._exit(code)
            _, status = os.waitpid(child, 0)
            out.seek(0)
            return os.waitstatus_to_exitcode(status), out.read().decode("utf-8", "replace")

    def marks(self) -> list[str]:
        """What the steps did and what was told, in order."""
        return self.marks_file.read_text().splitlines() if self.marks_file.exists() else []

    def runs(self) -> list[str]:
        """The ids of the runs, oldest first."""
        if self.kind == "sqlite":
            with self._opened() as store:
                return sorted(run.run_id for run in store.find(RunQuery()))
        return sorted(path.name for path in self.store.glob("run-*"))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[SqliteStore]:
        """A copy of the database."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("runs.db", "runs.db-wal"):
                if (self.store.parent / name).exists():
                    shutil.copyfile(self.store.parent / name, Path(folder) / name)
            store = SqliteStore(StoreURL("sqlite", "runs.db", Path(folder)), SqliteSettings())
            try:
                yield store
            finally:
                store.close()

    def result(self, run_id: str) -> Mapping[str, str]:
        """What a run made: each step's and output's file with its digest."""
        if self.kind == "sqlite":
            with self._opened() as store:
                paths = [ref.path for ref in store.files(run_id) if ref.path.startswith(("steps/", "output/"))]
                return {path: hashlib.sha256(store.read(run_id, path)).hexdigest()[:16] for path in paths}
        folder = self.store / run_id
        files = [*folder.glob("steps/step-*"), *folder.glob("output/**/*")]
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            for path in sorted(files)
            if path.is_file()
        }

    def has_current_view(self, run_id: str) -> bool:
        """Whether the record that people read says what the journal says; a database has but one."""
        if self.kind == "sqlite":
            return True
        folder = self.store / run_id
        journal = Journal(run_id, "journal")
        journal.feed((folder / "journal.jsonl").read_bytes())
        view = json.loads((folder / "state.json").read_text())
        return all(view.get(name) == value for name, value in journal.record.items())

    def damaged_history(self, run_id: str) -> list[str]:
        """The files of earlier attempts that the record names and that aren't there as they were."""
        if self.kind == "sqlite":
            with self._opened() as store:
                past = [one.step for one in store.load(run_id).record.history]
                known = {
                    ref.path: hashlib.sha256(store.read(run_id, ref.path)).hexdigest() for ref in store.files(run_id)
                }
                return [step.path for step in past if known.get(step.path) != step.sha256]
        folder = self.store / run_id
        view = json.loads((folder / "state.json").read_text())
        steps = [past["step"] for past in view["history"]]
        return [step["path"] for step in steps if _digest(folder / step["path"]) != step["sha256"]]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "no file"
