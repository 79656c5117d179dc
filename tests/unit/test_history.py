"""The runs of a store: found, named, looked at; what was changed behind our back is said with a way on."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve

from pipekit.engine.table import ArtifactTable
from pipekit.errors import InputError, RunNotFoundError, StateError, UsageError
from pipekit.history import InputOf, Runs, edited_hint, fill_table, read_step
from pipekit.interfaces.state_stores import Owner, RunQuery, StateStore, StoreURL
from pipekit.serde import JSON
from pipekit.state.record import InputRef, RunRecord, StepRecord
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.memory import MemoryStore

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RUN = "run-20261123-120000-000001"
SOURCE = b"a bee sees"
CONTENTS: Mapping[str, bytes] = {"split-text": b'["a", "bee"]', "add-up": b"4"}
KINDS: tuple[Callable[[Path], StateStore], ...] = (
    lambda folder: MemoryStore(),
    lambda folder: JsonFileStore(StoreURL("file", ".pipeline", folder)),
)


@pytest.fixture(params=KINDS, ids=["memory", "json"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> StateStore:
    make: Callable[[Path], StateStore] = request.param
    return make(tmp_path)


@pytest.fixture
def json_store(tmp_path: Path) -> JsonFileStore:
    return JsonFileStore(StoreURL("file", ".pipeline", tmp_path))


def as_text(record: RunRecord, original: bytes) -> tuple[str, JSON]:
    return "text", original.decode()


def step_of(key: int, name: str, content: bytes) -> StepRecord:
    return StepRecord(
        key=key,
        name=name,
        path=f"steps/step-{key}.json",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        started_at=NOW,
        duration=0.5,
        artifacts=(name.replace("-", "_"),),
    )


def make_run(
    store: StateStore, run_id: str = RUN, contents: Mapping[str, bytes] = CONTENTS, *, has_input: bool = True
) -> str:
    """A paused run with an input and finished steps that left these bytes."""
    kept = InputRef(
        name="note.txt", path="input/original.txt", sha256=hashlib.sha256(SOURCE).hexdigest(), size=len(SOURCE)
    )
    steps = [step_of(key, name, content) for key, (name, content) in enumerate(contents.items(), start=1)]
    record = RunRecord(
        run_id=run_id,
        input_file="note.txt",
        started_at=NOW,
        updated_at=NOW,
        status="paused",
        current_step=len(steps) + 1,
        completed_steps=tuple(step.key for step in steps),
        step_outputs={str(step.key): step for step in steps},
        paused_reason="until",
        workflow="letters",
        input=kept if has_input else None,
    )
    blobs = {step.path: content for step, content in zip(steps, contents.values(), strict=True)}
    store.create(record, io.BytesIO(SOURCE), blobs)
    return run_id


def runs(store: StateStore, input_of: InputOf = as_text) -> Runs:
    return Runs(store, input_of)


def folder_of(store: StateStore) -> Path:
    folder = store.folder(RUN)
    assert folder is not None
    return folder


# --- naming a run --------------------------------------------------------------------------------------------------


def test_a_run_is_named_by_its_id_a_prefix_that_fits_it_alone_or_last(store: StateStore) -> None:
    for run_id in ("run-20261122-080000-aaaaaa", "run-20261123-120000-bbbbbb"):
        make_run(store, run_id)
    found = runs(store)
    assert found.resolve("run-20261122-080000-aaaaaa") == "run-20261122-080000-aaaaaa"
    assert found.resolve("run-20261122-") == "run-20261122-080000-aaaaaa"
    assert found.resolve("run-20261123") == "run-20261123-120000-bbbbbb"
    assert found.resolve("last") == "run-20261123-120000-bbbbbb"


def test_a_full_id_names_its_run_also_where_another_one_begins_with_it(store: StateStore) -> None:
    for run_id in ("try", "try-2"):
        make_run(store, run_id)
    assert runs(store).resolve("try") == "try"


def test_a_prefix_may_end_where_an_id_may_not(store: StateStore) -> None:
    make_run(store, "try.2")
    assert runs(store).resolve("try.") == "try.2"


@pytest.mark.parametrize(("count", "shown"), [(2, "run-2, run-1"), (6, "run-6, run-5, run-4, run-3, run-2, …")])
def test_a_prefix_of_several_is_refused_with_the_newest_of_them(store: StateStore, count: int, shown: str) -> None:
    for number in range(1, count + 1):
        make_run(store, f"run-{number}")
    with pytest.raises(UsageError) as caught:
        runs(store).resolve("run-")
    error = caught.value
    assert error.message == f"'run-' fits several runs: {shown}"
    assert (error.code, error.kind, error.hint) == (2, "ambiguous", "give more of the id")


def test_a_run_that_is_not_there_is_named_with_the_command_that_lists_them(store: StateStore) -> None:
    make_run(store)
    with pytest.raises(RunNotFoundError, match="no such run: run-2025") as caught:
        runs(store).resolve("run-2025")
    assert (caught.value.code, caught.value.hint) == (12, "pipekit list shows the runs there are")


def test_last_without_any_run_says_how_to_start_one(store: StateStore) -> None:
    with pytest.raises(RunNotFoundError, match="there is no run yet") as caught:
        runs(store).resolve("last")
    assert (caught.value.code, caught.value.hint) == (12, "start one: pipekit run FILE")


@pytest.mark.parametrize("text", ["", "-", "../x", "RUN-1", "run 1", "nul", "x" * 65])
def test_what_can_be_no_id_is_a_usage_error_and_no_search(store: StateStore, text: str) -> None:
    make_run(store)
    with pytest.raises(UsageError, match="not a run id") as caught:
        runs(store).resolve(text)
    assert caught.value.code == 2
    assert "pipekit list" in caught.value.hint


# --- looking at runs -----------------------------------------------------------------------------------------------


def test_runs_are_listed_newest_first_and_as_asked_for(store: StateStore) -> None:
    ids = [make_run(store, f"run-{number}") for number in (1, 2, 3)]
    assert [run.run_id for run in runs(store).find()] == ids[::-1]
    assert [run.run_id for run in runs(store).find(RunQuery(limit=1))] == ["run-3"]
    assert list(runs(store).find(RunQuery(status="completed"))) == []


def test_a_run_is_seen_with_its_artifacts_its_steps_and_its_input_as_it_came(store: StateStore) -> None:
    make_run(store)
    view = runs(store).get("last")
    assert view.record.run_id == RUN
    assert {name: view.value(name) for name in view.names} == {
        "text": "a bee sees",
        "split_text": ["a", "bee"],
        "add_up": 4,
    }
    assert dict(view.steps) == {"split-text": ["a", "bee"], "add-up": 4}
    assert view.original == SOURCE


def test_a_run_whose_input_nobody_can_load_any_more_is_still_seen(store: StateStore) -> None:
    make_run(store)
    view = runs(store, lambda record, original: None).get(RUN)
    assert list(view.names) == ["split_text", "add_up"]
    assert view.original == SOURCE


def test_a_run_without_a_kept_input_has_an_empty_original_and_no_first_artifact(store: StateStore) -> None:
    make_run(store, has_input=False)
    view = runs(store).get(RUN)
    assert list(view.names) == ["split_text", "add_up"]
    assert view.original == b""


def test_an_input_that_can_be_loaded_no_more_is_said_when_the_run_is_looked_at(store: StateStore) -> None:
    def fails(record: RunRecord, original: bytes) -> tuple[str, JSON]:
        raise InputError("is no Note", file=record.input_file)

    make_run(store)
    with pytest.raises(InputError, match="is no Note"):
        runs(store, fails).get(RUN)
    assert runs(store, fails).record(RUN).status == "paused"


def test_a_store_with_folders_says_where_a_run_lies_and_another_one_nothing(tmp_path: Path) -> None:
    memory, files = MemoryStore(), JsonFileStore(StoreURL("file", ".pipeline", tmp_path))
    for store in (memory, files):
        make_run(store)
    assert runs(memory).folder("last") is None
    assert runs(files).folder("last") == tmp_path / ".pipeline" / RUN


def test_pruning_goes_by_what_is_asked_and_by_the_time_given(store: StateStore) -> None:
    make_run(store)
    lease = store.acquire(RUN, Owner.this_process())
    record = store.load(RUN).record
    store.commit(lease, evolve(record, status="completed", paused_reason=None, current_step=None), {})
    lease.release()
    old = timedelta(days=2)

    runs(store).prune(keep=None, older_than=old, now=NOW + timedelta(days=1))
    runs(store).prune(keep=None, older_than=old, now=NOW + timedelta(days=3), dry_run=True)
    assert [run.run_id for run in runs(store).find()] == [RUN]
    runs(store).prune(keep=None, older_than=old, now=NOW + timedelta(days=3))
    assert list(runs(store).find()) == []


# --- what was changed behind our back ------------------------------------------------------------------------------


def test_a_changed_step_file_is_named_with_both_digests_and_both_ways_on(json_store: JsonFileStore) -> None:
    make_run(json_store)
    path = folder_of(json_store) / "steps" / "step-2.json"
    path.write_bytes(b"5")
    with pytest.raises(StateError) as caught:
        runs(json_store).get("last")
    error = caught.value
    assert error.message == "steps/step-2.json was changed or damaged since it was written"
    assert (error.code, error.file, error.run_id, error.step) == (7, str(path), RUN, "add-up")
    assert error.expected == f"sha256 {hashlib.sha256(b'4').hexdigest()}"
    assert error.found == f"sha256 {hashlib.sha256(b'5').hexdigest()}"
    assert f"pipekit resume {RUN} --accept-edits" in error.hint
    assert f"pipekit resume {RUN} --from-step 2" in error.hint


def test_a_changed_input_is_named_and_no_step_is_blamed_for_it(json_store: JsonFileStore) -> None:
    make_run(json_store)
    path = folder_of(json_store) / "input" / "original.txt"
    path.write_bytes(b"something else")
    asked: list[bytes] = []

    def remember(record: RunRecord, original: bytes) -> tuple[str, JSON]:
        asked.append(original)
        return "text", ""

    with pytest.raises(StateError, match=r"input/original\.txt was changed") as caught:
        runs(json_store, remember).get(RUN)
    error = caught.value
    assert (error.file, error.step, error.run_id) == (str(path), None, RUN)
    assert "start a new run from the original file" in error.hint
    assert "--from-step" not in error.hint
    assert asked == []  # nothing looks at bytes that are not those that were kept


def test_a_damaged_run_still_tells_where_it_stands(json_store: JsonFileStore) -> None:
    make_run(json_store)
    (folder_of(json_store) / "steps" / "step-1.json").unlink()
    with pytest.raises(StateError, match=r"step-1\.json"):
        runs(json_store).get(RUN)
    assert runs(json_store).record(RUN).completed_steps == (1, 2)


def test_a_step_that_is_left_out_may_be_damaged_and_makes_no_artifact(json_store: JsonFileStore) -> None:
    make_run(json_store)
    (folder_of(json_store) / "steps" / "step-1.json").write_text("junk")
    table = ArtifactTable()
    fill_table(table, runs(json_store).record(RUN), json_store, as_text, without={"split-text"})
    assert list(table.names) == ["text", "add_up"]


def test_a_step_file_that_is_no_json_is_named_with_the_reason(store: StateStore) -> None:
    make_run(store, contents={"split-text": b'{"a": 1, "a": 2}'})
    record = runs(store).record(RUN)
    with pytest.raises(StateError, match=r"steps/step-1\.json is no JSON: the key 'a' stands twice") as caught:
        read_step(store, record, record.step_outputs["1"])
    assert (caught.value.code, caught.value.file, caught.value.run_id) == (7, "steps/step-1.json", RUN)


def test_the_hint_about_an_edited_file_uses_the_number_or_the_name_that_the_step_goes_by() -> None:
    numbered = step_of(3, "add-up", b"4")
    assert edited_hint(RUN, numbered) == f"run that step again: pipekit resume {RUN} --from-step 3"
    assert edited_hint(RUN, evolve(numbered, key="add-up")).endswith("--from-step add-up")


# --- repairing -----------------------------------------------------------------------------------------------------


def test_a_store_that_repairs_nothing_says_so_before_it_looks_for_the_run() -> None:
    for ask in (runs(MemoryStore()).examine, runs(MemoryStore()).repair):
        with pytest.raises(UsageError, match="MemoryStore 0 runs> repairs nothing") as caught:
            ask("last")
        assert (caught.value.code, caught.value.kind) == (2, "no-repair")
        assert caught.value.hint


def test_damage_is_shown_first_and_repaired_when_asked_for(json_store: JsonFileStore) -> None:
    make_run(json_store)
    path = folder_of(json_store) / "steps" / "step-2.json"
    path.write_bytes(json.dumps("junk").encode())

    shown = runs(json_store).examine("last")
    assert [(damage.file, damage.step) for damage in shown] == [("steps/step-2.json", "add-up")]
    assert path.read_text() == '"junk"'
    assert runs(json_store).repair("run-2026") == shown
    assert runs(json_store).record(RUN).completed_steps == (1,)
    assert dict(runs(json_store).get(RUN).steps) == {"split-text": ["a", "bee"]}
