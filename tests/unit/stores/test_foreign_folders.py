"""A run's folder that somebody else sent, its checksums all right: no listing breaks on it, and no command hangs.

Checksums find accidents. Whoever wants to deceive makes lines that check; they must still be read as data that may be
anything.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipekit.errors import PipekitError, RunBusyError, StateError, StorageError
from pipekit.interfaces.state_stores import Entry, Owner, RunQuery, StoreURL
from pipekit.state.record import RunRecord, StepRecord
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.lines import line, whole_lines

DATA = b'{"a":1}'
RUN = "run-20261123-223808-7f3a9c"
#: What may stand in a place where something else is expected.
JUNK: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**30, "", "x", [], [1], [[1, 2]], [None], {}, {"a": 1}, {"1": {"path": [1]}}, {"1": 3}),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "../x", "steps/.slot-0001", [0, [1]], {"path": 1}),
    [["steps/step-1.json", 1, "x", "steps/.slot-0000"]],
    [["steps/step-1.json", "history/1/steps/step-1.json"]],
]
EXTRA = ("files", "moves", "set", "lists", "steps", "removed", "record", "schema", "entries")


@pytest.fixture
def run(
    store: JsonFileStore,
    tmp_path: Path,
    make_record: Callable[..., RunRecord],
    make_step: Callable[..., StepRecord],
    source: bytes,
    owner: Owner,
) -> Path:
    """The folder of a run with a finished step, and an item and a reply of the next one."""
    record = make_record(RUN)
    store.create(record, io.BytesIO(source))
    lease = store.acquire(RUN, owner)
    done = evolve(record, step_outputs={"1": make_step(1, DATA)}, completed_steps=(1,), current_step=2)
    store.commit(lease, done, {"steps/step-1.json": DATA})
    kept = Entry(step="part-2", kind="reply", key="r", value="text", stays=True)
    store.append(lease, [Entry(step="part-2", kind="item", key="a", value={"z": 1}), kept])
    lease.release()
    return tmp_path / ".pipeline" / RUN


def bodies(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text, _ in whole_lines(path.read_bytes())]


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_bytes(b"".join(map(line, lines)))


def write_view(run: Path, **changed: Any) -> None:
    """A view with these fields, that stands for the journal as it is and checks."""
    fields = {**json.loads((run / "state.json").read_bytes()), **changed}
    del fields["checksum"]
    fields["journalSize"] = (run / "journal.jsonl").stat().st_size
    head = json.dumps(fields)[:-1].encode()
    (run / "state.json").write_bytes(head + b', "checksum": "' + hashlib.sha256(head).hexdigest().encode() + b'"}')


def reopened(run: Path) -> JsonFileStore:
    return JsonFileStore(StoreURL("file", ".pipeline", run.parent.parent))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_no_calendar_has_makes_its_own_line_damaged_and_no_other(run: Path, moment: str) -> None:
    write_view(run, updatedAt=moment)

    assert [found.status for found in reopened(run).find(RunQuery())] == ["damaged"]


def test_a_missing_file_of_a_record_of_another_shape_is_damage(run: Path) -> None:
    lines = bodies(run / "journal.jsonl")
    lines[0]["record"]["stepOutputs"] = {"1": [1]}
    write_lines(run / "journal.jsonl", lines[:1])
    (run / "state.json").unlink()

    with pytest.raises(StateError, match="doesn't fit"):
        reopened(run).read(RUN, "steps/step-9.json")


def test_items_of_a_step_that_is_no_name_are_damage(run: Path) -> None:
    items = next(path for path in (run / "steps").glob(".items-*") if path.stat().st_size)
    body = {**bodies(items)[0], "step": ["part-2"], "entries": []}
    write_lines(items, [body])

    with pytest.raises(StateError, match="not what finished items look like"):
        reopened(run).load(RUN)


class Changer:
    """Changes JSON in random places."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def junk(self) -> Any:
        return copy.deepcopy(self.chance.choice(JUNK))

    def changed(self, value: Any, depth: int = 0) -> Any:
        if not value or not isinstance(value, (dict, list)) or (depth and self.chance.random() < 0.3):
            return self.junk()
        made = copy.copy(value)
        place = self.chance.choice(list(value)) if isinstance(value, dict) else self.chance.randrange(len(value))
        made[place] = self.changed(value[place], depth + 1)
        if isinstance(made, dict) and self.chance.random() < 0.15:
            del made[place]
        if isinstance(made, dict) and self.chance.random() < 0.15:
            made[self.chance.choice(EXTRA)] = self.junk()
        return made


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), file=st.sampled_from(["state.json", "journal.jsonl", "items"]))
def test_whatever_a_folder_says_the_listing_goes_on_and_the_rest_says_what_is_wrong(
    run: Path, seed: int, file: str
) -> None:
    items = next(path for path in (run / "steps").glob(".items-*") if path.stat().st_size)
    path = items if file == "items" else run / file
    whole = path.read_bytes()
    changer = Changer(seed)
    try:
        if file == "state.json":
            write_view(
                run, **changer.changed({key: value for key, value in json.loads(whole).items() if key != "checksum"})
            )
        else:
            lines = bodies(path)
            place = changer.chance.randrange(len(lines))
            lines[place] = changer.changed(lines[place])
            write_lines(path, lines)
        store = reopened(run)
        assert len(list(store.find(RunQuery()))) == 1
        for look in (
            lambda: store.load(RUN),
            lambda: store.read(RUN, "steps/step-1.json"),
            lambda: store.read(RUN, "steps/step-9.json"),
            lambda: store.examine(RUN),
        ):
            with suppress(PipekitError):
                look()
    finally:
        path.write_bytes(whole)


