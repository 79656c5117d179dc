"""What locks and digests are for: two owners, superseded writers, and files with a flipped bit."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import evolve

from crashkit.project import Project, preload
from pipekit.errors import PipekitError, RunBusyError, StateError
from pipekit.interfaces.state_stores import Entry, Owner, StoreURL
from pipekit.stores.item_journal import ItemJournal
from pipekit.stores.journal import Journal
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.lines import line

__all__ = ["CHECKS", "check_all"]


def _store(project: Project) -> JsonFileStore:
    return JsonFileStore(StoreURL("file", "kept/here/.pipeline", project.folder))


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _failed(folder: Path) -> tuple[Project, str]:
    """A run that failed inside its fanned-out step, with two items finished."""
    project = Project.make(folder)
    project.run("run", "words.txt", fails=["w2"])
    return project, project.runs()[0]


def two_owners(folder: Path) -> Iterator[str]:
    """While one process has a run no other gets it, and the loser changes no byte."""
    project, run_id = _failed(folder / "owners")
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        store = _store(project)
        lease = store.acquire(run_id, Owner.this_process())
        store.commit(lease, evolve(store.load(run_id).record, status="running", error=None), {})
        os.write(ready[1], b"1")
        os.read(done[0], 1)
        lease.release()
        os._exit(0)
    try:
        os.read(ready[0], 1)
        before = _bytes(project.store)
        code, out = project.run("resume", "last")
        if code != 8 or str(child) not in out:
            yield f"a second owner was let in: {code} {out}"
        if _bytes(project.store) != before:
            yield "the loser changed something"
        if "running" not in project.run("list")[1]:
            yield "a run that somebody works on isn't shown as running"
    finally:
        os.write(done[1], b"1")
        os.waitpid(child, 0)
    if "interrupted" not in project.run("list")[1]:
        yield "a running run that nobody works on isn't shown as interrupted"


def a_replaced_lock(folder: Path) -> Iterator[str]:
    """An owner whose lock file is another one now writes no more."""
    project, run_id = _failed(folder / "replaced")
    store = _store(project)
    lease = store.acquire(run_id, Owner.this_process())
    lock = project.store / run_id / "lock"
    lock.rename(lock.with_name("old-lock"))
    lock.touch()
    yield from _must_be_refused(store, lease, "after its lock was replaced")


def a_grown_journal(folder: Path) -> Iterator[str]:
    """An owner who finds that somebody else wrote to the journal writes no more."""
    project, run_id = _failed(folder / "grown")
    store = _store(project)
    lease = store.acquire(run_id, Owner.this_process())
    path = project.store / run_id / "journal.jsonl"
    journal = Journal(run_id, "journal")
    journal.feed(path.read_bytes())
    with path.open("ab") as file:
        file.write(line(journal.body("owner", journal.epoch + 1, {"owner": None})))
    yield from _must_be_refused(store, lease, "after another owner wrote")


def _must_be_refused(store: JsonFileStore, lease: object, when: str) -> Iterator[str]:
    entry = Entry(step="weigh", kind="once", key="late", value=1)
    try:
        store.append(lease, [entry])  # type: ignore[arg-type]
    except RunBusyError as error:
        if error.kind != "superseded":
            yield f"a writer {when} is told something else: {error}"
    else:
        yield f"a writer {when} was not refused"


def foreign_lines(folder: Path) -> Iterator[str]:
    """Lines of an older epoch, of another run, and lines twice are damage."""
    project, run_id = _failed(folder / "lines")
    path = project.store / run_id / "journal.jsonl"
    whole = path.read_bytes()

    def journal() -> Journal:
        made = Journal(run_id, "journal")
        made.feed(whole)
        return made

    other = journal()
    other.run_id = "run-20260101-000000-abcdef"
    late = {
        "of an older epoch": line(journal().body("owner", 0, {"owner": None})),
        "of another run": line(other.body("owner", 9, {"owner": None})),
        "that stands there twice": whole.splitlines(keepends=True)[-1],
    }
    for what, text in late.items():
        path.write_bytes(whole + text)
        yield from _must_be_damage(project, run_id, f"a line {what}")
    path.write_bytes(whole)


def foreign_items(folder: Path) -> Iterator[str]:
    """The same for the finished items of an open step."""
    project, run_id = _failed(folder / "items")
    path = next(one for one in (project.store / run_id / "steps").glob(".items-*") if one.stat().st_size)
    whole = path.read_bytes()

    def journal(run: str = run_id) -> ItemJournal:
        made = ItemJournal(run_id, path.name, "items")
        made.feed(whole)
        made.run_id = run
        return made

    item = [Entry(step="weigh", kind="item", key="w9", value=1)]
    late = {
        "of an older epoch": line(journal().body("weigh", 0, item)),
        "of another run": line(journal("run-20260101-000000-abcdef").body("weigh", 9, item)),
        "of another step": line(journal().body("weigh", 9, [Entry(step="split", kind="item", key="w9", value=1)])),
        "that stands there twice": whole.splitlines(keepends=True)[-1],
    }
    for what, text in late.items():
        path.write_bytes(whole + text)
        yield from _must_be_damage(project, run_id, f"an item {what}")
    path.write_bytes(whole)


def _must_be_damage(project: Project, run_id: str, what: str) -> Iterator[str]:
    try:
        _store(project).load(run_id)
    except StateError:
        return
    except PipekitError as error:
        yield f"{what} is told as something else: {error}"
    else:
        yield f"{what} was taken"


def flipped_bytes(folder: Path) -> Iterator[str]:
    """A flipped bit anywhere in what a resume reads is noticed before it is used."""
    chance = random.Random(7)
    project, run_id = _failed(folder / "flipped")
    run = project.store / run_id
    names = ["state.json", "journal.jsonl", "input/original.txt", "steps/step-1.json"]
    names += [f"steps/{path.name}" for path in (run / "steps").glob(".items-*") if path.stat().st_size]
    for name in names:
        path = run / name
        whole = path.read_bytes()
        places = range(len(whole)) if len(whole) < 12 else sorted(chance.sample(range(len(whole)), 12))
        # A view whose last bytes are wrong is taken for cut, and made again from the journal.
        ends = () if name == "state.json" else (len(whole) - 1, len(whole) - 2)
        # So is one whose line with the checksum can't be read at all.
        last = len(whole) - (90 if name == "state.json" else 2)
        for place in (*(place for place in places if place < last), *ends):
            data = bytearray(whole)
            data[place] ^= 1 << chance.randrange(8)
            path.write_bytes(bytes(data))
            code, out = project.run("resume", "last")
            if code != 7:
                yield f"{name}, byte {place}: resume ended with {code}: {out[-300:]}"
                return
        path.write_bytes(whole)


def flipped_history(folder: Path) -> Iterator[str]:
    """Results of a damaged earlier attempt are not taken over, and a fork copies nothing that is damaged."""
    project = Project.make(folder / "history")
    project.run("run", "words.txt")
    base = project.copy(folder / "history-fork")
    path = base.store / base.runs()[0] / "output/labels.txt"
    path.write_bytes(b"X" + path.read_bytes()[1:])
    code, out = base.run("resume", "last", "--fork")
    if code != 7:
        yield f"a fork took a damaged file along: {code} {out}"
    stopped = ("resume", "last", "--stale", "rerun", "--set", "steps.weigh.letter=3", "--until", "split")
    project.run(*stopped)
    run = project.store / project.runs()[0]
    past = next((path for path in run.glob("history/*/steps/step-2.json")), None)
    if past is None:
        yield "the replaced step is not in the history"
        return
    past.write_bytes(past.read_bytes().replace(b'"value":4', b'"value":9'))
    project.run("resume", "last", "--stale", "rerun", "--set", "steps.weigh.letter=1")
    if (run / "steps/step-2.json").read_bytes().count(b'"value":9'):
        yield "a damaged result of an earlier attempt was taken over"


CHECKS: tuple[Callable[[Path], Iterator[str]], ...] = (
    two_owners,
    a_replaced_lock,
    a_grown_journal,
    foreign_lines,
    foreign_items,
    flipped_bytes,
    flipped_history,
)


def check_all(folder: Path) -> Iterator[str]:
    """Everything that is wrong, check by check."""
    for check in CHECKS:
        home = folder / check.__name__
        home.mkdir(parents=True)
        yield from check(home)
        shutil.rmtree(home)


def main() -> None:
    """Print everything that is wrong, as JSON."""
    preload()
    with tempfile.TemporaryDirectory(prefix="pipekit-checks-") as folder:
        print(json.dumps(list(check_all(Path(folder)))))


if __name__ == "__main__":
    main()
