"""Runs copied between stores: all that is kept of them, each whole, and none over another one."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from pipekit.copying import CopiedRun, copy_run, copy_runs
from pipekit.errors import PipekitError, RunBusyError, RunNotFoundError, StateError, StorageError, UsageError
from pipekit.history import Runs
from pipekit.interfaces.state_stores import Entry, Owner, RunQuery, StateStore, StoreURL
from pipekit.state.record import AskedQuestion, BlobRef, InputRef, PlannedRef, RunRecord, StepRecord, step_file
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.memory import MemoryStore
from pipekit.stores.sqlite_file import SqliteSettings, SqliteStore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOURCE = b"Ana: we should show the delivery week before payment.\r\n\xff"
RUN = "run-20261123-120000-abcdef"
OWNER = Owner.this_process()
STEPS = ("split", "weigh", "label")


def in_files(folder: Path, name: str = "file") -> JsonFileStore:
    return JsonFileStore(StoreURL("file", name, folder))


def in_sqlite(folder: Path, name: str = "runs.db") -> SqliteStore:
    return SqliteStore(StoreURL("sqlite", name, folder), SqliteSettings())


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def begun(run_id: str = RUN) -> RunRecord:
    return RunRecord(
        run_id=run_id,
        input_file="talk.txt",
        started_at=NOW,
        updated_at=NOW,
        status="running",
        current_step="split",
        workflow="acme",
        input=InputRef(name="talk.txt", path="input/original.txt", sha256=digest(SOURCE), size=len(SOURCE)),
        planned=tuple(PlannedRef(key=name, name=name) for name in STEPS),
        pipekit_version="0.1.0",
    )


def with_output(record: RunRecord, name: str, data: bytes) -> tuple[RunRecord, dict[str, bytes]]:
    """The record once the step has made ``data`` and a file for people of it."""
    blobs = {step_file(name): data, f"output/{name}.md": data[::-1]}
    step = StepRecord(
        key=name,
        name=name,
        path=step_file(name),
        sha256=digest(data),
        size=len(data),
        started_at=NOW,
        duration=0.25,
        attempt=record.attempt_of(name),
        made_by="human" if len(data) % 2 else "step",
        outputs=(f"output/{name}.md",),
    )
    ref = BlobRef(path=f"output/{name}.md", sha256=digest(data[::-1]), size=len(data))
    outputs = (*(one for one in record.outputs if one.path != ref.path), ref)
    return evolve(record.with_step(step, next_step=None, now=NOW), outputs=outputs), blobs


def work_on(store: StateStore, deeds: Sequence[tuple[str, str, bytes]], run_id: str = RUN) -> None:
    """A run with a life behind it: steps finished, taken back, edited and begun, replies and answers kept."""
    record = begun(run_id)
    store.create(record, io.BytesIO(SOURCE))
    lease = store.acquire(run_id, OWNER)
    for deed, name, data in deeds:
        match deed:
            case "finish":
                record, blobs = with_output(record, name, data)
                store.commit(lease, record, blobs)
            case "take back":
                record = record.taken_back({name: data.hex()}, now=NOW, reusable=[name])
                store.commit(lease, record, {})
            case "begin":
                if name not in record.step_outputs:
                    attempt = record.attempt_of(name)
                    item = Entry(step=name, kind="item", key=data.hex(), value=data.hex(), attempt=attempt)
                    store.append(lease, [item, evolve(item, kind="once", value={"points": [1, None, 0.5]})])
            case _:
                value = {"answer": data.hex()}
                store.append(lease, [Entry(step=name, kind="answer", key=data.hex(), value=value, stays=True)])
    question = AskedQuestion(key="label/who", step="label", text="Who?", choices={"yes": "go on"}, default="yes")
    record = evolve(record, status="paused", paused_reason="question", questions=(question,))
    store.commit(lease, record, {})
    lease.release()


A_LIFE = (
    ("finish", "split", b"[1]"),
    ("finish", "weigh", b"[22]"),
    ("take back", "split", b"why"),
    ("finish", "split", b"[333]"),
    ("answer", "label", b"yes"),
    ("begin", "label", b"item"),
)


@pytest.fixture
def source(tmp_path: Path) -> JsonFileStore:
    store = in_files(tmp_path, "source")
    work_on(store, A_LIFE)
    return store


def everything(store: StateStore, run_id: str = RUN) -> Mapping[str, object]:
    assert isinstance(store, (JsonFileStore, SqliteStore, MemoryStore))
    stored = store.load(run_id)
    files = {ref.path: (ref, store.read(run_id, ref.path)) for ref in store.files(run_id)}
    return {"record": stored.record, "entries": stored.entries, "files": files}


# --- what arrives ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [in_files, in_sqlite, lambda _: MemoryStore()], ids=["file", "sqlite", "memory"])
def test_a_copy_has_everything_that_was_kept_of_the_run(
    source: JsonFileStore, tmp_path: Path, make: Callable[[Path], StateStore]
) -> None:
    target = make(tmp_path)
    done = copy_run(source, target, RUN)
    assert everything(target) == everything(source)
    assert done == CopiedRun(run_id=RUN, is_new=True, files=7, size=len(SOURCE) + 2 * (3 + 4 + 5))
    assert target.read(RUN, "history/1/output/split.md") == b"]1["
    target.close()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["finish", "finish", "take back", "begin", "answer"]),
            st.sampled_from(STEPS),
            st.binary(min_size=1, max_size=40),
        ),
        max_size=16,
    )
)
def test_there_and_back_again_nothing_is_lost(deeds: list[tuple[str, str, bytes]]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="pipekit-copy-"))
    try:
        first, database, back = in_files(folder, "first"), in_sqlite(folder), in_files(folder, "back")
        work_on(first, deeds)
        copy_run(first, database, RUN)
        copy_run(database, back, RUN)
        assert everything(back) == everything(first)
        assert copy_run(first, back, RUN).is_new is False
        database.close()
    finally:
        shutil.rmtree(folder)


def test_a_copy_is_gone_on_with_as_the_run_would_be(source: JsonFileStore, tmp_path: Path) -> None:
    for target in (in_sqlite(tmp_path), in_files(tmp_path)):
        copy_run(source, target, RUN)
        lease = target.acquire(RUN, OWNER)
        record = target.load(RUN).record.taken_back({"split": "again"}, now=NOW)
        target.commit(lease, record, {})
        lease.release()
        assert target.read(RUN, "history/2/steps/step-split.json") == b"[333]"
        assert target.read(RUN, "history/1/steps/step-split.json") == b"[1]"
        target.close()


def test_the_source_keeps_every_byte(source: JsonFileStore, tmp_path: Path) -> None:
    def bytes_of() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in (tmp_path / "source").rglob("*") if path.is_file()}

    before = bytes_of()
    copy_run(source, in_sqlite(tmp_path), RUN)
    assert bytes_of() == before


def test_a_store_that_tells_no_files_gives_those_that_its_record_names(source: JsonFileStore, tmp_path: Path) -> None:
    class Silent:
        """The protocol, and nothing beyond it."""

        abilities = source.abilities - {"files"}
        owner, load, read = source.owner, source.load, source.read
        create, acquire, append, commit = source.create, source.acquire, source.append, source.commit
        find, delete, folder, close = source.find, source.delete, source.folder, source.close

    target = in_sqlite(tmp_path)
    copy_run(Silent(), target, RUN)
    assert everything(target) == everything(source)


# --- what is there already -------------------------------------------------------------------------------------------


def test_the_same_run_is_left_as_it_is(source: JsonFileStore, tmp_path: Path) -> None:
    target = in_sqlite(tmp_path)
    assert [copy_run(source, target, RUN).is_new for _ in range(3)] == [True, False, False]


def test_another_run_of_the_name_is_refused_and_stays(source: JsonFileStore, tmp_path: Path) -> None:
    target = in_sqlite(tmp_path)
    copy_run(source, target, RUN)
    lease = target.acquire(RUN, OWNER)
    target.commit(lease, evolve(target.load(RUN).record, status="failed", paused_reason=None, error="no"), {})
    lease.release()
    before = everything(target)
    with pytest.raises(
        StateError, match=r"another one, which differs in status \(paused here, failed there\)"
    ) as caught:
        copy_run(source, target, RUN)
    assert (caught.value.code, caught.value.kind, caught.value.run_id) == (7, "different", RUN)
    assert everything(target) == before


def test_a_piece_of_work_more_makes_it_another_run(source: JsonFileStore, tmp_path: Path) -> None:
    target = in_sqlite(tmp_path)
    copy_run(source, target, RUN)
    lease = target.acquire(RUN, OWNER)
    target.append(lease, [Entry(step="label", kind="reply", key="q", value="words", stays=True)])
    lease.release()
    with pytest.raises(StateError, match="work inside its steps"):
        copy_run(source, target, RUN)


# --- what can't be copied --------------------------------------------------------------------------------------------


def test_a_run_that_somebody_works_on_is_not_copied(source: JsonFileStore, tmp_path: Path) -> None:
    target = in_sqlite(tmp_path)
    lease = source.acquire(RUN, OWNER)
    with pytest.raises(RunBusyError, match="works on"):
        copy_run(source, target, RUN)
    lease.release()
    assert list(target.find(RunQuery())) == []


def test_a_run_that_somebody_went_on_with_meanwhile_is_not_copied(tmp_path: Path) -> None:
    class Overtaken(MemoryStore):
        """While a file is read somebody takes the run, commits and leaves."""

        def read(self, run_id: str, name: str) -> bytes:
            data = super().read(run_id, name)
            if name.startswith("input/"):
                lease = self.acquire(run_id, OWNER)
                self.append(lease, [Entry(step="label", kind="answer", key="k", value=1, stays=True)])
                lease.release()
            return data

    source, target = Overtaken(), in_sqlite(tmp_path)
    work_on(source, A_LIFE)
    with pytest.raises(RunBusyError, match="went on with"):
        copy_run(source, target, RUN)
    assert list(target.find(RunQuery())) == []


@pytest.mark.parametrize(
    "damaged", ["steps/step-split.json", "input/original.txt", "history/1/steps/step-split.json", "output/weigh.md"]
)
def test_a_damaged_file_is_named_and_nothing_of_its_run_arrives(
    source: JsonFileStore, tmp_path: Path, damaged: str
) -> None:
    target = in_sqlite(tmp_path)
    path = tmp_path / "source" / RUN / damaged
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(StateError, match=damaged) as caught:
        copy_run(source, target, RUN)
    assert f"pipekit repair {RUN}" in caught.value.hint
    assert list(target.find(RunQuery())) == []


def test_a_target_that_gives_back_something_else_is_found_out_and_left_empty(source: JsonFileStore) -> None:
    class Forgetful(MemoryStore):
        def create(self, record: RunRecord, source: BinaryIO, blobs: Any = {}, entries: Any = ()) -> None:  # noqa: B006
            super().create(record, source, blobs, entries[:-1])

    target = Forgetful()
    with pytest.raises(StateError, match="work inside its steps") as caught:
        copy_run(source, target, RUN)
    assert caught.value.kind == "not-as-written"
    with pytest.raises(RunNotFoundError):
        target.load(RUN)


def test_a_target_that_refuses_has_nothing_of_the_run(source: JsonFileStore, tmp_path: Path) -> None:
    class Full(SqliteStore):
        def create(self, *given: Any) -> None:
            raise StorageError("No space left on device", errno=28)

    target = Full(StoreURL("sqlite", "runs.db", tmp_path), SqliteSettings())
    with pytest.raises(StorageError):
        copy_run(source, target, RUN)
    assert list(target.find(RunQuery())) == []


# --- many ------------------------------------------------------------------------------------------------------------


def test_one_run_that_cannot_be_copied_stops_none_of_the_others(tmp_path: Path) -> None:
    source, target = in_files(tmp_path), in_sqlite(tmp_path)
    ids = [f"run-20261123-12000{number}-abcdef" for number in range(4)]
    for run_id in ids:
        work_on(source, A_LIFE, run_id)
    (tmp_path / "file" / ids[1] / "steps" / "step-weigh.json").write_bytes(b"edited")
    lease = source.acquire(ids[2], OWNER)
    told: list[tuple[str, CopiedRun | PipekitError]] = []

    copied = Runs(source, lambda _, __: None).copy(
        [*ids, ids[0]], target, tell=lambda run_id, outcome: told.append((run_id, outcome))
    )

    lease.release()
    assert [run.run_id for run in copied.runs] == [ids[0], ids[3]]
    assert [(run_id, error.code) for run_id, error in copied.failed] == [(ids[1], 7), (ids[2], 8)]
    assert [run_id for run_id, _ in told] == ids
    assert [run.run_id for run in target.find(RunQuery())] == [ids[3], ids[0]]


def test_who_stops_it_learns_what_was_not_reached(source: JsonFileStore, tmp_path: Path) -> None:
    stops = iter([False, True])
    copied = copy_runs(source, in_sqlite(tmp_path), [RUN, "run-b", "run-c"], is_stopped=lambda: next(stops))
    assert ([run.run_id for run in copied.runs], copied.not_reached) == ([RUN], ("run-b", "run-c"))


def test_a_single_id_is_no_list_of_them(source: JsonFileStore) -> None:
    with pytest.raises(UsageError, match="list of run ids"):
        Runs(source, lambda _, __: None).copy(RUN, MemoryStore())