@pytest.fixture
def _in_time() -> Iterator[None]:
    """What hangs fails here, and not with the whole session."""

    def late(*_: object) -> None:
        raise AssertionError("it waits for somebody at the other end of a pipe")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
@pytest.mark.usefixtures("_in_time")
class TestPipes:
    """A named pipe in the place of a file of ours makes nobody wait."""

    def test_one_in_the_place_of_the_lock_keeps_no_listing_waiting(self, run: Path) -> None:
        (run / "lock").unlink()
        os.mkfifo(run / "lock")

        assert [found.status for found in reopened(run).find(RunQuery())] == ["interrupted"]

    def test_one_in_the_place_of_the_owners_name_is_no_name(self, run: Path, owner: Owner) -> None:
        lease = reopened(run).acquire(RUN, owner)
        (run / "owner.json").unlink()
        os.mkfifo(run / "owner.json")
        with pytest.raises(RunBusyError):
            reopened(run).acquire(RUN, owner)
        lease.release()

    def test_one_in_the_place_of_a_waiting_file_ends_the_commit_and_not_the_run(
        self, run: Path, owner: Owner, make_step: Callable[..., StepRecord]
    ) -> None:
        slot = min((run / "steps").glob(".slot-*"))
        slot.unlink()
        os.mkfifo(slot)
        store = reopened(run)
        record = store.load(RUN).record
        next_record = evolve(record, step_outputs={**record.step_outputs, "2": make_step(2, DATA)})

        lease = store.acquire(RUN, owner)
        with pytest.raises(StorageError, match=slot.name):
            store.commit(lease, next_record, {"steps/step-2.json": DATA})
        lease.release()

        lease = store.acquire(RUN, owner)
        store.commit(lease, next_record, {"steps/step-2.json": DATA})
        lease.release()
        assert store.read(RUN, "steps/step-2.json") == DATA


@pytest.mark.parametrize("name", ["output/.new-notes.txt", "output/.slot-machine", "steps/.new-0000"])
def test_hidden_files_of_somebody_else_stay(run: Path, owner: Owner, name: str) -> None:
    (run / "output").mkdir()
    (run / name).write_text("mine")

    reopened(run).acquire(RUN, owner).release()

    assert (run / name).read_text() == "mine"


def test_a_store_in_whose_place_a_file_lies_is_no_store_without_runs(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("mine")
    store = JsonFileStore(StoreURL("file", "state", tmp_path))
    for look in (lambda: list(store.find(RunQuery())), store.sweep):
        with pytest.raises(StorageError, match="is no folder, and so holds no runs") as caught:
            look()
        assert (caught.value.code, caught.value.path) == (10, str(tmp_path / "state"))
    assert (tmp_path / "state").read_text() == "mine"
