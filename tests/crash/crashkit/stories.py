"""What is interrupted: a command on a project in some state, what its user does afterwards, and what must hold then."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence

from attrs import evolve, frozen

from crashkit.project import Kind, Project
from pipekit.stores.atomic import Folder
from pipekit.stores.delta import files_of
from pipekit.stores.journal import Journal
from pipekit.stores.layout import JOURNAL, STATE
from pipekit.stores.lines import line
from pipekit.stores.relational_rows import digest_of
from pipekit.stores.view import render_view

__all__ = ["STORIES", "Story"]


def _nothing(_: Project) -> None:
    """Leave the project as it is."""


@frozen(kw_only=True)
class Story:
    """A command that is interrupted, or the command ``then`` after it, in one process with it.

    ``prepare`` brings a new project to where the command begins. ``recover`` is what a user does after the
    interruption, ``afterwards`` (when it differs) what is left to do once ``then`` has begun; both raise when a command
    fails. ``redone`` are the steps that the command does again on purpose, ``untouched`` the pieces of work of theirs
    that it doesn't. ``look`` says what else is wrong at the end.
    """

    name: str
    argv: tuple[str, ...]
    then: tuple[str, ...] = ()
    recover: Callable[[Project], None]
    afterwards: Callable[[Project], None] | None = None
    prepare: Callable[[Project], None] = _nothing
    redone: frozenset[str] = frozenset()
    untouched: frozenset[str] = frozenset()
    look: Callable[[Project], str] = lambda _: ""
    kind: Kind = "file"

    @property
    def command(self) -> str:
        """The same on every kind of store."""
        return self.name.removeprefix(_IN_SQLITE)


_IN_SQLITE = "sqlite-"


class RecoveryError(AssertionError):
    """A command of the recovery failed."""


def run(project: Project, *argv: str, codes: Sequence[int] = (0,), fails: Sequence[str] = ()) -> int:
    """Carry out a command that has to end with one of these codes."""
    code, out = project.run(*argv, fails=fails)
    if code not in codes:
        raise RecoveryError(f"pipekit {' '.join(argv)} ended with {code}:\n{out}")
    return code


_SIDE_BY_SIDE = ("run", "words.txt", "--workflow", "side-by-side", "--set", "run.parallelSteps=2")


def _run_side_by_side(project: Project) -> None:
    run(project, *(("resume", "last") if project.runs() else _SIDE_BY_SIDE))


def _completed(project: Project) -> None:
    run(project, "run", "words.txt")


def _failed(project: Project) -> None:
    run(project, "run", "words.txt", codes=(5,), fails=["w2"])


def _three(project: Project) -> None:
    """Three completed runs, and a fourth one whose command was killed before it had its name."""
    for _ in range(3):
        _completed(project)
    if project.kind == "file":
        shutil.copytree(project.store / project.runs()[0], project.store / ".new-run-20260101-000000-abcdef")


def _resume(project: Project) -> None:
    run(project, "resume", "last")


def _run_or_resume(project: Project) -> None:
    run(project, *(("resume", "last") if project.runs() else ("run", "words.txt")))


def _fork_or_resume(project: Project) -> None:
    forked = len(project.runs()) > 1
    run(project, "resume", "last", *(() if forked else ("--fork", "--from-step", "2")))


def _fork_or_go_on(project: Project) -> None:
    run(project, "resume", "last", *(() if len(project.runs()) > 1 else ("--fork",)))


def _prune(project: Project) -> None:
    run(project, "prune", "--keep", "1")


def _repair(project: Project) -> None:
    run(project, "repair", "last", "--yes")
    _resume(project)


def _stale(project: Project) -> None:
    run(project, "resume", "last", "--stale", "rerun", "--set", "steps.weigh.letter=2")


def _accept(project: Project) -> None:
    run(project, "resume", "last", "--accept-edits")


def _damaged(project: Project) -> None:
    _completed(project)
    _flip(project, "steps/step-2.json", b"{")
    _flip(project, "state.json", b'"status"')
    _flip(project, "journal.jsonl", b'"kind":"owner"')


def _damaged_record(project: Project) -> None:
    _failed(project)
    _flip(project, "state.json", b'"status"')


def _damaged_journal(project: Project) -> None:
    """The line that says what a step made is damaged; only the record still tells of it.

    Two more tries have made the journal longer than the one that will begin in its place.
    """
    _failed(project)
    for _ in range(2):
        run(project, "resume", "last", codes=(5,), fails=["w2"])
    _flip(project, "journal.jsonl", b'"path":"steps/step-1.json"')


def _flip(project: Project, name: str, before: bytes) -> None:
    """Flip a bit behind these bytes of a file of the newest run; a copy is kept for `_originals`."""
    path = project.store / project.runs()[-1] / name
    data = bytearray(path.read_bytes())
    data[data.index(before) + len(before)] ^= 1
    path.write_bytes(bytes(data))
    (project.folder / f"damaged-{path.name}").write_bytes(bytes(data))


def _edited(project: Project) -> None:
    _completed(project)
    path = project.store / project.runs()[-1] / "steps/step-1.json"
    words = json.loads(path.read_text())
    words[1]["text"] = "plumbum"
    path.write_text(json.dumps(words, indent=1))


def _older(project: Project) -> None:
    """A failed run in the invented layout 0, in which ``status`` was called ``state``."""
    _failed(project)
    run_id = project.runs()[-1]
    if project.kind == "sqlite":
        _older_row(project, run_id)
        return
    with Folder(project.store / run_id) as folder:
        journal = Journal(run_id, "journal")
        journal.feed(folder.read(JOURNAL) or b"")
        record = {("state" if key == "status" else key): value for key, value in journal.record.items()}
        del record["schema"]
        files = [[path, blob.sha256, blob.size, None] for path, blob in journal.blobs.items()]
        assert set(files_of(journal.structured())) == set(journal.blobs)
        fresh = Journal(run_id, "journal")
        text = line(fresh.body("header", journal.epoch, {"schema": 0, "record": record, "files": files}))
        folder.replace(JOURNAL, text)
        folder.replace(STATE, render_view({**record, "schema": 0}, journal_size=len(text)))


def _older_row(project: Project, run_id: str) -> None:
    connection = sqlite3.connect(project.store)
    ((text,),) = connection.execute("SELECT record FROM runs WHERE run_id = ?", (run_id,)).fetchall()
    record = json.loads(text)
    older = json.dumps({("state" if key == "status" else key): one for key, one in record.items() if key != "schema"})
    with connection:
        connection.execute(
            "UPDATE runs SET layout = 0, record = ?, digest = ? WHERE run_id = ?",
            (older, digest_of(run_id, older), run_id),
        )
    connection.close()


def _old_view(project: Project) -> str:
    """The record as the older layout had it lies beside the new one, where there is a folder for it."""
    if project.kind == "sqlite":
        return ""
    kept = project.store / project.runs()[-1] / "state.v0.json.bak"
    if not kept.exists():
        return "the record of the older layout is gone"
    return "" if json.loads(kept.read_text()).get("state") == "failed" else "the record kept isn't the older one"


def _originals(project: Project) -> str:
    """Every damaged file lies among those that were moved aside, as it was."""
    aside = [path.read_bytes() for path in project.store.glob("run-*/damaged/**/*") if path.is_file()]
    lost = [path.name for path in sorted(project.folder.glob("damaged-*")) if path.read_bytes() not in aside]
    return f"lost: {lost}" if lost else ""


def _leftovers(project: Project) -> str:
    """The newest run is left in the store's folder, and nothing else."""
    if project.kind == "sqlite":
        beside = sorted(path.name for path in project.store.parent.iterdir())
        locks = sorted(path.name for path in (project.store.parent / "runs.db-locks").iterdir())
        known = {"runs.db", "runs.db-locks", "runs.db-wal", "runs.db-shm"}
        return "" if set(beside) <= known and len(project.runs()) == 1 else f"left over: {beside}, {locks}"
    left = sorted(path.name for path in project.store.iterdir())
    return f"left over: {left}" if len(left) != 1 or not left[0].startswith("run-") else ""


