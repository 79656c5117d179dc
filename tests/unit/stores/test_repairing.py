"""Damaged runs: what is wrong is named, nothing is deleted, and the run goes on from what is intact."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from pipekit import Each, Pipeline, Resume, StepError, Text, Workflow, step
from pipekit.errors import RunBusyError, StateError
from pipekit.errors import StepError as FailedStepError
from pipekit.interfaces.state_stores import Owner, RunQuery, StoreURL
from pipekit.stores.json_file import JsonFileStore

CALLS: list[str] = []


def calls() -> list[str]:
    """What was called, step after step; the items of a step begin in no fixed order."""
    return [call for _, group in groupby(CALLS, key=lambda call: call.split()[0]) for call in sorted(group)]


FAILS: list[str] = []


@frozen
class Word:
    id: str
    text: str


@step(provides="words")
def split_text(text: str) -> list[Word]:
    CALLS.append("split")
    return [Word(f"w{index}", word) for index, word in enumerate(text.split(), start=1)]


@step(provides="lengths", each="words")
def count_letters(word: Word) -> int:
    CALLS.append(f"count {word.text}")
    if word.text in FAILS:
        raise StepError("no")
    return len(word.text)


@step
def add_up(lengths: Each[int]) -> int:
    CALLS.append("add")
    return sum(lengths.values())


@pytest.fixture(autouse=True)
def forget() -> None:
    CALLS.clear()
    FAILS.clear()


@pytest.fixture
def pipe(tmp_path: Path) -> Pipeline:
    workflow = Workflow(name="w", input="text", input_type=str, steps=[split_text, count_letters, add_up])
    return Pipeline({}, workflow=workflow, plugins=[], folder=tmp_path)


@pytest.fixture
def run(pipe: Pipeline, tmp_path: Path) -> Path:
    """The folder of a completed run."""
    run_id = pipe.run(Text("a bb ccc")).run_id
    CALLS.clear()
    return tmp_path / ".pipeline" / run_id


def flip(path: Path, place: int | bytes) -> None:
    data = bytearray(path.read_bytes())
    position = data.index(place) if isinstance(place, bytes) else place
    data[position] ^= 1
    path.write_bytes(bytes(data))


def aside(run: Path) -> set[str]:
    return {str(path.relative_to(run / "damaged")) for path in (run / "damaged").rglob("*") if path.is_file()}


def test_a_run_that_is_whole_has_nothing_to_repair(pipe: Pipeline, run: Path) -> None:
    assert pipe.runs.examine(run.name) == ()
    assert pipe.runs.repair(run.name) == ()
    assert not (run / "damaged").exists()


def test_looking_changes_no_byte(pipe: Pipeline, run: Path) -> None:
    flip(run / "steps/step-split-text.json", 3)
    flip(run / "state.json", b"completed")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert len(pipe.runs.examine(run.name)) == 2
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["split-text", "count-letters", "add-up"])
def test_a_damaged_step_is_moved_aside_and_done_again_with_nothing_else(pipe: Pipeline, run: Path, name: str) -> None:
    path = run / f"steps/step-{name}.json"
    flip(path, 0)
    bad = path.read_bytes()
    (damage,) = pipe.runs.examine(run.name)
    assert (damage.file, damage.step) == (f"steps/step-{name}.json", name)

    pipe.runs.repair(run.name)
    assert (run / f"damaged/1/steps/step-{name}.json").read_bytes() == bad
    assert pipe.runs.examine(run.name) == ()
    assert pipe.runs.record(run.name).status == "failed"

    result = pipe.resume(run.name)
    assert result.of(add_up) == 6
    again = {"split-text": ["split"], "count-letters": ["count a", "count bb", "count ccc"], "add-up": ["add"]}
    assert calls() == again[name]


def test_a_missing_step_file_is_done_again(pipe: Pipeline, run: Path) -> None:
    (run / "steps/step-count-letters.json").unlink()
    (damage,) = pipe.runs.repair(run.name)
    assert damage.problem == "missing"
    assert pipe.resume(run.name).of(add_up) == 6


def test_a_step_file_of_another_run_is_noticed(pipe: Pipeline, run: Path, tmp_path: Path) -> None:
    other = tmp_path / ".pipeline" / pipe.run(Text("dddd e")).run_id
    CALLS.clear()
    mine = run / "steps/step-count-letters.json"
    mine.write_bytes((other / "steps/step-count-letters.json").read_bytes())
    with pytest.raises(StateError, match="changed or damaged"):
        pipe.resume(run.name)
    pipe.runs.repair(run.name)
    assert pipe.resume(run.name).of(add_up) == 6


def test_a_damaged_view_is_made_again_from_the_journal(pipe: Pipeline, run: Path) -> None:
    flip(run / "state.json", b"completed")
    assert [found.status for found in pipe.runs.find(RunQuery())] == ["damaged"]
    with pytest.raises(StateError, match="was changed since it was written"):
        pipe.resume(run.name)

    pipe.runs.repair(run.name)
    assert aside(run) == {"1/state.json"}
    assert [found.status for found in pipe.runs.find(RunQuery())] == ["completed"]
    assert json.loads((run / "state.json").read_text())["status"] == "completed"


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_a_journal_damaged_at_any_line_is_begun_anew_without_losing_a_finished_step(pipe: Pipeline, run: Path) -> None:
    whole = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    journal = run / "journal.jsonl"
    for number, line in enumerate(_lines(journal)):
        for path, data in whole.items():
            path.write_bytes(data)
        start = sum(len(one) for one in _lines(journal)[:number])
        flip(journal, start + len(line) // 2)
        bad = journal.read_bytes()
        assert [found.status for found in pipe.runs.find(RunQuery())] in (["damaged"], ["completed"])

        pipe.runs.repair(run.name)
        newest = max((run / "damaged").iterdir(), key=lambda path: int(path.name))
        assert (newest / "journal.jsonl").read_bytes() == bad
        assert pipe.runs.examine(run.name) == ()
        assert pipe.resume(run.name).of(add_up) == 6
        assert CALLS == []


def test_a_repair_that_is_killed_before_any_call_loses_nothing_that_only_the_record_still_tells(
    pipe: Pipeline, run: Path, owner: Owner, survives: Callable[[int, Callable[[], object]], bool]
) -> None:
    journal = run / "journal.jsonl"
    number = next(place for place, line in enumerate(_lines(journal)) if b'"split-text","path"' in line)
    flip(journal, sum(len(line) for line in _lines(journal)[: number + 1]) - 30)
    damaged = shutil.copytree(run, run.parent.parent / "damaged")
    store = JsonFileStore(StoreURL("file", ".pipeline", run.parent.parent))

    deadline = 0
    while not survives(deadline, lambda: store.repair(run.name, owner)):
        store.repair(run.name, owner)
        assert pipe.resume(run.name).of(add_up) == 6
        assert CALLS == []
        shutil.rmtree(run)
        shutil.copytree(damaged, run)
        deadline += 1
    assert deadline > 15


def test_a_journal_and_a_view_that_are_both_damaged_give_what_the_rest_of_the_journal_says(
    pipe: Pipeline, run: Path
) -> None:
    journal = run / "journal.jsonl"
    number = next(place for place, line in enumerate(_lines(journal)) if b'"split-text","path"' in line)
    flip(journal, sum(len(line) for line in _lines(journal)[: number + 1]) - 30)
    flip(run / "state.json", b"completed")
    pipe.runs.repair(run.name)
    assert pipe.resume(run.name).of(add_up) == 6
    assert CALLS == ["split"]


def test_a_missing_journal_is_made_from_the_view(pipe: Pipeline, run: Path) -> None:
    (run / "journal.jsonl").unlink()
    with pytest.raises(StateError, match="missing or was cut") as caught:
        pipe.resume(run.name)
    assert f"pipekit repair {run.name}" in caught.value.hint
    pipe.runs.repair(run.name)
    assert pipe.resume(run.name).status == "completed"
    assert CALLS == []


def test_without_journal_and_view_nothing_can_be_done_and_nothing_is_changed(pipe: Pipeline, run: Path) -> None:
    (run / "journal.jsonl").unlink()
    (run / "state.json").unlink()
    before = sorted(run.rglob("*"))
    with pytest.raises(StateError) as caught:
        pipe.runs.repair(run.name)
    assert caught.value.kind == "beyond-repair"
    assert sorted(run.rglob("*")) == before


def test_a_damaged_input_is_beyond_repair_and_says_what_to_do(pipe: Pipeline, run: Path) -> None:
    flip(run / "input/original.txt", 0)
    with pytest.raises(StateError, match="input is not what was written") as caught:
        pipe.runs.repair(run.name)
    assert "put the original file in its place" in caught.value.hint


@pytest.fixture
def unfinished(pipe: Pipeline, tmp_path: Path) -> Path:
    """The folder of a run that failed inside the fanned-out step, with two items finished."""
    FAILS.append("bb")
    with pytest.raises(FailedStepError) as caught:
        pipe.run(Text("a bb ccc"))
    FAILS.clear()
    CALLS.clear()
    return tmp_path / ".pipeline" / (caught.value.run_id or "")


def items_of(run: Path) -> Path:
    return next(path for path in (run / "steps").glob(".items-*") if path.stat().st_size)


def test_a_torn_last_item_is_dropped_and_no_good_one(pipe: Pipeline, unfinished: Path) -> None:
    path = items_of(unfinished)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(last + 1, len(whole), 7):
        path.write_bytes(whole[:cut])
        entries = JsonFileStore(_url(unfinished)).load(unfinished.name).entries
        assert len(entries) == whole.count(b"\n") - 1
    path.write_bytes(whole[:-3])
    assert pipe.resume(unfinished.name).of(add_up) == 6


def test_a_flipped_bit_among_the_finished_items_is_said_and_repaired(pipe: Pipeline, unfinished: Path) -> None:
    path = items_of(unfinished)
    flip(path, len(path.read_bytes()) // 2)
    with pytest.raises(StateError, match="checksum") as caught:
        pipe.resume(unfinished.name)
    assert f"pipekit repair {unfinished.name}" in caught.value.hint
    assert CALLS == []
    pipe.runs.repair(unfinished.name)
    assert pipe.resume(unfinished.name).of(add_up) == 6
    assert calls() == ["count a", "count bb", "count ccc", "add"]


def test_items_of_another_run_are_refused(pipe: Pipeline, unfinished: Path) -> None:
    FAILS.append("bb")
    with pytest.raises(FailedStepError) as caught:
        pipe.run(Text("a bb ccc"))
    other = unfinished.parent / (caught.value.run_id or "")
    items_of(unfinished).write_bytes(items_of(other).read_bytes())
    with pytest.raises(StateError, match="belongs to another run"):
        pipe.resume(unfinished.name)


def test_items_written_twice_are_refused(pipe: Pipeline, unfinished: Path) -> None:
    path = items_of(unfinished)
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(StateError, match="out of order"):
        pipe.resume(unfinished.name)


def test_a_run_that_somebody_works_on_is_not_repaired(pipe: Pipeline, run: Path) -> None:
    store = JsonFileStore(_url(run))
    lease = store.acquire(run.name, Owner.this_process())
    flip(run / "steps/step-split-text.json", 3)
    with pytest.raises(RunBusyError):
        pipe.runs.repair(run.name)
    lease.release()


def test_a_repair_keeps_what_models_were_paid_for(
    tmp_path: Path, make_record: Callable[..., Any], source: bytes
) -> None:
    import io

    from pipekit.interfaces.state_stores import Entry, StoreURL

    store = JsonFileStore(StoreURL("file", ".pipeline", tmp_path))
    record = make_record()
    store.create(record, io.BytesIO(source))
    lease = store.acquire(record.run_id, Owner.this_process())
    replies = [Entry(step="part-1", kind="reply", key=f"q{n}", value="words", stays=True) for n in range(4)]
    for reply in replies:
        store.append(lease, [reply])
    lease.release()
    journal = tmp_path / ".pipeline" / record.run_id / "journal.jsonl"
    number = next(place for place, line in enumerate(_lines(journal)) if b'"q1"' in line)
    flip(journal, sum(len(line) for line in _lines(journal)[:number]) + 90)

    store.repair(record.run_id, Owner.this_process())
    assert [entry.key for entry in store.load(record.run_id).entries] == ["q0", "q2", "q3"]


def test_from_step_goes_over_a_damaged_file_without_a_repair(pipe: Pipeline, run: Path) -> None:
    flip(run / "steps/step-count-letters.json", 3)
    assert pipe.resume(run.name, Resume(from_step="count-letters")).of(add_up) == 6


def _url(run: Path) -> Any:
    from pipekit.interfaces.state_stores import StoreURL

    return StoreURL("file", ".pipeline", run.parent.parent)