#: What can be done to a store of any kind: files that people correct, and repairs, need folders.
_EVERYWHERE = (
    "run",
    "side-by-side",
    "resume",
    "from-step",
    "fork",
    "fork-of-failed",
    "stale",
    "prune",
    "migration",
)

_LATER = frozenset({"weigh", "label", "total", "publish"})

STORIES: dict[str, Story] = {
    story.name: story
    for story in (
        Story(name="run", argv=("run", "words.txt"), recover=_run_or_resume),
        Story(name="side-by-side", argv=_SIDE_BY_SIDE, recover=_run_side_by_side),
        Story(name="resume", argv=("resume", "last"), prepare=_failed, recover=_resume),
        Story(
            name="from-step",
            argv=("resume", "last", "--from-step", "2"),
            prepare=_completed,
            recover=_resume,
            redone=_LATER,
        ),
        Story(
            name="fork",
            argv=("resume", "last", "--fork", "--from-step", "2"),
            prepare=_completed,
            recover=_fork_or_resume,
            redone=_LATER,
        ),
        Story(name="fork-of-failed", argv=("resume", "last", "--fork"), prepare=_failed, recover=_fork_or_go_on),
        Story(
            name="stale",
            argv=("resume", "last", "--stale", "rerun", "--set", "steps.weigh.letter=2"),
            prepare=_completed,
            recover=_stale,
            redone=_LATER,
        ),
        Story(
            name="edit",
            argv=("resume", "last", "--accept-edits"),
            prepare=_edited,
            recover=_accept,
            redone=_LATER,
            untouched=frozenset(
                f"{work} {item}" for work in ("look-up", "item weigh", "item label") for item in ("w1", "w3")
            ),
        ),
        Story(name="prune", argv=("prune", "--keep", "1"), prepare=_three, recover=_prune, look=_leftovers),
        Story(
            name="repair",
            argv=("repair", "last", "--yes"),
            then=("resume", "last"),
            prepare=_damaged,
            recover=_repair,
            afterwards=_resume,
            redone=frozenset({"weigh"}),
            look=_originals,
        ),
        Story(
            name="repair-record",
            argv=("repair", "last", "--yes"),
            then=("resume", "last"),
            prepare=_damaged_record,
            recover=_repair,
            afterwards=_resume,
            look=_originals,
        ),
        Story(
            name="repair-journal",
            argv=("repair", "last", "--yes"),
            then=("resume", "last"),
            prepare=_damaged_journal,
            recover=_repair,
            afterwards=_resume,
            look=_originals,
        ),
        Story(name="migration", argv=("resume", "last"), prepare=_older, recover=_resume, look=_old_view),
    )
}
STORIES.update(
    (f"{_IN_SQLITE}{name}", evolve(STORIES[name], name=f"{_IN_SQLITE}{name}", kind="sqlite")) for name in _EVERYWHERE
)
